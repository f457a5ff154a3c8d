/* Sealing and opening keys. That is made to take long and much memory (Argon2id), so a worker does it, with a module of its
 * own, whose memory is gone with it. What a worker opens comes back sealed under a passphrase that was made for this one
 * time: 32 random bytes, for which the least of a derivation is enough. So no function of libuncia gives out a key. */
import { uncia_error as E } from "./constants.js";
import { Home, MemoryStorage } from "./storage.js";
import { UnciaError, fillRandom, hex } from "./library.js";

const ONCE = { kdfMemory: 8192, kdfPasses: 1 };

/** Runs one task in a worker of its own. */
export function inWorker(platform, task) {
	return new Promise((resolve, reject) => {
		const unusable = (why) => new UnciaError(E.UNCIA_E_SYSTEM, `the worker for keys does not run: ${why || "it could not be loaded"}`);
		let worker;
		try {
			worker = platform.worker();
		} catch (error) {
			reject(unusable(error.message));
			return;
		}
		const end = (settle, value) => {
			worker.terminate();
			settle(value);
		};
		worker.onmessage = ({ data }) =>
			data.error ? end(reject, new UnciaError(data.error.code, data.error.message)) : end(resolve, data);
		worker.onerror = (event) => end(reject, unusable(event.message));
		worker.postMessage({ ...task, wasm: platform.wasm });
	});
}

/* Everything below is for one blob, "key", in memory. body waits for nothing: its memory ends with it. */
async function withHome(library, key, body) {
	const home = await Home.open(library, new MemoryStorage(key ? [["key", key]] : []));
	try {
		return library.scope((memory) => body(memory, memory.struct("uncia_host", home.hooks), home));
	} finally {
		await home.close();
	}
}

function seal(library, memory, host, { words, passphrase, kdfMemory, kdfPasses }) {
	const none = passphrase === null;
	const options = memory.struct("uncia_key_options", {
		passphrase: none ? 0 : memory.text(passphrase),
		no_passphrase: none ? 1 : 0,
		kdf_memory: BigInt(kdfMemory ?? 0),
		kdf_passes: kdfPasses ?? 0,
	});
	library.must("uncia_wallet_create", host, memory.text(words), options);
}

function openLocked(library, memory, host) {
	const out = memory.take(4);
	library.must("uncia_wallet_open", host, 0, memory.struct("uncia_wallet_options"), out);
	return library.view().getUint32(out, true);
}

function wordsOf(library, memory, wallet, passphrase) {
	const words = memory.take(256);
	library.must("uncia_wallet_words", wallet, memory.text(passphrase), words);
	return library.string(words);
}

/** In a worker: makes a key blob of words. */
export function createKey(library, task) {
	return withHome(library, null, (memory, host, home) => {
		seal(library, memory, host, task);
		return { key: home.blob("key") };
	});
}

/** In a worker: the words of a key blob. */
export function openWords(library, { key, passphrase }) {
	return withHome(library, key, (memory, host) => {
		const wallet = openLocked(library, memory, host);
		try {
			return { words: wordsOf(library, memory, wallet, passphrase) };
		} finally {
			library.call("uncia_wallet_close", wallet);
		}
	});
}

/** In a worker: opens a key blob, and seals it for one time. */
export async function openKey(library, task) {
	const { words } = await openWords(library, task);
	const once = new Uint8Array(32);
	fillRandom(library.random, once);
	const passphrase = hex(once);
	return { ...(await createKey(library, { words, passphrase, ...ONCE })), passphrase };
}

/** Gives to a wallet the key that openKey gave. What it was opened for is held against the wallet's own key file. */
export function giveKey(library, wallet, { key, passphrase }) {
	/* wallet(): asked for when there is nothing to wait for any more, since it may be closed meanwhile. */
	return withHome(library, key, (memory, host) => {
		const other = openLocked(library, memory, host);
		const out = memory.take(4);
		try {
			library.must("uncia_unlocking_begin", other, out);
			const unlocking = library.view().getUint32(out, true);
			try {
				library.must("uncia_unlocking_run", unlocking, memory.text(passphrase));
				library.must("uncia_wallet_unlock_with", wallet(), unlocking);
			} finally {
				library.call("uncia_unlocking_free", unlocking);
			}
		} finally {
			library.call("uncia_wallet_close", other);
		}
	});
}
