/* Money under a key until an end (uncia/holds.h): claims, for somebody who has not joined yet, and holds under the keys of
 * others. A hold is named by the payment that opened it, and its number there. Nothing is told of one but what is proved. */
import { uncia_error as E, uncia_event_kind as EVENT } from "./constants.js";
import { bytes32, hex, uint64 } from "./library.js";

const CHAT_TEXT_SIZE = 321;
const DAY_S = 86400;
const LOOK_MS = 2000; // how long a take is waited for before it is asked whether somebody else was faster

/** In `memory`, 32 bytes: the lock of a hold that asks for a key and, where its hash is given, a secret. */
export function holdLock(library, memory, key, secretHash) {
	const lock = memory.take(32);
	library.must("uncia_hold_lock", memory.bytes(key),
		secretHash === undefined ? 0 : memory.bytes(bytes32(secretHash, "hash of the secret")), lock);
	return library.copy(lock, 32);
}

/* Whose key it is: 64 hexadecimal digits, 32 bytes, or a contact's text. */
function takerKey(library, network, memory, taker) {
	if (typeof taker !== "string" || /^[0-9a-f]{64}$/i.test(taker))
		return bytes32(taker, "taker");
	const contact = memory.struct("uncia_contact");
	const result = library.call("uncia_contact_parse", memory.bytes(network.id), memory.text(taker), contact);
	if (result < 0)
		throw library.error(result, "taker: neither a key of 64 hexadecimal digits nor a contact's text");
	return library.get("uncia_contact", contact).key;
}

function putHold(library, network, memory, pointer, { amount, seconds = DAY_S, taker, secretHash, lock, home }) {
	if (secretHash !== undefined && (taker === undefined || lock !== undefined))
		throw library.error(E.UNCIA_E_ARGUMENT, "secretHash goes with a taker, and with no lock");
	if (!Number.isInteger(seconds) || seconds < 0 || seconds >= 2 ** 32)
		throw library.error(E.UNCIA_E_END, "seconds");
	const key = taker === undefined ? null : takerKey(library, network, memory, taker);
	const locked = secretHash !== undefined ? holdLock(library, memory, key, secretHash) : lock === undefined ? null : bytes32(lock, "lock");
	library.put("uncia_hold_request", pointer, {
		lock: locked ? memory.bytes(locked) : 0,
		key: key && secretHash === undefined ? memory.bytes(key) : 0,
		home: memory.text(home),
		amount: uint64(library, amount, "amount"),
		seconds,
	});
}

/** As many struct uncia_hold_request, in `memory`; 0 for none. */
export function putHolds(library, network, memory, holds) {
	const stride = library.size("uncia_hold_request");
	const list = holds.length ? memory.take(stride * holds.length) : 0;
	holds.forEach((hold, i) => putHold(library, network, memory, list + i * stride, hold));
	return list;
}

/* What became of it, as `uncia hold list` says it. By the ledger's time: this machine's clock may be wrong. */
function stateOf(hold, { exists, left, complete, time }) {
	if (exists)
		return time >= hold.end * 1000 ? "ended" : "open";
	if (!complete || left.length === 0)
		return "unknown";
	if (left[0].payment.timestamp >= hold.end * 1000)
		return "returned";
	return paysOnly(left[0], hold.home) ? "cancelled" : "taken";
}

/* Whether a question failed since nobody has told anything that could be proved. */
function tellsNothing(error) {
	return error.code === E.UNCIA_E_UNREACHABLE || error.code === E.UNCIA_E_PROOF;
}

function paysOnly({ outputs }, address) {
	return outputs.length > 0 && outputs.every((output) => output.address === address);
}

/* What `promise` comes to within so many milliseconds; else undefined. */
async function within(promise, milliseconds) {
	let timer;
	try {
		return await Promise.race([promise, new Promise((resolve) => {
			timer = setTimeout(resolve, milliseconds);
		})]);
	} finally {
		clearTimeout(timer);
	}
}

export class Holds {
	#library;
	#network;
	#w;
	#looks = Promise.resolve();

	/* By Wallet alone. w: what it takes of the wallet. */
	constructor(library, network, w) {
		this.#library = library;
		this.#network = network;
		this.#w = w;
	}

	/** The key of this account, under which others may put a hold for it, in hexadecimal digits. Needs the key to be open. */
	get key() {
		return hex(this.#key());
	}

	#key() {
		return this.#library.scope(({ take }) => {
			const key = take(32);
			this.#library.must("uncia_wallet_key", this.#w.wallet(), key);
			return this.#library.copy(key, 32);
		});
	}

	/** How many holds of this home that have ended are being brought home at this moment. */
	get comingHome() {
		return this.#library.call("uncia_wallet_coming_home", this.#w.wallet());
	}

	/* ---- opening ---- */

	/** Puts an amount under somebody's key, and ends when that is final, with what the hold has then: the same key is the same
	 * hold, which may be long gone. Where the network does not tell, that is "unknown". */
	async open({ key, memo, tag, ...hold }) {
		const { id } = await this.#w.pay({ holds: [hold], key, memo, tag });
		await this.#opening(id);
		try {
			return await this.#look(id, 0);
		} catch (error) {
			/* It is open all the same: whoever gave no key would open another one if this threw. */
			if (!tellsNothing(error))
				throw error;
			return { ...this.#opened(id, 0), state: "unknown" };
		}
	}

	/** Puts an amount under a secret, for somebody who has not joined: ends with the text of the claim when the payment is final.
	 * Whoever reads the text has the money. What is not taken in so many seconds comes home. The same key is the same claim. */
	async makeClaim({ amount, seconds = DAY_S, key, memo }) {
		const { id } = await this.#w.pay({ holds: [{ amount, seconds }], key, memo });
		await this.#opening(id);
		return this.claimText(id);
	}

	/** The text of a claim that this wallet has made. Throws UNCIA_E_NOT_FOUND where the hold is none. */
	claimText(opening, number = 0) {
		return this.#withReceipt(opening, (memory, receipt) => {
			const text = memory.take(CHAT_TEXT_SIZE);
			this.#library.must("uncia_wallet_claim", this.#w.wallet(), receipt, number, text);
			return this.#library.string(text);
		});
	}

	/* ---- what it has ---- */

	/** What a hold has now. */
	async look(opening, { number = 0, signal } = {}) {
		await this.#opening(opening, signal);
		return this.#look(opening, number, signal);
	}

	/** What a claim is worth now. */
	async lookClaim(text, { signal } = {}) {
		const { opening, number } = await this.#claimed(text, signal);
		return this.#look(opening, number, signal);
	}

	/** The holds that payments of this home have opened, the oldest first, those of claims among them. error: why the network
	 * tells nothing of them, or no more; else null. */
	async list({ signal } = {}) {
		let error = null;
		const asked = async (ask) => {
			try {
				if (!error)
					return await ask();
			} catch (failure) {
				if (!tellsNothing(failure))
					throw failure;
				error = failure;
			}
			return null;
		};
		/* A home that was made anew, or came back older, has them again when its account's history was read. */
		await asked(() => this.#w.ask(EVENT.UNCIA_EVENT_CAUGHT_UP, () => this.#w.must("uncia_wallet_catch_up"), signal));
		const holds = [];
		for (const payment of this.#openings()) {
			if (payment.state === "pending") {
				holds.push({ opening: payment.id, amount: payment.amount, state: "pending", claim: null });
				continue;
			}
			for (let number = 0; number < payment.holdCount; number++) {
				const known = await asked(() => this.#look(payment.id, number, signal));
				holds.push({ ...(known ?? { ...this.#opened(payment.id, number), state: "unknown" }), claim: this.#claimOf(payment.id, number) });
			}
		}
		return { holds, error };
	}

	/* Own payments that have opened holds, or are about to: those come last. */
	#openings() {
		const found = [];
		for (const id of this.#w.ids("uncia_wallet_outbox")) {
			try {
				const payment = this.#w.find(id);
				if (payment.holdCount > 0 && (payment.state === "pending" || payment.state === "final"))
					found.push(payment);
			} catch (error) {
				if (error.code !== E.UNCIA_E_DAMAGED)
					throw error;
			}
		}
		const place = ({ height, index }) => (height === undefined ? [1n << 64n, 0] : [height, index]);
		return found.sort((a, b) => {
			const [x, y] = [place(a), place(b)];
			return x[0] !== y[0] ? (x[0] < y[0] ? -1 : 1) : x[1] - y[1];
		});
	}

	#claimOf(opening, number) {
		try {
			return this.claimText(opening, number);
		} catch (error) {
			if (error.code !== E.UNCIA_E_NOT_FOUND && error.code !== E.UNCIA_E_LOCKED)
				throw error;
			return null;
		}
	}

	/* Waits for the end of the payment that opens it: final. */
	async #opening(id, signal) {
		const { state } = await this.#w.follow(id, { signal });
		if (state === "expired")
			throw this.#library.error(E.UNCIA_E_EXPIRED, "the payment that was to open it never happened");
		if (state !== "final")
			throw this.#library.error(E.UNCIA_E_NOT_FOUND, "the payment that opened it");
	}

	/* What was opened, by the receipt. */
	#opened(opening, number) {
		return this.#withReceipt(opening, (memory, receipt) => {
			const hold = memory.struct("uncia_hold");
			const result = this.#library.call("uncia_receipt_hold", receipt, number, hold);
			if (result)
				throw this.#library.error(result === E.UNCIA_E_ARGUMENT ? E.UNCIA_E_NOT_FOUND : result,
					"this payment has opened no hold of that number");
			const { id, home, end, amount } = this.#library.get("uncia_hold", hold);
			return { opening: opening.toLowerCase(), number, id, sender: this.#w.receiptPayment(receipt).sender, home, end: Number(end), amount };
		});
	}

	/* One after the other: the library has one question of this kind at a time. */
	#look(opening, number, signal) {
		const looked = this.#looks.then(() => this.#lookNow(opening, number, signal));
		this.#looks = looked.catch(() => {});
		return looked;
	}

	async #lookNow(opening, number, signal) {
		const hold = this.#opened(opening, number);
		for (;;) {
			signal?.throwIfAborted();
			await this.#w.ask(EVENT.UNCIA_EVENT_HOLD, () =>
				this.#withReceipt(opening, (_, receipt) => this.#w.must("uncia_wallet_hold", receipt, number)), signal);
			const state = this.#state();
			if (state.id === hold.id) // and not an answer to an earlier question
				return { ...hold, ...state, state: stateOf(hold, state) };
		}
	}

	#state() {
		return this.#library.scope(({ struct }) => {
			const pointer = struct("uncia_hold_state");
			this.#library.must("uncia_wallet_hold_state", this.#w.wallet(), pointer);
			const s = this.#library.get("uncia_hold_state", pointer);
			const left = Array.from({ length: s.left_count }, (_, i) => {
				const receipt = this.#library.call("uncia_wallet_hold_receipt", this.#w.wallet(), i);
				const payment = this.#w.receiptPayment(receipt);
				return { payment, outputs: this.#w.receiptOutputs(receipt, payment.outputCount) };
			});
			return {
				id: s.id,
				exists: s.exists !== 0,
				balance: s.exists ? s.balance : 0n,
				left,
				complete: s.complete !== 0,
				height: s.height,
				time: Number(s.time_ms),
			};
		});
	}

	/* body(memory, receipt) waits for nothing: the receipt ends with it. */
	#withReceipt(id, body) {
		return this.#library.scope((memory) => {
			const out = memory.take(4);
			this.#library.must("uncia_receipt_verify", this.#network.pointer, memory.text(this.#w.receipt(id)), out);
			const receipt = this.#library.view().getUint32(out, true);
			try {
				return body(memory, receipt);
			} finally {
				this.#library.call("uncia_receipt_free", receipt);
			}
		});
	}

	/* ---- taking it ---- */

	/** Takes all of a claim, to this account or an address, and ends with the payment: it is not anybody's before it is final.
	 * Called again, after a crash too, it finds what it has taken. Of an own claim it is the cancelling. */
	async takeClaim(text, { to, signal } = {}) {
		const { opening, number, seed } = await this.#claimed(text, signal);
		return this.#take({ opening, number, holdKey: { seed }, to, signal });
	}

	/* The payment that opened a claim, final, and which of its holds it is. */
	async #claimed(text, signal) {
		const { opening, seed } = this.#library.scope((memory) => {
			const claim = memory.struct("uncia_claim");
			this.#library.must("uncia_claim_parse", memory.bytes(this.#network.id), memory.text(text), claim);
			return this.#library.get("uncia_claim", claim);
		});
		const id = hex(opening);
		await this.#opening(id, signal);
		const number = this.#numberOf(id, { seed });
		if (number === null)
			throw this.#library.error(E.UNCIA_E_PROOF, "the payment that it names has opened no hold under its key");
		return { opening: id, number, seed };
	}

	/** Takes from the hold that a payment has opened under this account's key, before its end, and ends with the payment, final
	 * or expired. With a key, the same key is the same take, so that each of several parts is taken once; without one it takes
	 * once, and finds that again. A secret is shown only where the hold has what was agreed: what it was opened with, where it
	 * is not said. */
	async takeFrom(opening, { amount, secret, agreed, to, key, signal } = {}) {
		await this.#opening(opening, signal);
		const holdKey = { account: this.#key(), secret: secret === undefined ? null : bytes32(secret, "secret") };
		const number = this.#numberOf(opening, holdKey);
		if (number === null)
			throw this.#library.error(E.UNCIA_E_NOT_FOUND,
				`this payment has opened no hold under the key of this wallet${secret === undefined ? "; perhaps it asks for a secret, too" : " and this secret"}`);
		return this.#take({ opening, number, holdKey, amount, agreed, to, key, signal });
	}

	#putKey(memory, pointer, { account, seed, secret }) {
		this.#library.put("uncia_hold_key", pointer, {
			size: this.#library.size("uncia_hold_key"),
			...(account ? { own: 1, account } : { seed }),
			secret: secret ? memory.bytes(secret) : 0,
		});
	}

	/* null: none of the payment's holds is under this key. */
	#numberOf(opening, holdKey) {
		return this.#withReceipt(opening, (memory, receipt) => {
			const key = memory.struct("uncia_hold_key");
			this.#putKey(memory, key, holdKey);
			const out = memory.take(4);
			const result = this.#library.call("uncia_receipt_find_hold", this.#network.pointer, receipt, key, out);
			if (result === E.UNCIA_E_NOT_FOUND)
				return null;
			if (result < 0)
				throw this.#library.error(result);
			return this.#library.view().getUint32(out, true);
		});
	}

	async #take(wish) {
		const { opening, number, holdKey, key, signal } = wish;
		const found = await this.#look(opening, number, signal);
		const address = wish.to ?? this.#w.address();
		if (key === undefined && !this.#underWay(found)) {
			const taken = this.#takenBefore(found, address);
			if (taken)
				return taken;
			if (found.state !== "open")
				throw this.#gone(found);
		}
		const amount = wish.amount ?? found.balance;
		const agreed = holdKey.secret ? (wish.agreed ?? found.amount) : 0n;
		const id = await this.#w.make((memory, out) => {
			/* Looked for at once before it is made: another call of this program may have begun it meanwhile. */
			const begun = key === undefined && this.#underWay(found);
			if (begun) {
				if (begun.to !== address)
					throw this.#library.error(E.UNCIA_E_BUSY, `a take to ${begun.to} is under way: follow ${begun.id}`);
				this.#library.must("uncia_payment_id_parse", memory.text(begun.id), out);
				return 0;
			}
			return this.#begin(memory, { opening, number, holdKey, amount, agreed, address, key }, out);
		});
		return this.#finish(id, found, key === undefined ? address : null, signal);
	}

	#begin(memory, { opening, number, holdKey, amount, agreed, address, key }, out) {
		return this.#withReceipt(opening, (_, receipt) => {
			const output = memory.struct("uncia_output", { address: memory.text(address), amount });
			const take = memory.struct("uncia_take", { receipt, number, outputs: output, output_count: 1, agreed,
				payment_key: memory.text(key) });
			this.#putKey(memory, take + this.#library.members("uncia_take").get("key").offset, holdKey);
			return this.#library.call("uncia_wallet_take", this.#w.wallet(), take, out);
		});
	}

	/* An own take of it that has no end yet: of an earlier run, which may have been killed, or of this one. */
	#underWay(hold) {
		for (const id of this.#w.ids("uncia_wallet_pending")) {
			const payment = this.#w.find(id);
			if (payment?.sender === hold.id)
				return payment;
		}
		return null;
	}

	/* What was taken to this very address, where nothing is left: by an earlier run, or another home of this account. */
	#takenBefore(found, address) {
		if (found.state !== "taken" && !(found.state === "cancelled" && address === found.home))
			return null;
		const taken = found.left.find((left) => paysOnly(left, address));
		return taken ? (this.#w.find(taken.payment.id) ?? taken.payment) : null;
	}

	#gone(found) {
		if (found.state === "ended")
			return this.#library.error(E.UNCIA_E_END, "it was not taken by its end, and goes home");
		return this.#library.error(E.UNCIA_E_FUNDS, {
			returned: "it was not taken by its end, and went home",
			cancelled: "the last of it was taken back home",
			taken: "the last of it was taken by somebody else",
		}[found.state] ?? "nothing is left of it");
	}

	/* Waits for the end of a take. Where it is proved that others have got what it was to take, that is said at once: what a
	 * hold has only falls, and the take will expire. */
	async #finish(id, hold, address, signal) {
		const leave = new AbortController();
		const left = () => leave.abort(signal.reason);
		signal?.throwIfAborted();
		signal?.addEventListener("abort", left);
		const ending = this.#w.follow(id, { signal: leave.signal }).then((payment) => ({ payment }), (error) => ({ error }));
		try {
			for (;;) {
				const ended = await within(ending, LOOK_MS);
				if (ended?.error)
					throw ended.error;
				if (ended)
					return ended.payment;
				const lost = await this.#lost(id, hold, address, leave.signal);
				if (lost)
					return lost;
			}
		} finally {
			signal?.removeEventListener("abort", left);
			leave.abort();
		}
	}

	/* null: it may still be taken. address: another home of this account may have taken it, to this. */
	async #lost(id, hold, address, signal) {
		let found;
		try {
			found = await this.#look(hold.opening, hold.number, signal);
		} catch (error) {
			if (!tellsNothing(error))
				throw error;
			return null;
		}
		if (!found.complete || (found.exists && found.balance >= this.#w.find(id).amount) || found.left.some(({ payment }) => payment.id === id))
			return null;
		const taken = address === null ? null : this.#takenBefore(found, address);
		if (taken)
			return taken;
		throw this.#library.error(E.UNCIA_E_FUNDS, `somebody else was faster; the take ${id} will expire`);
	}

	/* ---- sending it home ---- */

	/** Sends home what is left of a hold after its end, whoever opened it, and ends with the payment. */
	async giveBack(opening, { number = 0, signal } = {}) {
		const found = await this.look(opening, { number, signal });
		if (found.state === "returned")
			return found.left[0].payment;
		const id = this.#library.scope((memory) => {
			const out = memory.take(32);
			const result = this.#withReceipt(opening, (_, receipt) =>
				this.#library.call("uncia_wallet_give_back", this.#w.wallet(), receipt, number, out));
			if (result === E.UNCIA_E_NOT_FOUND)
				throw this.#library.error(E.UNCIA_E_FUNDS, "nothing is left of it");
			if (result < 0)
				throw this.#library.error(result);
			return hex(this.#library.copy(out, 32));
		});
		return this.#w.follow(id, { signal });
	}
}
