/* Types of both platforms. Amounts are micro-units, 10^-6 of a unit, as bigint, so that none is ever rounded. */

/** What libuncia answered: `code` is its number, `name` its name, "UNCIA_E_FUNDS". */
export class UnciaError extends Error {
	code: number;
	constructor(code: number, message: string);
}

/** Numbers of errors by name. */
export const errors: Readonly<Record<string, number>>;

export interface Change {
	name: string;
	/** null: it is removed. */
	data: Uint8Array | null;
	/** It must not be there yet. */
	exclusive: boolean;
}

/**
 * Where a wallet is stored: named blobs. Money depends on it.
 *
 * - `open` takes it, so that nobody else has it until `close`, in this program or another one; throws UNCIA_E_BUSY where
 *   somebody has. It gives all blobs, each durable.
 * - `write` ends when the change is durable, whole or not at all, and throws where it is not. The next one is asked for
 *   behind that; behind one that has failed there is none.
 */
export interface Storage {
	/** lost: to be called where it is taken away under an open wallet: nothing is stored any more then. */
	open(lost?: (error: unknown) => void): Promise<Iterable<[string, Uint8Array]>>;
	write(change: Change): Promise<void>;
	close(): Promise<void>;
}

/** A storage in memory: what is written is gone with it. */
export class MemoryStorage implements Storage {
	constructor(blobs?: Iterable<[string, Uint8Array]>);
	open(): Promise<Iterable<[string, Uint8Array]>>;
	write(change: Change): Promise<void>;
	close(): Promise<void>;
}

export interface Network {
	readonly name: string;
	readonly currency: string;
	readonly smallestAmount: bigint;
	readonly id: Uint8Array;
	readonly validators: readonly { host: string; port: number; url: string | null }[];
}

export interface Balance {
	/** A sync has succeeded; else the rest is nothing. */
	known: boolean;
	exists: boolean;
	balance: bigint;
	/** Own payments on their way. */
	waiting: bigint;
	/** What can be sent. */
	spendable: bigint;
	height: bigint;
	timestamp: number;
}

export interface Payment {
	/** 64 hexadecimal digits. */
	id: string;
	/** "final" and "expired" are ends. Until then it is pending: never failed. "unknown": nobody who was asked knows it. */
	state: "unknown" | "pending" | "final" | "expired";
	own: boolean;
	/** Own or final: what follows is known. */
	detailed: boolean;
	sender: string;
	to: string;
	outputCount: number;
	/** Holds that it opens. */
	holdCount: number;
	amount: bigint;
	leaving: bigint;
	received: bigint;
	memo: string;
	memoHash: Uint8Array | null;
	/** Seconds since 1970. */
	expiresAt: number;
	tag: Uint8Array;
	/** Of a pending one: why. */
	reason?: string;
	refusal?: UnciaError | null;
	/** Of a final one: where it is; milliseconds since 1970. */
	height?: bigint;
	index?: number;
	timestamp?: number;
}

export interface Output {
	address: string;
	amount: bigint;
}

export interface Entry {
	payment: Payment;
	direction: "in" | "out" | "self";
	/** This account's part. */
	amount: bigint;
	outputs: Output[];
	receipt: string;
}

export interface Incoming extends Entry {
	/** Taken note of, and everything told before it: never told to this client again once it has ended. */
	acknowledge(): Promise<void>;
}

export interface PaymentRequest {
	/** To one; or `outputs`. */
	to?: string;
	amount?: bigint;
	outputs?: Output[];
	/** What it puts under keys, beside outputs or without. */
	holds?: HoldRequest[];
	/** The id of the chat message, for one: the same key is the same payment, however often it is asked for. */
	key?: string;
	memo?: string;
	/** Kept in this home with the payment, at most 512 bytes. */
	tag?: Uint8Array | string;
	/** Seconds. */
	expiresIn?: number;
}

/** An amount under a key until an end: whoever has the key takes from it, and what is left goes home. With neither taker nor
 * lock it is a claim of this wallet's. */
export interface HoldRequest {
	amount: bigint;
	/** From the signing to its end, 600 to 34,556,400; a day where it is not given. */
	seconds?: number;
	/** Whose key takes it: as his `wallet.holds.key` or `uncia hold key` gives it, in 64 hexadecimal digits; or his contact's
	 * text. */
	taker?: string | Uint8Array;
	/** With a taker: he has to publish the 32 bytes of which this is the SHA-256, too. */
	secretHash?: string | Uint8Array;
	/** Instead of a taker: a lock that somebody gave, for this hold alone. */
	lock?: string | Uint8Array;
	/** Where it goes after its end: an address without a reference; this account where it is not given. */
	home?: string;
}

/** A hold: what was put there, by which payment. */
export interface Hold {
	opening: string;
	/** Which of the payment's holds. */
	number: number;
	/** "hold:" and 40 hexadecimal digits: the sender of what is taken from it. */
	id: string;
	/** Who opened it. */
	sender: string;
	/** What it was opened with. */
	amount: bigint;
	home: string;
	/** Seconds since 1970. */
	end: number;
}

/** And what it has, as is proved. */
export interface HoldState extends Hold {
	/** "ended": something is left, and goes home. "cancelled": the last of it was paid home before its end. "unknown": nothing is
	 * left, and where it has gone is not proved. */
	state: "open" | "ended" | "taken" | "cancelled" | "returned" | "unknown";
	exists: boolean;
	balance: bigint;
	/** What took from it or sent it home, the newest first; complete: these are all. */
	left: { payment: Payment; outputs: Output[] }[];
	complete: boolean;
	height: bigint;
	/** The ledger's time at that moment, milliseconds since 1970. */
	time: number;
}

/** A hold that a payment of this home has opened. */
export type OwnHold = { claim: string | null } & (
	| HoldState
	| (Hold & { state: "unknown" })
	/** Its payment is not final yet; amount: of all that it pays and puts under keys. */
	| { opening: string; amount: bigint; state: "pending" });

export interface Holds {
	/** The key of this account, under which others may put a hold for it. Throws UNCIA_E_LOCKED. */
	readonly key: string;
	/** How many that have ended are being brought home at this moment: an open wallet does it by itself. */
	readonly comingHome: number;
	/** Ends when it is final, with what it has then: the same key is the same hold, which may have been taken since. Without
	 * `balance` ("unknown") where the network does not tell. */
	open(hold: HoldRequest & { key?: string; memo?: string; tag?: Uint8Array | string }): Promise<HoldState | (Hold & { state: "unknown" })>;
	look(opening: string, options?: { number?: number; signal?: AbortSignal }): Promise<HoldState>;
	/** Takes from the hold that a payment has opened under this account's key, all of it where no amount is given. Ends with the
	 * payment, final or expired. With a key, the same key is the same take; without one it takes once, and finds that again.
	 * Throws UNCIA_E_NOT_FOUND where no hold of the payment is under this key, UNCIA_E_END where its end is too near, and
	 * UNCIA_E_FUNDS where less is left, or somebody else was faster. */
	takeFrom(opening: string, options?: {
		amount?: bigint;
		/** What the lock asks for, too: the take publishes it. */
		secret?: string | Uint8Array;
		/** With a secret: only where so much is there; what was put there by default. */
		agreed?: bigint;
		to?: string;
		key?: string;
		signal?: AbortSignal;
	}): Promise<Payment>;
	/** Sends home what is left after its end. Throws UNCIA_E_END before it, UNCIA_E_FUNDS where nothing is left. */
	giveBack(opening: string, options?: { number?: number; signal?: AbortSignal }): Promise<Payment>;
	/** The holds that this home has opened, those of claims among them, the oldest first. error: why the network tells nothing of
	 * them; then this is what the home knows. A home that was restored knows what the lost one had opened once this was asked, and
	 * ended without an error, or once it has paid: before, none of that comes home by itself. */
	list(options?: { signal?: AbortSignal }): Promise<{ holds: OwnHold[]; error: UnciaError | null }>;

	/** As of Wallet. */
	makeClaim: Wallet["makeClaim"];
	lookClaim: Wallet["lookClaim"];
	takeClaim: Wallet["takeClaim"];
	/** Of one that this wallet has made, by the payment that opened it. */
	claimText(opening: string, number?: number): string;
}

export interface Page {
	entries: Entry[];
	/** `before` of the next page; null: there is none. */
	next: { height: bigint; index: number } | null;
	/** All pages together are proved to hold every payment. */
	complete: boolean;
}

export interface Watch extends AsyncIterableIterator<Incoming> {
	/** Everything is told up to a state that was proved since. Rejected where the watch, or the wallet, ends before. */
	ready: Promise<void>;
}

/** Who has written a message: handles, "xmpp:bob@example.org", of one protocol. */
export interface Peer {
	/** The user's own. */
	own: string;
	handle: string;
	/** IRC: the services account that he is logged in to. */
	login?: string;
	/** Written in a room: such names are never pinned. */
	room?: boolean;
}

export interface Pin {
	handle: string;
	login: string;
	address: string;
	compared: boolean;
	weak: boolean;
	made: number;
}

export interface Contact {
	address: string;
	handle: string;
	/** Under which a hold may be put for him, in hexadecimal digits. */
	key: string;
}

export interface ContactCheck {
	contact: Contact;
	/** "new" may be pinned without a question, "pinned" is; "room", "own" and "unseen" are refused; else ask the user. */
	verdict: "new" | "pinned" | "unsigned" | "changed" | "login" | "elsewhere" | "alike" | "room" | "own" | "unseen";
	weak: boolean;
	pinned: string | null;
	other: string | null;
	alike: string | null;
	alikeAddress: string | null;
}

export interface RequestCheck {
	request: Request;
	/** Says whom it pays: say it before the amount. */
	verdict: "pinned" | "other" | "unpinned" | "own";
	weak: boolean;
	ended: boolean;
	/** The payment that is there under its key. */
	taken: string | null;
	pinned: string | null;
	payee: string | null;
}

export interface NoticeResult {
	verdict: "checking" | "paid" | "pending" | "unknown" | "expired" | "not_to_me" | "other_account" | "other_memo" | "again"
		| "repeated" | "unpinned" | "stranger";
	error: UnciaError | null;
	over: boolean;
	id: string;
	memo: string;
	memoUntold: boolean;
	weak: boolean;
	maybeTold: boolean;
	older: boolean;
	sender: string;
	pinned: string | null;
	first: string | null;
	amount: bigint;
	height: bigint;
	index: number;
	timestamp: number;
}

/** Who somebody in a chat is, and what he says about money. */
export interface People {
	pinned(peer: Peer): Pin | null;
	/** who: a contact's text; or an address, by the user's decision. */
	pin(peer: Peer, who: string, options?: { decided?: boolean; compared?: boolean }): Promise<void>;
	unpin(peer: Peer): Promise<void>;
	checkContact(peer: Peer, text: string): ContactCheck;
	checkRequest(peer: Peer, text: string): RequestCheck;
	/** Every result is news; the last one is `over`. */
	checkNotice(peer: Peer, query: { notice: string; memo?: string; asked?: boolean }): AsyncGenerator<NoticeResult, void, void>;
	acknowledgeNotice(id: string): Promise<void>;
}

export interface Wallet {
	readonly people: People;
	readonly holds: Holds;

	readonly unlocked: boolean;
	unlock(passphrase: string): Promise<void>;
	words(passphrase: string | null): Promise<string>;
	address(): string;

	sync(): Promise<Balance>;
	balance(): Balance;

	/** Ends with the payment once it is stored durably, pending: it goes on whatever happens then. */
	pay(request: PaymentRequest): Promise<Payment>;
	/** Ends with the payment's end; anybody's. "unknown" is one only where the id can be no payment's, or nobody can know any
	 * more. */
	follow(id: string, options?: { signal?: AbortSignal }): Promise<Payment>;
	payment(id: string): Payment;
	byKey(key: string): Payment | null;
	pending(): Payment[];
	expired(): Payment[];
	receipt(id: string): string;

	/** Money for somebody who has not joined: the text of the claim, once it is final. Whoever reads it has the money. */
	makeClaim(claim: { amount: bigint; seconds?: number; key?: string; memo?: string }): Promise<string>;
	lookClaim(text: string, options?: { signal?: AbortSignal }): Promise<HoldState>;
	/** Ends with the payment; the money is this account's, or that of `to`, where it is final. Called again, it finds what it took.
	 * Of an own claim it is the cancelling. */
	takeClaim(text: string, options?: { to?: string; signal?: AbortSignal }): Promise<Payment>;

	history(options?: { limit?: number; before?: Page["next"] }): Promise<Page>;
	watch(client: string, options?: { signal?: AbortSignal }): Watch;

	request(options?: { amount?: bigint; memo?: string; endsAt?: number }): string;
	contact(handle?: string): string;
	/** A name keeps its first address: throws UNCIA_E_EXISTS where it has another one, UNCIA_E_ALIKE where it looks like one. */
	pin(name: string, address: string, options?: { replace?: boolean }): Promise<void>;
	/** null: there is none of that name. */
	pinned(name: string): string | null;

	on(name: "payment", listener: (payment: Payment | null, error: Error | null) => void): () => void;
	on(name: "link", listener: (link: { validator: number; up: boolean; error: Error | null }) => void): () => void;
	on(name: "error", listener: (error: Error) => void): () => void;
	networkChanged(): void;
	close(): Promise<void>;
}

export interface Scanned {
	kind: string;
	/** null where there is an error. */
	text: string | null;
	error: UnciaError | null;
	begin: number;
	end: number;
}

export interface Request {
	address: string;
	amount: bigint | null;
	memo: string;
	endsAt: number;
	key: string;
	/** false: in the form of earlier versions; amount and memo may have been cut. */
	checked: boolean;
	hasLock: boolean;
}

export interface Uncia {
	network(text: string): Network;
	makeWords(count?: 12 | 24): string;
	/** null: these are recovery words. */
	examineWords(words: string): { count: number; unknown: number } | null;
	create(options: {
		storage: Storage;
		words: string;
		/** null: the key is readable to whoever reads the storage. */
		passphrase: string | null;
		/** Bytes that a guess at the passphrase costs; 256 MiB and 3 passes where it is not given. */
		kdfMemory?: number;
		kdfPasses?: number;
	}): Promise<void>;
	open(options: {
		storage: Storage;
		network: Network;
		passphrase?: string;
		/** Milliseconds. */
		requestTimeout?: number;
		log?: (level: number, line: string) => void;
	}): Promise<Wallet>;

	amount(text: string): bigint;
	formatAmount(amount: bigint): string;
	/** In hexadecimal digits. */
	parseAddress(text: string): { account: string; reference: string | null };
	scan(message: string, network?: Network): Scanned[];
	parseRequest(text: string, network: Network): Request;
	parseContact(text: string, network: Network): Contact;
	/** The lock of a hold that asks for a key and a secret, in hexadecimal digits. A lock is for one hold. */
	holdLock(key: string | Uint8Array, secretHash?: string | Uint8Array): string;
	parseNotice(text: string, network: Network): { id: string; memo: string };
	notice(notice: { id: string; memo?: string }, network: Network): string;
	verifyReceipt(text: string, network: Network): { payment: Payment; outputs: Output[];
		holds: { id: string; home: string; end: number; amount: bigint }[] };
	/** Verifies the proof of a balance, an AccountProof in base64url or as bytes, offline. whose: an address, or a hold's id. */
	verifyBalance(proof: string | Uint8Array, whose: string, network: Network): { balance: bigint; height: number };
}
