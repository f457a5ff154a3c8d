/* libuncia in Node: TCP or WebSockets, a directory, a worker thread for keys. */
import "./node_version.js"; // before what an older Node stumbles over
import { webcrypto } from "node:crypto";
import { link, mkdir, open, readFile, readdir, rename, rm, unlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { byWebSocket } from "./links.js";
import { UnciaError, errors, makeUncia } from "./uncia.js";

export { MemoryStorage, UnciaError, errors } from "./uncia.js";

/** Loads the library. WebSocket: a class like the browser's, by which validators are reached then; else it is by TCP. wasm: its
 * bytes, where they are not to be read from beside this file. */
export async function load({ WebSocket, wasm } = {}) {
	return makeUncia({
		wasm: wasm ?? (await readFile(new URL("./uncia.wasm", import.meta.url))),
		random: webcrypto,
		worker: keysWorker,
		connect: WebSocket ? byWebSocket(WebSocket) : byTCP,
	});
}

/* A worker thread, with what keys.js uses of a browser's Worker. */
function keysWorker() {
	const thread = new Worker(new URL("./keys_worker.js", import.meta.url));
	const worker = { onmessage: null, onerror: null, postMessage: (data) => thread.postMessage(data), terminate: () => thread.terminate() };
	thread.on("message", (data) => worker.onmessage({ data }));
	thread.on("error", (error) => worker.onerror(error));
	thread.on("exit", (code) => code && worker.onerror({ message: `ended with ${code}` }));
	return worker;
}

function byTCP({ host, port }, handlers) {
	const socket = connect({ host, port, noDelay: true });
	socket.on("connect", () => handlers.opened());
	socket.on("data", (bytes) => handlers.received(bytes));
	socket.on("drain", () => handlers.drained());
	socket.on("error", () => {}); // `close` follows
	socket.on("close", () => handlers.closed());
	return {
		write: (bytes) => socket.write(bytes),
		pending: () => socket.writableLength,
		close() {
			socket.removeAllListeners("connect").removeAllListeners("data").removeAllListeners("drain").removeAllListeners("close");
			socket.destroy();
		},
	};
}

async function synced(path) {
	const directory = await open(path, "r");
	try {
		await directory.sync();
	} finally {
		await directory.close();
	}
}

/* When a process began, in the kernel's ticks: with it the number is not mistaken for an earlier process's. */
async function began(pid) {
	try {
		const stat = await readFile(`/proc/${pid}/stat`, "utf8");
		return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
	} catch {
		return "";
	}
}

function alive(pid) {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error.code !== "ESRCH";
	}
}

/** A home in a directory: a file for each blob in DIRECTORY/blobs. One process of this machine at a time has it; a process
 * that was killed has it no more. */
export class DirectoryStorage {
	#directory;
	#blobs;
	#held = false;
	#count = 0;

	constructor(directory) {
		this.#directory = directory;
		this.#blobs = join(directory, "blobs");
	}

	async open() {
		await mkdir(this.#blobs, { recursive: true, mode: 0o700 });
		await this.#hold();
		try {
			return await this.#read();
		} catch (error) {
			await this.close();
			throw error;
		}
	}

	async #read() {
		const blobs = [];
		for (const name of await readdir(this.#blobs)) {
			const path = join(this.#blobs, name);
			if (name.startsWith(".new-"))
				await unlink(path); // half written by a process that was killed
			else
				blobs.push([name, new Uint8Array(await readFile(path))]);
		}
		/* What a killed process had in place may not be on the disk yet. */
		for (const [name] of blobs)
			await synced(join(this.#blobs, name));
		await synced(this.#blobs);
		await synced(this.#directory);
		return blobs;
	}

	/* Node has no file locks. The holder is who made the file holder-N of the largest number N, as long as he lives. Numbers
	 * only grow, files of smaller ones are removed by a later holder alone, and who has made one looks whether there is a
	 * larger one: so of several who find that the holder has died one becomes the next. */
	async #hold() {
		const own = join(this.#directory, `.holding-${process.pid}-${Math.random().toString(36).slice(2)}`);
		await writeFile(own, `${process.pid} ${await began(process.pid)}`, { mode: 0o600 });
		try {
			for (;;) {
				const numbers = await this.#holders();
				const last = numbers.at(-1) ?? 0;
				if (last && (await this.#lives(last)))
					throw new UnciaError(errors.UNCIA_E_BUSY, `${this.#directory} is in use by another process, or is open already`);
				const mine = join(this.#directory, `holder-${last + 1}`);
				try {
					await link(own, mine);
				} catch (error) {
					if (error.code === "EEXIST")
						continue;
					throw error;
				}
				if ((await this.#holders()).at(-1) !== last + 1) {
					await unlink(mine);
					continue;
				}
				for (const number of numbers)
					await rm(join(this.#directory, `holder-${number}`), { force: true });
				this.#held = mine;
				return;
			}
		} finally {
			await unlink(own);
		}
	}

	async #holders() {
		const numbers = [];
		for (const name of await readdir(this.#directory)) {
			const found = /^holder-(\d+)$/.exec(name);
			if (found)
				numbers.push(Number(found[1]));
		}
		return numbers.sort((a, b) => a - b);
	}

	async #lives(number) {
		let pid, since;
		try {
			[pid, since] = (await readFile(join(this.#directory, `holder-${number}`), "utf8")).split(" ");
		} catch (error) {
			if (error.code === "ENOENT")
				return false;
			throw error;
		}
		return pid !== "0" && alive(Number(pid)) && (await began(pid)) === since;
	}

	async write({ name, data, exclusive }) {
		const path = join(this.#blobs, name);
		if (data) {
			const fresh = join(this.#blobs, `.new-${this.#count++}`);
			const file = await open(fresh, "wx", 0o600);
			try {
				await file.writeFile(data);
				await file.sync();
			} finally {
				await file.close();
			}
			if (exclusive) {
				await link(fresh, path);
				await unlink(fresh);
			} else {
				await rename(fresh, path);
			}
		} else {
			await unlink(path);
		}
		await synced(this.#blobs);
	}

	/* The file stays, so that numbers grow; it says that nobody holds it. */
	async close() {
		if (!this.#held)
			return;
		const free = join(this.#directory, `.freed-${process.pid}-${Math.random().toString(36).slice(2)}`);
		await writeFile(free, "0 ", { mode: 0o600 });
		await rename(free, this.#held);
		this.#held = false;
	}
}
