export * from "./uncia.js";
import type { Change, Storage, Uncia } from "./uncia.js";

/**
 * Loads the library. wasm: its bytes, where they are not to be fetched from beside the package's files. Throws UNCIA_E_SYSTEM in
 * a page that is no secure context, and in a browser that lacks something it needs.
 */
export function load(options?: { wasm?: ArrayBuffer | Uint8Array }): Promise<Uncia>;

/**
 * A home in IndexedDB. One tab at a time has it: another one is answered UNCIA_E_BUSY, as one is where the database does not open
 * within `timeout` milliseconds (30,000), since other pages have it open and it is to be deleted.
 */
export class IndexedDBStorage implements Storage {
	constructor(name: string, options?: { timeout?: number });
	/** Asks the browser not to throw the site's data away where space is short. Whether it agreed. */
	persist(): Promise<boolean>;
	open(lost?: (error: unknown) => void): Promise<Iterable<[string, Uint8Array]>>;
	write(change: Change): Promise<void>;
	close(): Promise<void>;
}
