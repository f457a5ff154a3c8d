/* The rules that can be left out, by name, each with the sentence that it stands for. */
#include "epochs.h"

static const struct {
	const char *name, *sentence;
	uint32_t seeds;
	enum verdict verdict;
} mistakes[MISTAKES] = {
    [NO_ADDRESSES] = {"no-addresses", "a reconfigure carries addresses", 1000, STUCK},
    [NO_JOIN_SIGNATURE] = {"no-join-signature", "for each new consensus key a signature", 1000, STUCK},
    [NEVER_EXPIRES] = {"never-expires", "t < expires_at <= t + 7 days", 1000, STUCK},
    [APPROVED_FAR_AHEAD] = {"approved-far-ahead", "who approves looks at his clock: expires_at <= now + 7 days", 1000,
                            STUCK},
    [RETIRED_RETURN] = {"retired-return", "no consensus key that was ever retired comes back", 1000, STUCK},
    [LEAVING_UNBOUNDED] = {"leaving-unbounded", "the leaving weight is <= F of e", 3000, WALLET},
    [NEW_UNBOUNDED] = {"new-unbounded", "the weight of new keys is <= F of e + 1", 1000, STUCK},
    [GAINED_UNBOUNDED] = {"gained-unbounded", "so is that of old keys that gain", 1000, STUCK},
    [FORCE_BY_SLOW_QUORUM] = {"force-by-slow-quorum", "or the operation says force and weight >= Qf has signed", 1000,
                              STUCK},
    [TWO_ON_A_PATH] = {"two-on-a-path", "at most one reconfigure on a path", 1000, FORK},
    [CLOSING_OPTIONAL] = {"closing-optional",
                          "a block is closing if and only if its parent is a reconfigure or closing", 1000, FORK},
    [PARENT_IS_CLOSING] = {"parent-is-closing", "epoch e + 1 has parent B, never the closing block", 1000, STUCK},
    [NOTARISED_IS_ENOUGH] = {"notarised-is-enough", "FF or SF of B or of a closing block; N is not enough", 2000, FORK},
    [F_OF_JUSTIFIER] = {"f-of-justifier", "in e + 1, f starts at view(B), whatever certificate justifies it", 1000,
                        STUCK},
    [OLD_MOVES_F] = {"old-moves-f", "no certificate of e moves f in e + 1", 1000, FORK},
    [EPOCH_UNSIGNED] = {"epoch-unsigned", "every vote, certificate and expiry signs its epoch", 1000, FORK},
    [KEYS_BY_VIEW] = {"keys-by-view", "keys of stored votes compare (epoch, view, ...)", 1000, TWICE},
    [NEWEST_BY_VIEW] = {"newest-by-view", "the newest vote compares (epoch, view, ...)", 5000, REVIVED},
    [SETTLED_BY_VIEW] = {"settled-by-view", "what is settled compares (epoch, view, ...)", 1000, STUCK},
    [PRUNED_BY_VIEW] = {"pruned-by-view", "pruning compares (epoch, view, ...)", 1000, TWICE},
    [GATE_ONCE] = {"gate-once", "a restarted process passes the start gate anew in each epoch", 6000, REVIVED},
    [GATE_OF_OTHERS] = {"gate-of-others", "by that committee's answers", 2000, REVIVED},
    [LOST_BARS_ONE] = {"lost-bars-one", "a lost vote bars its epoch and all before", 4000, REVIVED},
    [LOST_BARS_LATER] = {"lost-bars-later", "... and none after", 2000, STUCK},
    [NEWEST_PER_NUMBER] = {"newest-per-number", "newest votes are kept per consensus key, not per number", 2000,
                           REVIVED},
    [BODIES_LATER] = {"bodies-later", "a member of e + 1 holds all bodies down from B before it votes", 1000,
                      LOST_BODY},
    [DROPS_J] = {"drops-j", "and serves J and bodies for ever", 1000, STUCK},
    [LEAVES_EARLY] = {"leaves-early", "a leaving member goes on until a block of e + 1 is final for it", 1000, STUCK},
    [RULE8_OLD] = {"rule8-old", "rule 8 holds for the current epoch; certificates of finished epochs are ignored", 1000,
                   ENDED},
    [RULE8_CLOSING] = {"rule8-closing", "closing blocks are exempt from rule 8", 1000, ENDED},
    [OTHER_EPOCH_ENDS_LINK] = {"other-epoch-ends-link", "another epoch's message never ends a link", 1000, STUCK},
    [DIALS_BY_INDEX] = {"dials-by-index", "of two, the lower network key dials", 1000, STUCK},
    [LOWER_KEY_ONLY] = {"lower-key-only", "... and the other one where no link has come", 1000, STUCK},
    [RETIRED_EARLY] = {"retired-early", "premise: liars and leavers' keys weigh F of an epoch while somebody is in it",
                       1000, FORK},
    [CLOSING_RECEIPT] = {"closing-receipt", "a receipt or proof whose own header is closing is refused", 1000, WALLET},
    [TWO_RECEIPTS] = {"two-receipts", "two different reconfigure receipts of one epoch stop a wallet", 1000, WALLET},
    [GOES_BACK] = {"goes-back", "a wallet never goes back by itself", 1000, WALLET},
    [OLD_RECEIPT] = {"old-receipt", "a receipt of a past epoch counts only if ...", 1000, WALLET},
    [OLD_RECEIPT_ONE] = {"old-receipt-one", "... newest members weighing F + 1 return the same block id", 1000, WALLET},
    [EXPIRY_MIXED] = {"expiry-mixed", "F + 1 is counted within one committee, the newest proved", 1000, WALLET},
    [EXPIRY_STALE] = {"expiry-stale", "... and while that is fresh", 1000, WALLET},
    [SECOND_STOPS_ALL] = {"second-stops-all", "... but not a wallet that was in step when the epoch ended", 1000,
                          WALLET},
};

const char *mistake_name(enum mistake mistake)
{
	return mistakes[mistake].name;
}

const char *mistake_sentence(enum mistake mistake)
{
	return mistakes[mistake].sentence;
}

uint32_t mistake_seeds(enum mistake mistake)
{
	return mistakes[mistake].seeds;
}

enum verdict mistake_verdict(enum mistake mistake)
{
	return mistakes[mistake].verdict;
}

bool mistake_restores(enum mistake mistake)
{
	return mistake != MISTAKE_NONE &&
	       (mistakes[mistake].verdict == REVIVED || mistake == LOST_BARS_LATER || mistake == PRUNED_BY_VIEW);
}
