"""Planted mistakes: each leaves out one rule. Where a rule follows from another one the mistake leaves out both; FOLLOWING
are those of which nothing comes when they alone are left out."""
from typing import NamedTuple


class Plant(NamedTuple):
	part: str      # what must find it: "ledger" (random histories, the exhaustive search, and an attack), "ids" (histories
	               # in which ids collide), "attacks", "wallets", "pool"
	checks: tuple  # one of which must be what breaks, whenever anything does; an attack is a check of its own name
	rule: str      # that is left out


def ledger(checks, rule, part="ledger"):
	return Plant(part, tuple(checks.split(", ")), rule)


PLANTS = {
	# What a hold is named by.
	"seal-of-opener": ledger("lives twice", "the opening payment's id is in the seal (here: its sender)"),
	"seal-of-lock-alone": ledger("spoiled, lives twice", "the opening payment's id is in the seal (here: nothing)"),
	"seal-without-lock": ledger("not the key, lives twice, spoiled", "the lock is in the seal"),
	"id-without-home": ledger("lives twice", "home is in the hold's id"),
	"twice-in-one-payment": ledger("lives twice", "one payment that opens the same home and lock twice is malformed"),
	"sender-written-out": ledger("lives twice", "the sender written out as home is malformed"),
	"index-without-kind": ledger("receipts, spoiled, stuck, entries, comes alive", "a hold's index key is not an account's"),
	"open-where-an-account-is": ledger("spoiled", "an output to a hold's id makes an account, and is in nobody's way"),
	"output-adds-to-the-hold": ledger("spoiled, receipts, comes alive", "nobody adds to a hold"),
	"id-in-use": ledger("lives twice", "a hold whose id is in use is not opened", "ids"),
	"another-hold-of-this-id": ledger("not the key", "the entry has the home and seal of the take", "ids"),
	# Opening.
	"hold-below-smallest": ledger("entries", "a hold has at least the smallest amount"),
	"opener-leaves-dust": ledger("entries", "what an opener has left is nothing, or at least the smallest amount"),
	"holds-are-free": ledger("entries, supply", "an opener has what he puts into holds"),
	"emptied-opener-stays": ledger("entries", "an opener who has emptied himself is deleted"),
	"open-not-counted": ledger("receipts", "opening touches the hold"),
	"hold-of-59-s": ledger("an end in 59 s and in 60 s", "an end is at least 60 s away", "attacks"),
	"hold-of-401-days": ledger("an end in 400 days and a second later", "an end is at most 400 days away", "attacks"),
	"end-of-time": ledger("an end at the end of time", "an end leaves room for a give back's expiry in 32 bits", "attacks"),
	# Taking.
	"take-of-any-hold": ledger("not the key, spoiled", "sender, home and seal follow from key, secret and opening"),
	"take-unsigned": ledger("not the key", "a take is signed by the claim key"),
	"unfit-claim-key": ledger("fork", "a claim key is fit to be bound"),
	"take-in-any-currency": ledger("supply, spoiled", "a take's currency is its hold's"),
	"take-outlives-the-end": ledger("certain end", "a take's expires_at is not after the end"),
	"take-after-the-end": ledger("sides of the end, spoiled", "a take comes before the end"),
	"take-of-dust": ledger("entries, spoiled", "each output of a take is at least the smallest amount"),
	"take-of-more": ledger("entries, supply", "a take's outputs are at most the balance"),
	"take-leaves-dust": ledger("entries, spoiled", "what a take leaves is nothing, or at least the smallest amount"),
	"emptied-hold-stays": ledger("entries", "a hold at zero is freed"),
	"id-of-take-not-kept": ledger("replayed", "a take's id is in the ledger until it expires"),
	"ids-forgotten-early": ledger("replayed", "an id is forgotten after its payment's expiry only"),
	"take-not-counted": ledger("receipts", "a take touches its hold"),
	# Giving back.
	"give-back-early": ledger("sides of the end, spoiled", "a give back comes at the end or later"),
	"give-back-nonce": ledger("spoiled, same bytes", "the nonce of a give back is zero"),
	"give-back-memo": ledger("spoiled, same bytes", "a give back has no memo"),
	"give-back-expiry": ledger("spoiled, same bytes", "a give back expires at the first full hour"),
	"give-back-of-part": ledger("spoiled, same bytes", "a give back is of the whole balance"),
	"give-back-signed": ledger("same bytes", "a give back has neither key nor signature"),
	"give-back-anywhere": ledger("not home, spoiled", "sender follows from home and seal, and the entry has both"),
	"give-back-in-any-currency": ledger("spoiled, supply, same bytes", "a give back's currency is its hold's"),
	"give-back-needs-home": ledger("stuck, spoiled", "a give back makes home's account where there is none"),
	"home-not-touched": ledger("receipts", "a give back touches home"),
	# Both.
	"full-counter-refuses": ledger("spoiled, stuck", "a full counter refuses nothing"),
	"emptied-are-freed-first": ledger("the order of entries", "emptied entries are freed last", "attacks"),
	"holds-before-outputs": ledger("the order of entries", "outputs are credited before holds", "attacks"),
	# Wallets.
	"claim-without-words": ledger("another's link", "the words are in a link's 16 bytes", "wallets"),
	"claim-without-network": ledger("another's link", "the network is in a link's 16 bytes", "wallets"),
	"claim-without-nonce": ledger("another's link", "the nonce is in a link's 16 bytes", "wallets"),
	"claim-without-expiry": ledger("another's link", "expires_at is in a link's 16 bytes", "wallets"),
	"claim-without-number": ledger("links, another's link", "the number of the hold is in a link's 16 bytes", "wallets"),
	"claim-drawn-at-random": ledger("links of a restored phone", "a link's 16 bytes follow from the words", "wallets"),
	"claim-from-what-a-take-shows": ledger("another's link", "a link has no secret that a take publishes", "wallets"),
	"lock-given-twice": ledger("taken without consent", "a lock is given out once", "wallets"),
	"lock-opened-twice": ledger("taken without consent", "a lock is opened once", "wallets"),
	"consent-to-part": ledger("taken without consent", "showing the secret consents to the whole amount", "wallets"),
	"secret-before-final": ledger("taken without consent", "a secret is shown for a final hold only", "wallets"),
	"secret-for-a-decoy": ledger("taken without consent", "a secret is shown for the amount that was agreed", "wallets"),
	"secret-shown-late": ledger("shown for nothing", "a secret is shown if at least 600 s remain", "wallets"),
	"swap-ends-together": ledger("one side of a swap", "under a secret of another's, one's own hold ends 600 s before his",
		"wallets"),
	"lists-all-links": ledger("a wallet without bounds", "at most 100 open links of one sender are listed", "wallets"),
	"lists-any-of-a-lock": ledger("a wallet without bounds", "of the holds under a lock that was given out one is listed", "wallets"),
	"yours-until-is-balance": ledger("a balance that falls by itself", "what is yours until its end is no balance", "wallets"),
	# Pools.
	"pool-keeps-the-impossible": ledger("delayed", "a take that is not valid on a hold that exists is not kept", "pool"),
	"pool-waits-for-holds": ledger("delayed", "a take of a hold that does not exist is not kept", "pool"),
	"pool-keeps-early-give-backs": ledger("delayed", "a give back is taken only where it is valid now", "pool"),
	"pool-counts-give-backs": ledger("delayed", "a give back counts towards no sender (here: towards home)", "pool"),
	"pool-without-bound-of-give-backs": ledger("delayed, pool without bounds", "give backs have places and a turn of their own",
		"pool"),
}

FOLLOWING = {
	"take-time-not-compared": "a take comes before the end: its expires_at is not after the end, and it comes before that",
	"another-hold-of-this-id": "the entry has the home and seal of the take: its id has, short of 2^160 hashes",
	"id-in-use": "a hold whose id is in use is not opened: no id is met twice, short of 2^80 hashes",
}
