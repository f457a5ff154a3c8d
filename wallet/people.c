/* What a contact or a request that somebody in a chat has sent is worth: by his pin, by those of others, and by what
 * the text itself is signed for. */
#include <stdlib.h>
#include <string.h>
#include "handles.h"
#include "names.h"
#include "pins.h"
#include "sync.h"
#include "wallet.h"

/* ---- what pins say of an account and a handle ------------------------------------------------ */

/* A pin that cannot be read says nothing of others; whom it is of hears of it when it is looked up. */
static void pass_over(struct uncia_wallet *w, const char *name)
{
	host_log(&w->host, UNCIA_LOG_WARNING, "%s is damaged", name);
}

static void format_account(const struct address *account, char text[UNCIA_ADDRESS_TEXT_SIZE])
{
	destination_format(&(struct destination){.address = *account}, text);
}

/* What one pin of another handle, or of another account of the user's, says. */
static void look_at_pin(const struct pin *pin, const struct uncia_peer *peer, const struct address *account,
                        struct uncia_contact_check *check)
{
	struct name_keys keys, others;
	if (strcmp(pin->handle, peer->handle) == 0) {
		/* The same person, whom the user knows from another chat account of his own. */
		if (strcmp(pin->own, peer->own) != 0 && !address_equal(&pin->account, account) && !check->verdict) {
			check->verdict = UNCIA_CONTACT_CHANGED;
			format_account(&pin->account, check->pinned);
		}
		return;
	}
	if (check->other[0] == '\0' && address_equal(&pin->account, account))
		strcpy(check->other, pin->handle);
	if (check->alike[0] != '\0')
		return;
	name_keys_make(peer->handle, &keys);
	name_keys_make(pin->handle, &others);
	if (!name_keys_alike(&keys, &others))
		return;
	strcpy(check->alike, pin->handle);
	format_account(&pin->account, check->alike_address);
}

/* What other pins say: of this account, and of handles that look like this one. */
static int look_around(struct uncia_wallet *w, const struct uncia_peer *peer, const struct address *account,
                       struct uncia_contact_check *check)
{
	struct pin_list list;
	int rc = pin_list_load(w, &list, pass_over);
	for (size_t i = 0; !rc && i < list.count; i++)
		look_at_pin(&list.pins[i], peer, account, check);
	pin_list_deinit(&list);
	return rc;
}

/* Whose contact is judged, and by what. */
struct introduction {
	const struct uncia_peer *peer;
	struct address account;
	const char *signed_for; /* NULL: it is no text, but an address that somebody decided for */
};

/* The verdict by the pin of this handle. Returns 0, and check->verdict is 0 where there is no pin; what loading it
 * returned. */
static int judge_by_pin(struct uncia_wallet *w, const struct introduction *in, struct uncia_contact_check *check)
{
	struct pin pin;
	int rc = pin_load(&w->host, in->peer->own, in->peer->handle, &pin);
	if (rc)
		return rc == UNCIA_E_NOT_FOUND ? 0 : rc;
	format_account(&pin.account, check->pinned);
	if (!address_equal(&pin.account, &in->account))
		check->verdict = UNCIA_CONTACT_CHANGED;
	else
		check->verdict = pin_is_of(&pin, in->peer) ? UNCIA_CONTACT_PINNED : UNCIA_CONTACT_LOGIN;
	if (check->verdict == UNCIA_CONTACT_PINNED)
		check->weak = pin_is_weak(&pin);
	return 0;
}

/* Returns 0; what reading pins returned. */
static int judge_contact(struct uncia_wallet *w, const struct introduction *in, struct uncia_contact_check *check)
{
	*check = (struct uncia_contact_check){.size = sizeof(*check)};
	if (peer_check(in->peer) == UNCIA_E_ENCODING)
		check->verdict = UNCIA_CONTACT_UNSEEN;
	else if (address_equal(&in->account, &w->address))
		check->verdict = UNCIA_CONTACT_OWN;
	else if (in->peer->room)
		check->verdict = UNCIA_CONTACT_ROOM;
	if (check->verdict)
		return 0;
	check->weak = handle_is_of_irc(in->peer->handle) && !in->peer->login;
	int rc = judge_by_pin(w, in, check);
	if (rc || check->verdict == UNCIA_CONTACT_PINNED)
		return rc;
	rc = look_around(w, in->peer, &in->account, check);
	if (rc || check->verdict)
		return rc;
	if (check->alike[0] != '\0')
		check->verdict = UNCIA_CONTACT_ALIKE;
	else if (check->other[0] != '\0')
		check->verdict = UNCIA_CONTACT_ELSEWHERE;
	else if (!in->signed_for || strcmp(in->signed_for, in->peer->handle) != 0)
		check->verdict = UNCIA_CONTACT_UNSIGNED;
	else
		check->verdict = UNCIA_CONTACT_NEW;
	return 0;
}

/* Reads a contact text for this home's network. */
static int read_contact(const struct uncia_wallet *w, const char *text, struct uncia_contact *contact,
                        struct address *account)
{
	uint8_t network_id[HASH_SIZE];
	int rc = uncia_wallet_network_id(w, network_id);
	contact->size = sizeof(*contact);
	if (!rc)
		rc = uncia_contact_parse(network_id, text, contact);
	if (!rc)
		address_of_key(contact->key, account);
	return rc;
}

/* A peer whom contacts may be of. One with a handle that may not be pinned is. */
static int check_introduced(const struct uncia_wallet *w, const struct uncia_peer *peer)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	rc = peer_check(peer);
	return (rc && rc != UNCIA_E_ENCODING) || peer->account ? UNCIA_E_ARGUMENT : 0;
}

int uncia_contact_check(struct uncia_wallet *w, const struct uncia_peer *peer, const char *text,
                        struct uncia_contact *contact, struct uncia_contact_check *check)
{
	struct introduction in = {.peer = peer};
	struct uncia_contact_check judged;
	struct uncia_contact read;
	int rc = check_introduced(w, peer);
	if (!rc && (!text || !contact || contact->size != sizeof(*contact) || !check || check->size != sizeof(*check)))
		rc = UNCIA_E_ARGUMENT;
	if (!rc)
		rc = read_contact(w, text, &read, &in.account);
	if (rc)
		return rc;
	in.signed_for = read.handle;
	rc = judge_contact(w, &in, &judged);
	if (rc)
		return rc;
	*contact = read;
	*check = judged;
	return 0;
}

/* ---- pinning --------------------------------------------------------------------------------- */

/* Why it may not be pinned: 0 where it may. */
static int pin_refusal(enum uncia_contact_verdict verdict, bool decided)
{
	switch (verdict) {
	case UNCIA_CONTACT_NEW:
	case UNCIA_CONTACT_PINNED:
		return 0;
	case UNCIA_CONTACT_UNSIGNED:
		return decided ? 0 : UNCIA_E_SIGNATURE;
	case UNCIA_CONTACT_CHANGED:
	case UNCIA_CONTACT_LOGIN:
	case UNCIA_CONTACT_ELSEWHERE:
		return decided ? 0 : UNCIA_E_EXISTS;
	case UNCIA_CONTACT_ALIKE:
		return decided ? 0 : UNCIA_E_ALIKE;
	case UNCIA_CONTACT_OWN:
		return UNCIA_E_ADDRESS;
	case UNCIA_CONTACT_UNSEEN:
		return UNCIA_E_ENCODING;
	default:
		return UNCIA_E_ARGUMENT;
	}
}

/* Stores the pin where that changes anything. */
static int pin_write(struct uncia_wallet *w, const struct introduction *in, unsigned flags)
{
	struct pin old, pin = {.account = in->account, .made_ms = w->host.wall_ms(w->host.context)};
	int rc = pin_load(&w->host, in->peer->own, in->peer->handle, &old);
	if (rc && rc != UNCIA_E_NOT_FOUND && rc != UNCIA_E_DAMAGED)
		return rc;
	bool same = !rc && address_equal(&old.account, &in->account);
	strcpy(pin.own, in->peer->own);
	strcpy(pin.handle, in->peer->handle);
	/* A nick that has come to somebody else must not bind his login to the pin: that takes the user's word. */
	if (same && !flags)
		strcpy(pin.login, old.login);
	else if (in->peer->login)
		strcpy(pin.login, in->peer->login);
	pin.compared = flags & UNCIA_PIN_COMPARED || (same && old.compared);
	if (same && pin.compared == old.compared && strcmp(pin.login, old.login) == 0)
		return 0;
	if (same)
		pin.made_ms = old.made_ms;
	return pin_store(w, &pin, rc != UNCIA_E_NOT_FOUND);
}

static int pin_set_locked(struct uncia_wallet *w, const struct introduction *in, unsigned flags)
{
	struct uncia_contact_check check;
	bool decided = flags & UNCIA_PIN_DECIDED;
	int rc = judge_contact(w, in, &check);
	if (rc == UNCIA_E_DAMAGED && decided)
		rc = 0; /* nobody knows any more whom it was of */
	else if (!rc)
		rc = pin_refusal(check.verdict, decided);
	return rc ? rc : pin_write(w, in, flags);
}

int uncia_pin_set(struct uncia_wallet *w, const struct uncia_peer *peer, const char *who, unsigned flags)
{
	struct introduction in = {.peer = peer};
	struct uncia_contact contact;
	struct destination to;
	int rc = check_introduced(w, peer);
	if (!rc && (!who || peer->room || (flags & ~(UNCIA_PIN_DECIDED | UNCIA_PIN_COMPARED))))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	if (uncia_text_kind(who) == UNCIA_TEXT_CONTACT) {
		rc = read_contact(w, who, &contact, &in.account);
		in.signed_for = contact.handle;
	} else {
		rc = destination_read(who, &to);
		in.account = to.address;
	}
	/* Alone, so that two processes do not pin two names that look alike. */
	if (rc || (rc = host_lock(&w->host)))
		return rc;
	rc = pin_set_locked(w, &in, flags);
	host_unlock(&w->host);
	return rc;
}

/* ---- requests -------------------------------------------------------------------------------- */

/* A handle that is pinned to an account; the peer's own before others. */
static int find_payee(struct uncia_wallet *w, const struct uncia_peer *peer, const struct address *account,
                      char payee[UNCIA_PEER_SIZE])
{
	struct pin_list list;
	int rc = pin_list_load(w, &list, pass_over);
	for (size_t i = 0; !rc && i < list.count; i++) {
		if (!address_equal(&list.pins[i].account, account))
			continue;
		bool his = peer->handle && strcmp(list.pins[i].handle, peer->handle) == 0;
		if (payee[0] == '\0' || his)
			strcpy(payee, list.pins[i].handle);
	}
	pin_list_deinit(&list);
	return rc;
}

static uint64_t request_time_s(const struct uncia_wallet *w)
{
	const struct sync_times *told = &w->sync->times;
	uint64_t clock_ms = told->told_clock_ms + (wallet_now(w) - told->at_ms);
	return (w->clock.known        ? wallet_ledger_ms(w)
	        : told->told_clock_ms ? clock_ms /* whose account is not there is shown no header */
	                              : w->host.wall_ms(w->host.context)) /
	       1000;
}

/* Whom it pays, and whether it was paid. */
static int judge_request(struct uncia_wallet *w, const struct uncia_peer *peer, const struct uncia_request *request,
                         struct uncia_request_check *check)
{
	struct destination to;
	struct sender sender;
	int rc = destination_read(request->address, &to);
	if (!rc)
		rc = sender_read(w, peer, &sender);
	if (!rc)
		rc = find_payee(w, peer, &to.address, check->payee);
	if (rc)
		return rc;
	if (sender.pinned)
		format_account(&sender.account, check->pinned);
	check->weak = sender.weak;
	if (address_equal(&to.address, &w->address))
		check->verdict = UNCIA_REQUEST_OWN;
	else if (!sender.pinned)
		check->verdict = UNCIA_REQUEST_UNPINNED;
	else
		check->verdict =
		    address_equal(&to.address, &sender.account) ? UNCIA_REQUEST_PINNED : UNCIA_REQUEST_OTHER;
	check->ended = request->ends_at != 0 && request_time_s(w) >= request->ends_at;
	if (request->key[0] == '\0')
		return 0;
	rc = uncia_wallet_by_key(w, request->key, &check->id);
	check->taken = !rc;
	return rc == UNCIA_E_NOT_FOUND ? 0 : rc;
}

int uncia_request_check(struct uncia_wallet *w, const struct uncia_peer *peer, const char *text,
                        struct uncia_request *request, struct uncia_request_check *check)
{
	struct uncia_request_check judged = {.size = sizeof(judged)};
	struct uncia_request read = {.size = sizeof(read)};
	uint8_t network_id[HASH_SIZE];
	int rc = wallet_usable(w);
	if (!rc && (!peer || peer->size != sizeof(*peer) || !text || !request || request->size != sizeof(*request) ||
	            !check || check->size != sizeof(*check)))
		rc = UNCIA_E_ARGUMENT;
	if (!rc)
		rc = uncia_wallet_network_id(w, network_id);
	if (!rc)
		rc = uncia_request_parse(network_id, text, &read);
	if (!rc)
		rc = judge_request(w, peer, &read, &judged);
	if (rc)
		return rc;
	*request = read;
	*check = judged;
	return 0;
}
