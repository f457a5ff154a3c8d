/* libuncia in a browser: WebSockets, IndexedDB, Web Locks, a module worker for keys. */
import { byWebSocket } from "./links.js";
import { UnciaError, errors, makeUncia } from "./uncia.js";

export { MemoryStorage, UnciaError, errors } from "./uncia.js";

const unsupported = (what) => new UnciaError(errors.UNCIA_E_SYSTEM, what);

/* What a page that came by http: shows and sends, anybody on the way can change: its wallet would be theirs. */
function checkPage() {
	if (globalThis.isSecureContext === false)
		throw unsupported(`this page is no secure context (${globalThis.location?.origin}): serve it by https, or from localhost`);
	for (const name of ["WebAssembly", "Worker", "WebSocket", "crypto"])
		if (typeof globalThis[name] === "undefined")
			throw unsupported(`this browser has no ${name}: a newer one is needed`);
}

/** Loads the library. wasm: its bytes, where they are not to be fetched from beside this file. */
export async function load({ wasm } = {}) {
	checkPage();
	const bytes = wasm ?? (await fetched(new URL("./uncia.wasm", import.meta.url)));
	return makeUncia({
		wasm: bytes,
		random: crypto,
		worker: () => new Worker(new URL("./keys_worker.js", import.meta.url), { type: "module" }),
		connect: byWebSocket(WebSocket),
	});
}

async function fetched(url) {
	const failed = (why, cause) => new UnciaError(errors.UNCIA_E_IO, `${url} cannot be fetched: ${why}`, { cause });
	let answer;
	try {
		answer = await fetch(url);
	} catch (error) {
		throw failed(error.message, error);
	}
	if (!answer.ok)
		throw failed(answer.status);
	return answer.arrayBuffer();
}

function settled(request) {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error);
	});
}

const STORE = "blobs";
const VERSION = 1;
const OPEN_MS = 30000;

/** A home in IndexedDB. One tab at a time has it, by a lock that ends with the tab. */
export class IndexedDBStorage {
	#name;
	#timeout;
	#database = null;
	#release = null;
	#lost = () => {};
	#writing = null; // what rejects the write under way

	/** timeout: milliseconds after which a database that does not open is given up. */
	constructor(name, { timeout = OPEN_MS } = {}) {
		this.#name = name;
		this.#timeout = timeout;
	}

	async open(lost = () => {}) {
		if (!globalThis.indexedDB || !globalThis.navigator?.locks)
			throw unsupported(`this page has no ${globalThis.indexedDB ? "Web Locks" : "IndexedDB"}: serve it by https, or from localhost, to a browser that stores what pages ask it to`);
		await this.#lock();
		this.#lost = lost;
		try {
			this.#database = await this.#connect();
			/* The browser's doing: it has thrown the site's data away, by itself or for its user. A deletion that a script asks
			 * for waits until this is closed. */
			this.#database.onclose = () => this.#gone(new Error("the browser has taken the database away, or deleted it"));
			return await this.#read();
		} catch (error) {
			await this.close();
			throw error;
		}
	}

	/** Asks the browser not to throw this site's data away where space is short; it may ask its user. Whether it agreed. */
	persist() {
		return globalThis.navigator?.storage?.persist?.() ?? Promise.resolve(false);
	}

	#connect() {
		return new Promise((resolve, reject) => {
			const request = indexedDB.open(this.#name, VERSION);
			/* It waits, and says so to nobody, while a deletion of this database waits for other pages to close it. */
			const timer = setTimeout(() => {
				request.onupgradeneeded = () => request.transaction.abort();
				request.onsuccess = () => request.result.close();
				reject(new UnciaError(errors.UNCIA_E_BUSY, `the database ${this.#name} does not open: another page has it open, and it is to be deleted or changed; close the other pages of this site`));
			}, this.#timeout);
			request.onupgradeneeded = () => request.result.createObjectStore(STORE);
			request.onsuccess = () => {
				clearTimeout(timer);
				resolve(request.result);
			};
			request.onerror = () => {
				clearTimeout(timer);
				reject(request.error.name !== "VersionError" ? request.error :
					new UnciaError(errors.UNCIA_E_NEWER, `the database ${this.#name} was made by a newer version of this program`));
			};
		});
	}

	async #read() {
		if (!this.#database.objectStoreNames.contains(STORE))
			throw new UnciaError(errors.UNCIA_E_DAMAGED, `the database ${this.#name} is no wallet's`);
		const store = this.#database.transaction(STORE).objectStore(STORE);
		const [names, blobs] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll())]);
		return names.map((name, i) => [name, blobs[i]]);
	}

	/* Nobody waits for what does not come any more, and nothing is written behind it. */
	#gone(error) {
		if (!this.#database)
			return;
		this.#database.close();
		this.#writing?.(error);
		this.#lost(error);
	}

	#lock() {
		return new Promise((resolve, reject) => {
			navigator.locks.request(`uncia:${this.#name}`, { ifAvailable: true }, (lock) => {
				if (!lock) {
					reject(new UnciaError(errors.UNCIA_E_BUSY, "another tab has this wallet open"));
					return undefined;
				}
				return new Promise((release) => {
					this.#release = release;
					resolve();
				});
			}).catch((error) => {
				reject(error);
				this.#gone(error); // another page has taken the lock away
			});
		});
	}

	/* "strict": complete comes when the system says that it is on the disk. */
	write({ name, data, exclusive }) {
		return new Promise((resolve, reject) => {
			this.#writing = reject;
			const transaction = this.#database.transaction(STORE, "readwrite", { durability: "strict" });
			const store = transaction.objectStore(STORE);
			transaction.oncomplete = () => resolve();
			transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
			if (!data)
				store.delete(name);
			else if (exclusive)
				store.add(data, name);
			else
				store.put(data, name);
		});
	}

	async close() {
		this.#database?.close();
		this.#database = null;
		this.#release?.();
		this.#release = null;
	}
}
