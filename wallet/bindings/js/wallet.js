/* A wallet: libuncia's calls as promises, its turns taken by themselves. */
import {
	uncia_direction as DIRECTION,
	uncia_error as E,
	uncia_event_kind as EVENT,
	uncia_payment_state as STATE,
} from "./constants.js";
import { Holds, putHolds } from "./holds.js";
import { giveKey, inWorker } from "./keys.js";
import { Links } from "./links.js";
import { UnciaError, hex, uint64 } from "./library.js";
import { People } from "./people.js";

const STATES = {
	[STATE.UNCIA_PAYMENT_UNKNOWN]: "unknown",
	[STATE.UNCIA_PAYMENT_PENDING]: "pending",
	[STATE.UNCIA_PAYMENT_FINAL]: "final",
	[STATE.UNCIA_PAYMENT_EXPIRED]: "expired",
};
const DIRECTIONS = {
	[DIRECTION.UNCIA_DIRECTION_IN]: "in",
	[DIRECTION.UNCIA_DIRECTION_OUT]: "out",
	[DIRECTION.UNCIA_DIRECTION_SELF]: "self",
};
const ADDRESS_SIZE = 128;
const BLOB_NAME_SIZE = 160;
const TIMER_MAX = 2 ** 31 - 1;
const BUSY_PAUSE_MS = 10; // the same payment is being stored
const RETRY_MS = 1000; // after a turn for which there was no memory
const REQUEST_TIMEOUT_MS = 10000;

/** A struct uncia_payment as an object. */
export function paymentOf(library, pointer) {
	const p = library.get("uncia_payment", pointer);
	const payment = {
		id: hex(p.id),
		state: STATES[p.state],
		own: p.own !== 0,
		detailed: p.detailed !== 0,
		sender: p.sender,
		to: p.to,
		outputCount: p.output_count,
		holdCount: p.hold_count,
		amount: p.amount,
		leaving: p.leaving,
		received: p.received,
		memo: p.memo,
		memoHash: p.has_memo_hash ? p.memo_hash : null,
		expiresAt: Number(p.expires_at),
		tag: p.tag.slice(0, p.tag_size),
	};
	if (payment.state === "pending") {
		payment.reason = library.string(library.call("uncia_pending_text", p.reason));
		payment.refusal = p.refusal ? library.error(p.refusal) : null;
	}
	if (payment.state === "final")
		Object.assign(payment, { height: p.height, index: p.index, timestamp: Number(p.timestamp_ms) });
	return payment;
}

export class Wallet {
	#uncia;
	#library;
	#pointer;
	#network;
	#home;
	#links;
	#timer = null;
	#due = false;
	#closed = null;
	#broken = null;
	#waiting = []; // { kind, id, heard(event), end(error) }
	#listeners = new Map();
	#pages = Promise.resolve();
	#watch = null;
	#noticesDue = false;
	#timeout;
	#event; // memory of its own, so that what has happened is told also where memory has ended
	#blobName;

	/* By Uncia.open alone, which closes wallet and home where this throws. */
	constructor(uncia, wallet, network, home, timeout) {
		this.#uncia = uncia;
		this.#library = uncia.library;
		this.#pointer = wallet;
		this.#network = network;
		this.#home = home;
		this.#timeout = timeout || REQUEST_TIMEOUT_MS;
		this.#event = this.#library.allocate(this.#library.size("uncia_event"));
		this.#library.put("uncia_event", this.#event, { size: this.#library.size("uncia_event") });
		try {
			this.#blobName = this.#library.allocate(BLOB_NAME_SIZE);
		} catch (error) {
			this.#library.free(this.#event);
			throw error;
		}
		this.#links = new Links(this.#library, wallet, network, uncia.platform.connect, {
			moved: () => this.#soon(),
			failed: (error) => this.#fail(error),
		});
		/** Pins, and verdicts on what people send. */
		this.people = new People(this.#library, {
			wallet: () => this.#wallet,
			must: (name, ...values) => this.#must(name, ...values),
			flushed: () => home.flushed(),
		});
		/** Holds under keys, and claims. */
		this.holds = new Holds(this.#library, network, {
			wallet: () => this.#wallet,
			must: (name, ...values) => this.#must(name, ...values),
			ask: (kind, begin, signal) => this.#ask(kind, begin, signal),
			make: (begin) => this.#make(begin),
			ids: (name) => this.#ids(name),
			id: (memory, id) => this.#id(memory, id),
			find: (id) => this.#find(id),
			receiptPayment: (receipt) => uncia.receiptPayment(receipt),
			receiptOutputs: (receipt, count) => uncia.receiptOutputs(receipt, count),
			pay: (request) => this.pay(request),
			follow: (id, options) => this.follow(id, options),
			address: () => this.address(),
			receipt: (id) => this.receipt(id),
		});
		home.tell({
			stored: (name, error) => this.#stored(name, error),
			lost: () => {
				if (this.#closed || this.#broken)
					return;
				this.#storageFailed();
				this.#emit("error", home.error());
			},
		});
		if (home.failure)
			this.#storageFailed();
		this.#soon();
	}

	/* A blob is durable, or could not be made so. */
	#stored(name, error) {
		if (this.#closed || this.#broken)
			return;
		try {
			this.#library.memory.set([...new TextEncoder().encode(name), 0], this.#blobName);
			this.#library.call("uncia_wallet_stored", this.#wallet, this.#blobName, error);
			if (error)
				this.#storageFailed();
			this.#soon();
		} catch (failure) {
			this.#fail(failure);
		}
	}

	/* The wallet of the library, as long as it is one: whatever waited may be behind a close. */
	get #wallet() {
		this.#usable();
		return this.#pointer;
	}

	/* ---- turns ---- */

	/* One turn behind what is running now, however many ask for it. */
	#soon() {
		if (this.#due || this.#closed || this.#broken)
			return;
		this.#due = true;
		queueMicrotask(() => {
			this.#due = false;
			if (!this.#closed && !this.#broken)
				this.#turn();
		});
	}

	#turn() {
		try {
			this.#links.pump();
			this.#takeEvents();
			if (this.#closed)
				return;
			if (this.#noticesDue) {
				this.people.heard();
				this.#noticesDue = false; // where there was no memory: the next turn
			}
			const wait = this.#library.call("uncia_wallet_timeout_ms", this.#wallet);
			clearTimeout(this.#timer);
			this.#timer = wait < 0 ? null : setTimeout(() => this.#tick(), Math.min(wait, TIMER_MAX));
		} catch (error) {
			if (error instanceof UnciaError && error.code === E.UNCIA_E_MEMORY)
				this.#again(error);
			else
				this.#fail(error);
		}
	}

	/* There was no memory for this turn: all is as it was before, and the next one may find some. */
	#again(error) {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#tick(), RETRY_MS);
		this.#emit("error", error);
	}

	#tick() {
		if (this.#closed || this.#broken)
			return;
		try {
			this.#library.call("uncia_wallet_tick", this.#wallet);
		} catch (error) {
			this.#fail(error);
		}
		this.#soon();
	}

	/* Nothing is stored or sent any more, and no end is shown that was not stored: nobody waits for one. What is in memory can
	 * be looked at. */
	#storageFailed() {
		const error = this.#home.error();
		this.#tellWaiting(error);
		this.#watch?.stop(error);
	}

	#tellWaiting(error) {
		for (const waiting of [...this.#waiting])
			waiting.end(error);
		this.people.end(error);
	}

	/* The library has ended: whoever waits is told, and what is called from now on throws. */
	#fail(error) {
		this.#broken ??= error;
		clearTimeout(this.#timer);
		this.#links.close();
		this.#tellWaiting(error);
		this.#watch?.stop(error);
		this.#emit("error", error);
	}

	#takeEvents() {
		while (!this.#closed && this.#library.must("uncia_wallet_event", this.#wallet, this.#event))
			this.#heard(this.#library.get("uncia_event", this.#event));
	}

	#heard(event) {
		const id = hex(event.id);
		const error = event.error ? this.#errorOf(event.error, event.text) : null;
		for (const waiting of [...this.#waiting]) {
			if (waiting.kind === event.kind && (!waiting.id || waiting.id === id))
				waiting.heard({ id, error });
		}
		if (event.kind === EVENT.UNCIA_EVENT_PAYMENT)
			this.#tellPayment(id, error);
		else if (event.kind === EVENT.UNCIA_EVENT_LINK)
			this.#emit("link", { validator: event.validator, up: event.up !== 0, error });
		else if (event.kind === EVENT.UNCIA_EVENT_NOTICE)
			this.#noticesDue = true;
		else if (event.kind === EVENT.UNCIA_EVENT_ERROR)
			this.#heardError(error);
		else if (event.kind === EVENT.UNCIA_EVENT_INCOMING || event.kind === EVENT.UNCIA_EVENT_WATCH)
			this.#watch?.heard(event.kind === EVENT.UNCIA_EVENT_WATCH, error);
	}

	/* Where memory ends, events are lost: whoever waits may wait for one of them. What can be looked at is: payments, notices,
	 * what a watch has. The rest has to be asked again. */
	#heardError(error) {
		if (error.code === E.UNCIA_E_MEMORY) {
			for (const waiting of [...this.#waiting]) {
				if (waiting.kind === EVENT.UNCIA_EVENT_PAYMENT)
					waiting.heard({ id: waiting.id, error: null });
				else
					waiting.end(error);
			}
			this.#noticesDue = true;
			this.#watch?.wake();
		}
		this.#emit("error", error);
	}

	#tellPayment(id, error) {
		let payment = null;
		try {
			payment = this.#find(id);
		} catch (unread) {
			error ??= unread;
		}
		this.#emit("payment", payment, error);
	}

	/* Ends with what `heard` gives that is not undefined, or as it throws. */
	#until(kind, id, heard, signal) {
		return new Promise((resolve, reject) => {
			signal?.throwIfAborted();
			if (this.#home.failure)
				throw this.#home.error();
			const end = (settle, value) => {
				this.#waiting = this.#waiting.filter((other) => other !== waiting);
				signal?.removeEventListener("abort", aborted);
				settle(value);
			};
			const aborted = () => end(reject, signal.reason);
			const waiting = {
				kind,
				id,
				end: (error) => end(reject, error),
				heard: (event) => {
					try {
						const value = heard(event);
						if (value !== undefined)
							end(resolve, value);
					} catch (error) {
						end(reject, error);
					}
				},
			};
			this.#waiting.push(waiting);
			signal?.addEventListener("abort", aborted);
		});
	}

	/* Asks for what the library has one of at a time, and waits for its end. What was told before is taken before, so that
	 * nobody takes it for the answer to this. */
	async #ask(kind, begin, signal) {
		this.#usable();
		this.#takeEvents();
		this.#soon(); // for what they leave to a turn
		begin();
		await this.#until(kind, null, thrown, signal);
	}

	/* Where storage has failed, with the reason. */
	#errorOf(result, detail) {
		return result === E.UNCIA_E_IO && this.#home.failure ? this.#home.error() : this.#library.error(result, detail);
	}

	/* Calls a function of the wallet; what is due then comes by itself. */
	#must(name, ...values) {
		this.#usable();
		this.#soon();
		const result = this.#library.call(name, this.#wallet, ...values);
		if (result < 0)
			throw this.#errorOf(result);
		return result;
	}

	#usable() {
		if (this.#broken)
			throw this.#broken;
		if (this.#closed)
			throw this.#library.error(E.UNCIA_E_ARGUMENT, "the wallet is closed");
	}

	#text(size, name, ...values) {
		this.#usable();
		return this.#library.scope(({ take }) => {
			const text = take(size);
			this.#library.must(name, this.#wallet, ...values, text);
			return this.#library.string(text);
		});
	}

	/* ---- events ---- */

	/** listener(…): "payment" (payment, error), "link" ({ validator, up, error }), "error" (error). Returns what ends it. */
	on(name, listener) {
		if (!this.#listeners.has(name))
			this.#listeners.set(name, new Set());
		this.#listeners.get(name).add(listener);
		return () => this.#listeners.get(name).delete(listener);
	}

	#emit(name, ...values) {
		for (const listener of [...(this.#listeners.get(name) ?? [])]) {
			/* What it throws is its program's, and keeps nobody else's turn. */
			try {
				listener(...values);
			} catch (error) {
				queueMicrotask(() => {
					throw error;
				});
			}
		}
	}

	/* ---- the key ---- */

	get unlocked() {
		this.#usable();
		return this.#library.call("uncia_wallet_unlocked", this.#wallet) !== 0;
	}

	/** Opens the key, in a worker. */
	async unlock(passphrase) {
		this.#usable();
		const opened = await inWorker(this.#uncia.platform, { task: "open", key: this.#home.blob("key"), passphrase });
		await giveKey(this.#library, () => this.#wallet, opened);
		this.#soon();
	}

	/** The recovery words, in a worker. null: of a key without a passphrase. */
	async words(passphrase) {
		this.#usable();
		return (await inWorker(this.#uncia.platform, { task: "words", key: this.#home.blob("key"), passphrase })).words;
	}

	/** What others are given to pay to. Needs the key: a locked wallet does not know that it is its own. */
	address() {
		return this.#text(ADDRESS_SIZE, "uncia_wallet_address");
	}

	/* ---- balance ---- */

	/** What the last sync proved. */
	balance() {
		this.#usable();
		return this.#library.scope(({ struct }) => {
			const pointer = struct("uncia_balance");
			this.#library.must("uncia_wallet_balance", this.#wallet, pointer);
			const b = this.#library.get("uncia_balance", pointer);
			return {
				known: b.known !== 0,
				exists: b.exists !== 0,
				balance: b.balance,
				waiting: b.waiting,
				spendable: b.spendable,
				height: b.height,
				timestamp: Number(b.timestamp_ms),
			};
		});
	}

	/** Asks the validators, and gives the balance that they prove. */
	async sync() {
		await this.#ask(EVENT.UNCIA_EVENT_BALANCE, () => this.#must("uncia_wallet_sync"));
		return this.balance();
	}

	/* ---- paying ---- */

	/** Pays, and gives the payment once it is stored durably: pending, and on its way whatever happens then. The same key is the
	 * same payment. `follow` tells its end. */
	async pay({ outputs, to, amount, holds = [], key, memo, tag, expiresIn }) {
		const all = (outputs ?? (to === undefined && holds.length > 0 ? [] : [{ address: to, amount }])).map((one) => ({ ...one }));
		const opened = holds.map((one) => ({ ...one }));
		const bytes = tag === undefined ? new Uint8Array() : typeof tag === "string" ? new TextEncoder().encode(tag) : tag.slice();
		const id = await this.#make((memory, out) => {
			const stride = this.#library.size("uncia_output");
			const list = memory.take(stride * all.length);
			all.forEach((output, i) => this.#library.put("uncia_output", list + i * stride, {
				address: memory.text(output.address),
				amount: uint64(this.#library, output.amount, "amount"),
			}));
			return this.#library.call("uncia_wallet_pay", this.#wallet, memory.struct("uncia_payment_request", {
				outputs: all.length ? list : 0,
				output_count: all.length,
				holds: putHolds(this.#library, this.#network, memory, opened),
				hold_count: opened.length,
				key: memory.text(key),
				memo: memory.text(memo),
				tag: bytes.length ? memory.bytes(bytes) : 0,
				tag_size: bytes.length,
				expires_s: expiresIn ?? 0,
			}), out);
		});
		return this.payment(id);
	}

	/* Makes a payment by begin(memory, out), as soon as what it is signed on is fresh, and ends with its id when it is durable.
	 * Whether there is one is answered by the call that makes it, and by no event: none can be lost, come late, or be another
	 * payment's. */
	async #make(begin) {
		let [synced, looked, until] = [false, false, null];
		for (;;) {
			this.#usable();
			const [result, id] = this.#library.scope((memory) => {
				const out = memory.take(32);
				return [begin(memory, out), hex(this.#library.copy(out, 32))];
			});
			this.#soon();
			if (result === 0) {
				await this.#home.flushed();
				return id;
			}
			if (result === E.UNCIA_E_UNREACHABLE && !synced) {
				synced = true;
				await this.sync();
			} else if (result === E.UNCIA_E_BEHIND && !looked) {
				[looked, synced] = [true, false];
				await this.#ask(EVENT.UNCIA_EVENT_CAUGHT_UP, () => this.#must("uncia_wallet_catch_up"));
			} else if (result === E.UNCIA_E_BUSY && (until === null || performance.now() < until)) {
				until ??= performance.now() + this.#timeout;
				await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
			} else {
				throw this.#errorOf(result);
			}
		}
	}

	/** The payment that a key stands for in this home; null: none. */
	byKey(key) {
		this.#usable();
		return this.#library.scope((memory) => {
			const id = memory.take(32);
			const result = this.#library.call("uncia_wallet_by_key", this.#wallet, memory.text(key), id);
			if (result === E.UNCIA_E_NOT_FOUND)
				return null;
			if (result < 0)
				throw this.#library.error(result);
			return this.#find(hex(this.#library.copy(id, 32)));
		});
	}

	/* null: neither an own one nor one that was asked for. */
	#find(id) {
		return this.#library.scope((memory) => {
			const payment = memory.struct("uncia_payment");
			const result = this.#library.call("uncia_wallet_payment", this.#wallet, this.#id(memory, id), payment);
			if (result === E.UNCIA_E_NOT_FOUND)
				return null;
			if (result < 0)
				throw this.#library.error(result);
			return paymentOf(this.#library, payment);
		});
	}

	#id(memory, id) {
		const pointer = memory.take(32);
		this.#library.must("uncia_payment_id_parse", memory.text(id), pointer);
		return pointer;
	}

	/** A payment by its id: an own one, or one that was followed. */
	payment(id) {
		this.#usable();
		const found = this.#find(id);
		if (!found)
			throw this.#library.error(E.UNCIA_E_NOT_FOUND);
		return found;
	}

	/** Ends with the payment when it has its end: final, or expired; unknown only where the id can be no payment's, or nobody can
	 * know any more. Given up, it is asked about no more where nobody else waits for it. */
	async follow(id, { signal } = {}) {
		this.#usable();
		signal?.throwIfAborted();
		this.#follow(id);
		const ended = ({ error }) => {
			/* A question of somebody else's that found nothing out is no news of the payment. */
			if (error && error.code !== E.UNCIA_E_UNREACHABLE && error.code !== E.UNCIA_E_PROOF)
				throw error;
			const payment = this.#find(id);
			const over = payment && (payment.state === "unknown" ? !this.#isFollowed(id) : payment.state !== "pending");
			return over ? payment : undefined;
		};
		let payment;
		try {
			payment = await this.#until(EVENT.UNCIA_EVENT_PAYMENT, id.toLowerCase(), ended, signal);
		} finally {
			if (!this.#closed && !this.#broken && !this.#waiting.some((waiting) => waiting.id === id.toLowerCase()))
				this.#leave(id);
		}
		await this.#home.flushed();
		return this.#find(id) ?? payment;
	}

	#follow(id) {
		this.#library.scope((memory) => this.#must("uncia_wallet_follow", this.#id(memory, id)));
	}

	/* Whether it was asked about still. */
	#leave(id) {
		return this.#library.scope((memory) =>
			this.#library.call("uncia_wallet_cancel", this.#wallet, EVENT.UNCIA_EVENT_PAYMENT, this.#id(memory, id)) === 0);
	}

	/* Of a payment that nobody knows: whether that was its end. It is followed on where it was not. */
	#isFollowed(id) {
		const followed = this.#leave(id);
		if (followed)
			this.#follow(id);
		return followed;
	}

	/* ---- claims ---- */

	/** See Holds. */
	makeClaim(claim) {
		return this.holds.makeClaim(claim);
	}

	lookClaim(text, options) {
		return this.holds.lookClaim(text, options);
	}

	takeClaim(text, options) {
		return this.holds.takeClaim(text, options);
	}

	/** The receipt of a final payment, as text. */
	receipt(id) {
		this.#usable();
		return this.#library.scope((memory) => {
			const out = memory.take(4);
			this.#library.must("uncia_wallet_receipt", this.#wallet, this.#id(memory, id), out);
			return this.#uncia.takeText(out);
		});
	}

	/** Own payments that no block has yet. */
	pending() {
		return this.#listOf("uncia_wallet_pending");
	}

	/** Own payments that expired, the latest first. */
	expired() {
		return this.#listOf("uncia_wallet_expired");
	}

	#listOf(name) {
		return this.#ids(name).map((id) => this.payment(id));
	}

	#ids(name) {
		this.#usable();
		return this.#library.scope(({ take }) => {
			const id = take(32);
			const found = [];
			for (;;) {
				const result = this.#library.call(name, this.#wallet, found.length, id);
				if (result === E.UNCIA_E_NOT_FOUND)
					return found;
				if (result < 0)
					throw this.#library.error(result);
				found.push(hex(this.#library.copy(id, 32)));
			}
		});
	}

	/* ---- history ---- */

	/** A page of payments that touched this account, newest first; `next` is `before` of the one behind it. */
	history(options = {}) {
		const page = this.#pages.then(() => this.#page(options)); // one page at a time
		this.#pages = page.catch(() => {});
		return page;
	}

	async #page({ limit = 32, before = null }) {
		await this.#ask(EVENT.UNCIA_EVENT_HISTORY,
			() => this.#must("uncia_wallet_history", before?.height ?? 0n, before?.index ?? 0, limit));
		return this.#library.scope(({ struct }) => {
			const pointer = struct("uncia_history_page");
			this.#library.must("uncia_wallet_history_page", this.#wallet, pointer);
			const page = this.#library.get("uncia_history_page", pointer);
			const entries = [];
			for (let i = 0; i < page.count; i++)
				entries.push(this.#entry(this.#library.call("uncia_wallet_history_receipt", this.#wallet, i)));
			return {
				entries,
				next: page.next_height ? { height: page.next_height, index: page.next_index } : null,
				complete: page.complete !== 0,
			};
		});
	}

	/* A receipt of this account: the payment, this account's part in it, and the text. */
	#entry(receipt) {
		const library = this.#library;
		return library.scope(({ struct, take }) => {
			const part = struct("uncia_part");
			library.must("uncia_wallet_part", this.#wallet, receipt, part);
			const { direction, amount, output_count: count } = library.get("uncia_part", part);
			const address = take(ADDRESS_SIZE);
			const sum = take(8);
			const outputs = [];
			for (let i = 0; i < count; i++) {
				library.must("uncia_wallet_part_output", this.#wallet, receipt, i, address, sum);
				outputs.push({ address: library.string(address), amount: library.view().getBigUint64(sum, true) });
			}
			const text = take(4);
			library.must("uncia_receipt_text", receipt, text);
			return {
				payment: this.#uncia.receiptPayment(receipt),
				direction: DIRECTIONS[direction],
				amount,
				outputs,
				receipt: this.#uncia.takeText(text),
			};
		});
	}

	/* ---- being paid ---- */

	/** Payments to this account, each once it is proved that none before it was left out. Each is told again after the next
	 * start until its `acknowledge` has ended. One at a time. */
	watch(client, { signal } = {}) {
		this.#usable();
		signal?.throwIfAborted();
		if (this.#watch)
			throw this.#library.error(E.UNCIA_E_EXISTS);
		if (this.#home.failure)
			throw this.#home.error();
		this.#library.scope((memory) => this.#must("uncia_watch_start", memory.text(client)));
		const told = []; // ids that were given out, in their order
		let ready;
		const waiting = []; // each `next` that has found nothing yet
		const watch = { failure: null };
		watch.wake = () => {
			for (const wake of waiting.splice(0))
				wake();
		};
		/* Nothing more comes, and nobody waits for it. */
		watch.stop = (failure) => {
			watch.failure ??= failure;
			ready.reject(failure ?? new UnciaError(E.UNCIA_E_CLOSED, "the watch was closed"));
			watch.wake();
		};
		const begun = new Promise((resolve, reject) => {
			ready = { resolve, reject };
		});
		begun.catch(() => {});
		watch.heard = (caughtUp, error) => {
			if (caughtUp && !error)
				ready.resolve();
			if (error?.code === E.UNCIA_E_SECOND_CHAIN)
				watch.stop(error);
			watch.wake();
		};
		this.#watch = watch;
		const end = () => {
			if (this.#watch !== watch)
				return;
			this.#watch = null;
			signal?.removeEventListener("abort", end);
			if (!this.#closed && !this.#broken)
				this.#library.call("uncia_watch_stop", this.#wallet);
			watch.stop(null);
		};
		signal?.addEventListener("abort", end);
		const acknowledge = async (id) => {
			this.#library.scope((memory) => this.#must("uncia_watch_acknowledge", this.#id(memory, id)));
			told.splice(0, told.indexOf(id) + 1);
			await this.#home.flushed();
		};
		const next = async () => {
			for (;;) {
				if (watch.failure)
					throw watch.failure;
				if (this.#closed || this.#watch !== watch)
					return { done: true, value: undefined };
				const receipt = this.#library.call("uncia_watch_incoming", this.#wallet, told.length);
				if (receipt) {
					const entry = this.#entry(receipt);
					told.push(entry.payment.id);
					return { done: false, value: { ...entry, acknowledge: () => acknowledge(entry.payment.id) } };
				}
				await new Promise((resolve) => waiting.push(resolve));
			}
		};
		return {
			ready: begun,
			next,
			return: async () => {
				end();
				return { done: true, value: undefined };
			},
			[Symbol.asyncIterator]() {
				return this;
			},
		};
	}

	/* ---- texts ---- */

	/** A request to be paid at this wallet, as text, with a fresh reference. */
	request({ amount, memo, endsAt } = {}) {
		this.#usable();
		const library = this.#library;
		return library.scope((memory) => {
			const text = memory.take(321);
			const request = memory.struct("uncia_request", {
				address: this.address(),
				...(amount === undefined ? {} : { has_amount: 1, amount }),
				...(memo === undefined ? {} : { memo }),
				ends_at: endsAt ?? 0,
			});
			library.must("uncia_wallet_request", this.#wallet, request, text);
			return library.string(text);
		});
	}

	/** Who this user is in a chat, signed: "xmpp:bob@example.org". */
	contact(handle) {
		this.#usable();
		return this.#library.scope((memory) => {
			const text = memory.take(321);
			this.#library.must("uncia_wallet_contact", this.#wallet, memory.text(handle), text);
			return this.#library.string(text);
		});
	}

	/* ---- contacts ---- */

	/** Pins a name to the address that it had when it was first used. One whose address has changed is UNCIA_E_EXISTS, one that
	 * looks like another contact's UNCIA_E_ALIKE: a question for the user. Ends when it is durable. */
	async pin(name, address, { replace = false } = {}) {
		this.#library.scope((memory) =>
			this.#must("uncia_contact_pin", memory.text(name), memory.text(address), replace ? 1 : 0));
		await this.#home.flushed();
	}

	/** The address of a contact; null: there is none of that name. */
	pinned(name) {
		this.#usable();
		return this.#library.scope((memory) => {
			const text = memory.take(ADDRESS_SIZE);
			const result = this.#library.call("uncia_contact_find", this.#wallet, memory.text(name), text);
			if (result === E.UNCIA_E_NOT_FOUND)
				return null;
			if (result < 0)
				throw this.#library.error(result);
			return this.#library.string(text);
		});
	}

	/* ---- the rest ---- */

	/** The device has changed networks: connections are made anew at once. */
	networkChanged() {
		this.#must("uncia_wallet_network_changed");
	}

	/** Closes it. What is pending stays in storage, and goes on at the next open. */
	close() {
		this.#closed ??= this.#close();
		return this.#closed;
	}

	async #close() {
		clearTimeout(this.#timer);
		this.#links.close();
		/* Not of the library, which may have ended. */
		this.#tellWaiting(new UnciaError(E.UNCIA_E_CLOSED, "the wallet was closed"));
		this.#watch?.stop(null);
		await null; // `#closed` is set from here on
		try {
			if (!this.#broken)
				this.#library.call("uncia_wallet_close", this.#pointer);
			this.#library.free(this.#event);
			this.#library.free(this.#blobName);
		} finally {
			await this.#home.close();
		}
	}
}

function thrown({ error }) {
	if (error)
		throw error;
	return true;
}
