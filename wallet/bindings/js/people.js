/* Who somebody in a chat is to a wallet, and what he says about money (uncia/people.h): pins, and verdicts on contacts, requests
 * and notices. A peer is { own, handle, login, room }: handles, "xmpp:bob@example.org". */
import {
	uncia_contact_verdict as CONTACT,
	uncia_error as E,
	uncia_event_kind as EVENT,
	uncia_notice_verdict as NOTICE,
	uncia_request_verdict as REQUEST,
} from "./constants.js";
import { contactOf, hex, requestOf } from "./library.js";

const DECIDED = 1;
const COMPARED = 2;

/* "UNCIA_CONTACT_NEW": "new". */
function verdicts(numbers, prefix) {
	return new Map(Object.entries(numbers).map(([name, number]) => [number, name.slice(prefix.length).toLowerCase()]));
}
const CONTACTS = verdicts(CONTACT, "UNCIA_CONTACT_");
const REQUESTS = verdicts(REQUEST, "UNCIA_REQUEST_");
const NOTICES = verdicts(NOTICE, "UNCIA_NOTICE_");

export class People {
	#library;
	#wallet;
	#must;
	#flushed;
	#checks = new Map(); // number: { id, take }: the payment, and what takes its results
	#count = 0;

	/* By Wallet alone. wallet(): the library's. must(name, …): calls a function of it. flushed(): what was stored is durable. */
	constructor(library, { wallet, must, flushed }) {
		this.#library = library;
		this.#wallet = wallet;
		this.#must = must;
		this.#flushed = flushed;
	}

	#peer(memory, { own, handle, login, room }) {
		return memory.struct("uncia_peer", {
			own: memory.text(own),
			handle: memory.text(handle),
			login: memory.text(login),
			room: room ? 1 : 0,
		});
	}

	/* ---- pins ---- */

	/** The account that is pinned for whoever has written; null: none. Throws UNCIA_E_ALIKE where his login is another one. */
	pinned(peer) {
		return this.#library.scope((memory) => {
			const pin = memory.struct("uncia_pin");
			const result = this.#library.call("uncia_pin_find", this.#wallet(), this.#peer(memory, peer), pin);
			if (result === E.UNCIA_E_NOT_FOUND)
				return null;
			if (result < 0)
				throw this.#library.error(result);
			const { handle, login, address, compared, weak, made_ms: made } = this.#library.get("uncia_pin", pin);
			return { handle, login, address, compared: compared !== 0, weak: weak !== 0, made: Number(made) };
		});
	}

	/** Pins him to a contact's text, or to an address by the user's decision. Without one it throws where there is a question to
	 * be asked. Ends when it is durable. */
	async pin(peer, who, { decided = false, compared = false } = {}) {
		const flags = (decided ? DECIDED : 0) | (compared ? COMPARED : 0);
		this.#library.scope((memory) =>
			this.#must("uncia_pin_set", this.#peer(memory, peer), memory.text(who), flags));
		await this.#flushed();
	}

	async unpin(peer) {
		this.#library.scope((memory) => this.#must("uncia_pin_drop", this.#peer(memory, peer)));
		await this.#flushed();
	}

	/* ---- verdicts ---- */

	#check(peer, text, struct, name) {
		const library = this.#library;
		return library.scope((memory) => {
			const read = memory.struct(`uncia_${struct}`);
			const check = memory.struct(`uncia_${struct}_check`);
			this.#must(name, this.#peer(memory, peer), memory.text(text), read, check);
			return [library.get(`uncia_${struct}`, read), library.get(`uncia_${struct}_check`, check)];
		});
	}

	/** What a contact's text from this sender is worth. */
	checkContact(peer, text) {
		const [contact, c] = this.#check(peer, text, "contact", "uncia_contact_check");
		return {
			contact: contactOf(contact),
			verdict: CONTACTS.get(c.verdict),
			weak: c.weak !== 0,
			pinned: c.pinned || null,
			other: c.other || null,
			alike: c.alike || null,
			alikeAddress: c.alike_address || null,
		};
	}

	/** Whom a request from this sender pays. */
	checkRequest(peer, text) {
		const [request, c] = this.#check(peer, text, "request", "uncia_request_check");
		return {
			request: requestOf(request),
			verdict: REQUESTS.get(c.verdict),
			weak: c.weak !== 0,
			ended: c.ended !== 0,
			taken: c.taken !== 0 ? hex(c.id) : null,
			pinned: c.pinned || null,
			payee: c.payee || null,
		};
	}

	/** Whether a notice is true: what is known of it at once, and then whatever is news, until nothing more comes. */
	async *checkNotice(peer, { notice, memo, asked = false }) {
		const number = this.#count++;
		const results = [];
		let wake = () => {};
		const check = {
			id: null,
			over: false,
			take: (result) => {
				check.over ||= result.over;
				results.push(result);
				wake();
			},
		};
		this.#checks.set(number, check);
		try {
			const first = this.#ask(peer, { notice, memo, asked }, number);
			check.id = first.id;
			check.take(first);
			for (;;) {
				while (results.length > 0) {
					const result = results.shift();
					if (result instanceof Error)
						throw result;
					yield result;
					if (result.over)
						return;
				}
				await new Promise((resolve) => {
					wake = resolve;
				});
			}
		} finally {
			this.#checks.delete(number);
			if (check.id && !check.over)
				this.#giveUp(check.id);
		}
	}

	/* The library gives up all checks of a payment at once: while another one goes on, none. */
	#giveUp(id) {
		let wallet;
		try {
			wallet = this.#wallet();
		} catch {
			return; // it is gone, and its checks with it
		}
		if ([...this.#checks.values()].some((other) => other.id === id))
			return;
		this.#library.scope((memory) => {
			const bytes = memory.take(32);
			this.#library.must("uncia_payment_id_parse", memory.text(id), bytes);
			this.#library.call("uncia_wallet_cancel", wallet, EVENT.UNCIA_EVENT_NOTICE, bytes);
		});
	}

	#ask(peer, { notice, memo, asked }, number) {
		return this.#library.scope((memory) => {
			const result = memory.struct("uncia_notice_result");
			const query = memory.struct("uncia_notice_query", {
				peer: this.#peer(memory, peer),
				notice: memory.text(notice),
				memo: memory.text(memo),
				asked: asked ? 1 : 0,
				tag: memory.bytes(new TextEncoder().encode(String(number))),
				tag_size: String(number).length,
			});
			this.#must("uncia_wallet_notice_check", query, result);
			return this.#result(result);
		});
	}

	#result(pointer) {
		const r = this.#library.get("uncia_notice_result", pointer);
		return {
			verdict: NOTICES.get(r.verdict),
			error: r.error ? this.#library.error(r.error) : null,
			over: r.over !== 0,
			id: hex(r.id),
			memo: r.memo,
			memoUntold: r.memo_untold !== 0,
			weak: r.weak !== 0,
			maybeTold: r.maybe_told !== 0,
			older: r.older !== 0,
			sender: r.sender,
			pinned: r.pinned || null,
			first: r.first || null,
			amount: r.amount,
			height: r.height,
			index: r.index,
			timestamp: Number(r.timestamp_ms),
		};
	}

	/** A notice that was "paid" has been shown: from now on it is "again". Ends when that is durable. */
	async acknowledgeNotice(id) {
		this.#library.scope((memory) => {
			const bytes = memory.take(32);
			this.#library.must("uncia_payment_id_parse", memory.text(id), bytes);
			this.#must("uncia_notice_acknowledge", bytes);
		});
		await this.#flushed();
	}

	/* There is news: by the wallet, at its event. */
	heard() {
		const library = this.#library;
		library.scope((memory) => {
			for (;;) {
				const result = memory.struct("uncia_notice_result");
				if (!library.must("uncia_notice_result", this.#wallet(), result))
					return;
				const { tag, tag_size: size } = library.get("uncia_notice_result", result);
				this.#checks.get(Number(new TextDecoder().decode(tag.subarray(0, size))))?.take(this.#result(result));
			}
		});
	}

	/* Nothing more comes: by the wallet, when it ends. */
	end(error) {
		for (const check of this.#checks.values())
			check.take(error);
	}
}
