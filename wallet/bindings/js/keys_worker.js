/* The worker for keys.js: one task, one answer. */
import { uncia_error as E } from "./constants.js";
import { Library, UnciaError } from "./library.js";
import { createKey, openKey, openWords } from "./keys.js";

const tasks = { create: createKey, open: openKey, words: openWords };

async function answer(data, random) {
	try {
		return await tasks[data.task](await Library.make(data.wasm, random), data);
	} catch (error) {
		return { error: { code: error instanceof UnciaError ? error.code : E.UNCIA_E_MEMORY, message: error.message } };
	}
}

if (typeof self !== "undefined" && typeof self.postMessage === "function" && typeof process === "undefined") {
	self.onmessage = async ({ data }) => self.postMessage(await answer(data, self.crypto));
} else {
	const { parentPort } = await import("node:worker_threads");
	const { webcrypto } = await import("node:crypto");
	parentPort.once("message", async (data) => parentPort.postMessage(await answer(data, webcrypto)));
}
