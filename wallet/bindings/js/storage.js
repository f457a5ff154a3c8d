/* A home: what a wallet has stored, here in memory so that the library can read it at once, and a storage that it is written
 * to behind that. The library is told when a blob is durable (UNCIA_LATER, uncia_wallet_stored), and lets nothing out that
 * rests on it before.
 *
 * A storage is { open(), write(change), close() }: uncia.d.ts says what each has to keep to. */
import { uncia_error as E } from "./constants.js";
import { UnciaError, fillRandom, isBytes } from "./library.js";

const LATER = 1;

/* What a storage threw, in words: browsers leave the message of some of their errors empty. */
function wordsOf(error) {
	if (!(error instanceof Error) && typeof error?.name !== "string")
		return String(error);
	return [error.name === "Error" ? "" : error.name, error.message].filter(Boolean).join(": ");
}

/** Milliseconds that never step back, and go on while the device sleeps: whichever of both clocks has gone further. */
function clock() {
	let wall = Date.now();
	let steady = performance.now();
	let elapsed = 0;
	return () => {
		const now = [Date.now(), performance.now()];
		elapsed += Math.max(now[0] - wall, now[1] - steady, 0);
		[wall, steady] = now;
		return BigInt(Math.floor(elapsed));
	};
}

export class Home {
	#library;
	#storage;
	#blobs = new Map();
	#pending = new Map(); // name: how many writes of it are not durable yet
	#queue = [];
	#writing = null;
	#pointers = [];
	#stored = () => {};
	#lost = () => {};

	/** Why storage failed; nothing is stored any more then. */
	failure = null;

	/** Takes the storage, which nobody else has then. A storage that has no blobs is an empty home. */
	static async open(library, storage, log) {
		const home = new Home();
		home.#library = library;
		home.#storage = storage;
		let blobs;
		try {
			blobs = await storage.open((error) => home.#gone(error));
		} catch (error) {
			throw error instanceof UnciaError ? error : library.error(E.UNCIA_E_IO, wordsOf(error), { cause: error });
		}
		try {
			for (const [name, data] of blobs) {
				if (typeof name !== "string" || !isBytes(data))
					throw library.error(E.UNCIA_E_DAMAGED, `what is stored under ${String(name)} is no blob of a wallet`);
				home.#blobs.set(name, data);
			}
			home.#expose(log);
		} catch (error) {
			await storage.close();
			throw error;
		}
		return home;
	}

	/* It was taken away under an open wallet: nothing is stored any more. */
	#gone(error) {
		this.#fail(error);
		this.#lost();
	}

	/* A storage may throw anything: what is no reason is none that could be told from success. */
	#fail(error) {
		this.failure ??= error || new Error("the storage gives no reason");
	}

	/** stored(name, error): a blob is durable, or could not be made so. lost(): the storage was taken away. */
	tell({ stored, lost }) {
		this.#stored = stored;
		this.#lost = lost;
	}

	has(name) {
		return this.#blobs.has(name);
	}

	blob(name) {
		return this.#blobs.get(name);
	}

	/** Stores one that is not there, and waits until it is durable. */
	async create(name, data) {
		const result = this.#create(name, data);
		if (result < 0)
			throw this.#library.error(result);
		await this.flushed();
	}

	/** Ends when all that was stored is durable; throws where some of it could not be made so. */
	async flushed() {
		while (this.#writing)
			await this.#writing;
		if (this.failure)
			throw this.error();
	}

	/** Why storage failed, as of libuncia. */
	error() {
		return this.#library.error(E.UNCIA_E_IO, `${wordsOf(this.failure)}; close the wallet and open it again`, { cause: this.failure });
	}

	/** Writes what there is to write, and lets the storage go. */
	async close() {
		while (this.#writing)
			await this.#writing;
		for (const pointer of this.#pointers)
			this.#library.conceal(pointer);
		this.#pointers = [];
		await this.#storage.close();
	}

	#enqueue(change) {
		if (change.data)
			this.#pending.set(change.name, (this.#pending.get(change.name) ?? 0) + 1);
		this.#queue.push(change);
		this.#writing ??= this.#write();
	}

	/* One after the other, so that none is durable without those before it. */
	async #write() {
		await null; // not within the hook that has asked for it
		while (this.#queue.length > 0) {
			const change = this.#queue.shift();
			try {
				if (this.failure)
					throw this.failure;
				await this.#storage.write(change);
			} catch (error) {
				this.#fail(error);
			}
			if (change.data) {
				const left = this.#pending.get(change.name) - 1;
				if (left > 0)
					this.#pending.set(change.name, left);
				else
					this.#pending.delete(change.name);
				this.#stored(change.name, this.failure ? E.UNCIA_E_IO : 0);
			}
		}
		this.#writing = null;
	}

	#create(name, data) {
		if (this.#blobs.has(name))
			return this.#pending.has(name) ? E.UNCIA_E_BUSY : E.UNCIA_E_EXISTS;
		return this.#put(name, data, true);
	}

	#put(name, data, exclusive) {
		if (this.failure)
			return E.UNCIA_E_IO;
		this.#blobs.set(name, data);
		this.#enqueue({ name, data, exclusive });
		return LATER;
	}

	#remove(name) {
		if (this.failure)
			return E.UNCIA_E_IO;
		if (!this.#blobs.delete(name))
			return E.UNCIA_E_NOT_FOUND;
		this.#enqueue({ name, data: null, exclusive: false });
		return 0;
	}

	#load(name, buffer, capacity, size) {
		const data = this.#blobs.get(name);
		if (!data)
			return E.UNCIA_E_NOT_FOUND;
		this.#library.memory.set(data.subarray(0, capacity), buffer);
		this.#library.view().setUint32(size, data.length, true);
		return 0;
	}

	#list(prefix, each, context) {
		return this.#library.scope((memory) => {
			for (const name of [...this.#blobs.keys()].filter((name) => name.startsWith(prefix))) {
				const result = this.#library.callAt(each, context, memory.text(name));
				if (result)
					return result;
			}
			return 0;
		});
	}

	/* The hooks. What one throws must not unwind through the library. */
	#hook(signature, body, failed) {
		const pointer = this.#library.expose(signature, (...values) => {
			try {
				return body(...values);
			} catch (error) {
				if (error instanceof WebAssembly.RuntimeError)
					throw error;
				return error instanceof UnciaError ? error.code : failed;
			}
		});
		this.#pointers.push(pointer);
		return pointer;
	}

	#expose(log) {
		const l = this.#library;
		const now = clock();
		this.hooks = {
			load: this.#hook("iiiiii", (_, name, buffer, capacity, size) => this.#load(l.string(name), buffer, capacity, size),
				E.UNCIA_E_IO),
			create: this.#hook("iiiii", (_, name, data, size) => this.#create(l.string(name), l.copy(data, size)), E.UNCIA_E_IO),
			replace: this.#hook("iiiii", (_, name, data, size) => this.#put(l.string(name), l.copy(data, size), false), E.UNCIA_E_IO),
			remove: this.#hook("iii", (_, name) => this.#remove(l.string(name)), E.UNCIA_E_IO),
			list: this.#hook("iiiii", (_, prefix, each, context) => this.#list(l.string(prefix), each, context), E.UNCIA_E_IO),
			random: this.#hook("iiii", (_, buffer, size) => {
				const bytes = new Uint8Array(size);
				fillRandom(l.random, bytes);
				l.memory.set(bytes, buffer);
				return 0;
			}, E.UNCIA_E_RANDOM),
			now_ms: this.#hook("ji", () => now(), 0n),
			wall_ms: this.#hook("ji", () => BigInt(Date.now()), 0n),
			log: log ? this.#hook("viii", (_, level, line) => log(level, l.string(line)), undefined) : 0,
		};
	}
}

/** A storage in memory, for keys on their way and for tests: what is written is gone with it. */
export class MemoryStorage {
	#blobs;

	constructor(blobs = []) {
		this.#blobs = new Map(blobs);
	}

	async open() {
		return [...this.#blobs];
	}

	async write({ name, data }) {
		if (data)
			this.#blobs.set(name, data);
		else
			this.#blobs.delete(name);
	}

	async close() {}
}
