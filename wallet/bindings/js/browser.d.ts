export * from "./uncia.js";
import type { Change, Storage, Uncia } from "./uncia.js";

/** Loads the library. wasm: its bytes, where they are not to be fetched from beside the package's files. */
export function load(options?: { wasm?: ArrayBuffer | Uint8Array }): Promise<Uncia>;

/** A home in IndexedDB. One tab at a time has it. */
export class IndexedDBStorage implements Storage {
	constructor(name: string);
	open(): Promise<Iterable<[string, Uint8Array]>>;
	write(change: Change): Promise<void>;
	close(): Promise<void>;
}
