/* What the tests of the package for JavaScript share. Environment: UNCIA_JS (the package's folder), UNCIA_NETWORK (a network
 * file), UNCIA (the command, with a treasury's home in UNCIA_TREASURY), UNCIA_WS (Debian's module ws). */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const environment = process.env;
export const root = environment.UNCIA_JS;
export const uncia = await import(pathToFileURL(join(root, "node.js")));
export const WebSocket = createRequire(import.meta.url)(environment.UNCIA_WS);
export const PASSPHRASE = "correct horse battery staple";
export const LIGHT = { kdfMemory: 8 << 20, kdfPasses: 1 };

export async function library(options = {}) {
	const made = await uncia.load(options);
	return { made, network: made.network(await readFile(environment.UNCIA_NETWORK, "utf8")) };
}

export async function command(...words) {
	const all = ["--wallet", environment.UNCIA_TREASURY, "--network", environment.UNCIA_NETWORK, ...words];
	return (await promisify(execFile)(environment.UNCIA, all)).stdout.trim();
}

export async function newWallet({ made, network }, storage, words = made.makeWords()) {
	await made.create({ storage, words, passphrase: PASSPHRASE, ...LIGHT });
	return made.open({ storage, network, passphrase: PASSPHRASE });
}

/** A storage whose writes wait, fail or are counted, over another one. before(change, number) is waited for. */
export class Watched {
	writes = 0;

	constructor(inner, before = async () => {}) {
		this.inner = inner;
		this.before = before;
	}

	open() {
		return this.inner.open();
	}

	async write(change) {
		await this.before(change, ++this.writes);
		await this.inner.write(change);
	}

	close() {
		return this.inner.close();
	}
}
