/* libuncia in a browser: WebSockets, IndexedDB, Web Locks, a module worker for keys. */
import { byWebSocket } from "./links.js";
import { UnciaError, errors, makeUncia } from "./uncia.js";

export { MemoryStorage, UnciaError, errors } from "./uncia.js";

/** Loads the library. wasm: its bytes, where they are not to be fetched from beside this file. */
export async function load({ wasm } = {}) {
	const bytes = wasm ?? (await fetched(new URL("./uncia.wasm", import.meta.url)));
	return makeUncia({
		wasm: bytes,
		random: crypto,
		worker: () => new Worker(new URL("./keys_worker.js", import.meta.url), { type: "module" }),
		connect: byWebSocket(WebSocket),
	});
}

async function fetched(url) {
	const answer = await fetch(url);
	if (!answer.ok)
		throw new Error(`${url}: ${answer.status}`);
	return answer.arrayBuffer();
}

function settled(request) {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error);
	});
}

const STORE = "blobs";

/** A home in IndexedDB. One tab at a time has it, by a lock that ends with the tab. */
export class IndexedDBStorage {
	#name;
	#database = null;
	#release = null;

	constructor(name) {
		this.#name = name;
	}

	async open() {
		await this.#lock();
		try {
			const request = indexedDB.open(this.#name, 1);
			request.onupgradeneeded = () => request.result.createObjectStore(STORE);
			this.#database = await settled(request);
			const store = this.#database.transaction(STORE).objectStore(STORE);
			const [names, blobs] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll())]);
			return names.map((name, i) => [name, blobs[i]]);
		} catch (error) {
			await this.close();
			throw error;
		}
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
			}).catch(reject);
		});
	}

	/* "strict": complete comes when the system says that it is on the disk. */
	write({ name, data, exclusive }) {
		return new Promise((resolve, reject) => {
			const transaction = this.#database.transaction(STORE, "readwrite", { durability: "strict" });
			const store = transaction.objectStore(STORE);
			transaction.oncomplete = () => resolve();
			transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
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
