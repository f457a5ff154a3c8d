/* libuncia in its WebAssembly module: calls, memory, structures by name, errors. Knows of no wallet and no platform. */
import makeModule from "./module.js";
import { uncia_error as E, uncia_member_kind as KIND } from "./constants.js";

const names = new Map(Object.entries(E).map(([name, code]) => [code, name]));
const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { ignoreBOM: true }); // a mark of byte order is a character like others

/** What a call answered that is not 0: `code` is that of libuncia, `name` its name, "UNCIA_E_FUNDS". */
export class UnciaError extends Error {
	constructor(code, message, options) {
		super(message, options);
		this.code = code;
		this.name = names.get(code) ?? "UnciaError";
	}
}

/** Random bytes: the platform's crypto.getRandomValues gives at most 65,536 at once. */
export function fillRandom(random, bytes) {
	for (let at = 0; at < bytes.length; at += 65536)
		random.getRandomValues(bytes.subarray(at, at + 65536));
}

export function hex(bytes) {
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether it is a Uint8Array, of whichever realm: of another window, or of what a test runner makes. */
export function isBytes(value) {
	return ArrayBuffer.isView(value) && value[Symbol.toStringTag] === "Uint8Array";
}

/** 32 bytes that are given as such, or as 64 hexadecimal digits: keys, hashes, secrets. */
export function bytes32(value, what) {
	if (typeof value === "string" && /^[0-9a-f]{64}$/i.test(value))
		return Uint8Array.from(value.match(/../g), (digits) => parseInt(digits, 16));
	if (isBytes(value) && value.length === 32)
		return value;
	throw new UnciaError(E.UNCIA_E_ARGUMENT, `${what}: 64 hexadecimal digits, or 32 bytes, are expected`);
}

/** A struct uncia_contact, and a struct uncia_request, as objects. */
export function contactOf({ address, handle, key }) {
	return { address, handle, key: hex(key) };
}

export function requestOf(r) {
	return {
		address: r.address,
		amount: r.has_amount ? r.amount : null,
		memo: r.memo,
		endsAt: r.ends_at,
		key: r.key,
		checked: r.checked !== 0,
		hasLock: r.has_lock !== 0,
	};
}

export class Library {
	#module;
	#members = new Map();
	#dead;

	/** wasm: the bytes of uncia.wasm. random: the platform's crypto. */
	static async make(wasm, random) {
		/* libsodium asks for 32 random bits by this; Module's own search would look for a browser's window. */
		const module = await makeModule({
			wasmBinary: wasm,
			getRandomValue: () => random.getRandomValues(new Uint32Array(1))[0],
			print: () => {},
			printErr: () => {},
		});
		return new Library(module, random);
	}

	constructor(module, random) {
		this.#module = module;
		this.random = random;
	}

	/** The memory as it is now: it may be another one after any call. */
	get memory() {
		return this.#module.HEAPU8;
	}

	/** Calls a function of libuncia. A trap is one of its assertions, or the end of memory within it: what it left behind is
	 * in no order, so that nothing is called any more. */
	call(name, ...values) {
		if (this.#dead)
			throw this.#dead;
		try {
			return this.#module[`_${name}`](...values);
		} catch (error) {
			this.#dead = error;
			throw error;
		}
	}

	error(code, detail, options) {
		const message = this.string(this.call("uncia_error_text", code));
		return new UnciaError(code, detail ? `${message}: ${detail}` : message, options);
	}

	/** The same, for functions that answer an error: those are thrown. */
	must(name, ...values) {
		const result = this.call(name, ...values);
		if (result < 0)
			throw this.error(result);
		return result;
	}

	string(pointer) {
		const memory = this.memory;
		return pointer ? text.decode(memory.subarray(pointer, memory.indexOf(0, pointer))) : "";
	}

	copy(pointer, size) {
		return this.memory.slice(pointer, pointer + size);
	}

	/** Memory of zeros that stays until `free`. */
	allocate(size) {
		const pointer = this.#module._malloc(size || 1);
		if (!pointer)
			throw this.error(E.UNCIA_E_MEMORY);
		this.memory.fill(0, pointer, pointer + (size || 1));
		return pointer;
	}

	free(pointer) {
		if (!this.#dead)
			this.#module._free(pointer);
	}

	/** Runs `body` with what gives it memory, which is wiped and freed behind it, however it ends. */
	scope(body) {
		const taken = [];
		const take = (size) => {
			const pointer = this.allocate(size);
			taken.push([pointer, size || 1]);
			return pointer;
		};
		const memory = {
			take,
			bytes: (bytes) => {
				const pointer = take(bytes.length);
				this.memory.set(bytes, pointer);
				return pointer;
			},
			/** undefined and null are NULL. */
			text: (value) => {
				if (value === undefined || value === null)
					return 0;
				const bytes = utf8.encode(String(value));
				if (bytes.includes(0))
					throw this.error(E.UNCIA_E_ARGUMENT, "a text with a NUL in it");
				return memory.bytes(new Uint8Array([...bytes, 0]));
			},
			struct: (name, values) => {
				const pointer = take(this.size(name));
				if (this.members(name).has("size"))
					this.put(name, pointer, { size: this.size(name) });
				this.put(name, pointer, values ?? {});
				return pointer;
			},
		};
		try {
			return body(memory);
		} finally {
			if (!this.#dead) {
				for (const [pointer, size] of taken) {
					this.memory.fill(0, pointer, pointer + size);
					this.#module._free(pointer);
				}
			}
		}
	}

	size(name) {
		const size = this.call("uncia_struct_size", this.#name(name));
		if (!size)
			throw new TypeError(`libuncia has no structure ${name}`);
		return size;
	}

	/* Names of structures stay in memory: there are few. */
	#names = new Map();
	#name(name) {
		if (!this.#names.has(name)) {
			const bytes = utf8.encode(`${name}\0`);
			const pointer = this.allocate(bytes.length);
			this.memory.set(bytes, pointer);
			this.#names.set(name, pointer);
		}
		return this.#names.get(name);
	}

	/** Members of a structure by name: where each is, as the library itself says. */
	members(name) {
		if (this.#members.has(name))
			return this.#members.get(name);
		const found = new Map();
		this.scope(({ take }) => {
			const out = take(16);
			for (let i = 0; this.call("uncia_struct_member", this.#name(name), i, out, out + 4, out + 8, out + 12) === 0; i++) {
				const view = this.view();
				found.set(this.string(view.getUint32(out, true)), {
					kind: view.getInt32(out + 4, true),
					offset: view.getUint32(out + 8, true),
					size: view.getUint32(out + 12, true),
				});
			}
		});
		this.#members.set(name, found);
		return found;
	}

	view() {
		return new DataView(this.memory.buffer);
	}

	/** Members of a structure as an object: numbers of up to 32 bits as such, larger ones as BigInt. */
	get(name, pointer) {
		const values = {};
		for (const [member, { kind, offset, size }] of this.members(name)) {
			const at = pointer + offset;
			if (kind === KIND.UNCIA_MEMBER_TEXT)
				values[member] = this.string(at);
			else if (kind === KIND.UNCIA_MEMBER_BYTES)
				values[member] = this.copy(at, size);
			else
				values[member] = this.#number(kind, at, size);
		}
		return values;
	}

	#number(kind, at, size) {
		const view = this.view();
		switch (size) {
			case 1:
				return view.getUint8(at);
			case 2:
				return view.getUint16(at, true);
			case 4:
				return kind === KIND.UNCIA_MEMBER_SIGNED ? view.getInt32(at, true) : view.getUint32(at, true);
			default:
				return view.getBigUint64(at, true);
		}
	}

	put(name, pointer, values) {
		const members = this.members(name);
		for (const [member, value] of Object.entries(values)) {
			const { kind, offset, size } = members.get(member);
			const at = pointer + offset;
			if (kind === KIND.UNCIA_MEMBER_TEXT || kind === KIND.UNCIA_MEMBER_BYTES) {
				const bytes = typeof value === "string" ? utf8.encode(value) : value;
				if (bytes.length > size - (kind === KIND.UNCIA_MEMBER_TEXT ? 1 : 0))
					throw this.error(E.UNCIA_E_LIMIT, member);
				this.memory.set(bytes, at);
			} else if (size === 8) {
				this.view().setBigUint64(at, uint64(this, value, member), true);
			} else {
				this.#putNumber(at, size, value, member);
			}
		}
	}

	#putNumber(at, size, value, member) {
		const number = Number(value);
		if (!Number.isInteger(number) || number < 0 || number >= 2 ** (8 * size))
			throw this.error(E.UNCIA_E_ARGUMENT, member);
		const view = this.view();
		if (size === 1)
			view.setUint8(at, number);
		else if (size === 2)
			view.setUint16(at, number, true);
		else
			view.setUint32(at, number, true);
	}

	/** A function that WebAssembly can call; "ji" returns 64 bits and takes 32. */
	expose(signature, body) {
		return this.#module.addFunction(body, signature);
	}

	conceal(pointer) {
		this.#module.removeFunction(pointer);
	}

	/** Calls a function by its address in the module's table. */
	callAt(pointer, ...values) {
		return this.#module.asm.__indirect_function_table.get(pointer)(...values);
	}
}

/** An amount, or another number of 64 bits: a BigInt, so that nothing is ever rounded. */
export function uint64(library, value, what) {
	if (typeof value !== "bigint" || value < 0n || value >= 1n << 64n)
		throw library.error(E.UNCIA_E_ARGUMENT, `${what} is not a BigInt of 64 bits`);
	return value;
}
