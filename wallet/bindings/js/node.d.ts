export * from "./uncia.js";
import type { Change, Storage, Uncia } from "./uncia.js";

/**
 * Loads the library. WebSocket: a class like the browser's, by which validators are reached then; else it is by TCP. wasm: its
 * bytes, where they are not to be read from beside the package's files.
 */
export function load(options?: { WebSocket?: unknown; wasm?: ArrayBuffer | Uint8Array }): Promise<Uncia>;

/** A home in a directory, of one process at a time on this machine. */
export class DirectoryStorage implements Storage {
	constructor(directory: string);
	open(): Promise<Iterable<[string, Uint8Array]>>;
	write(change: Change): Promise<void>;
	close(): Promise<void>;
}
