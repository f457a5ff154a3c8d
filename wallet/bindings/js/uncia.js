/* The library of a platform: networks, homes, texts and receipts. browser.js and node.js make one by makeUncia. */
import { uncia_error as E, uncia_text_kind as KIND } from "./constants.js";
import { inWorker } from "./keys.js";
import { holdLock } from "./holds.js";
import { Library, UnciaError, bytes32, contactOf, hex, requestOf } from "./library.js";
import { Home, MemoryStorage } from "./storage.js";
import { Wallet, paymentOf } from "./wallet.js";

export { MemoryStorage, UnciaError, E as errors };

const KINDS = new Map(Object.entries(KIND).map(([name, number]) => [number, name.replace("UNCIA_TEXT_", "").toLowerCase()]));

/** Whom a wallet believes, and where they are. */
class Network {
	constructor(library, pointer) {
		this.pointer = pointer;
		this.name = library.string(library.call("uncia_network_name", pointer));
		this.currency = library.string(library.call("uncia_network_currency", pointer));
		this.smallestAmount = library.call("uncia_network_smallest_amount", pointer);
		this.id = library.scope(({ take }) => {
			const id = take(32);
			library.call("uncia_network_id", pointer, id);
			return library.copy(id, 32);
		});
		this.validators = [];
		for (let i = 0; i < library.call("uncia_network_validators", pointer); i++)
			this.validators.push(library.scope(({ take }) => {
				const out = take(8);
				library.must("uncia_network_validator", pointer, i, out, out + 4);
				const view = library.view();
				return {
					host: library.string(view.getUint32(out, true)),
					port: view.getUint16(out + 4, true),
					url: library.string(library.call("uncia_network_websocket", pointer, i)) || null,
				};
			}));
	}
}

/** platform: { wasm, random, worker(), connect }. */
export async function makeUncia(platform) {
	return new Uncia(await Library.make(platform.wasm, platform.random), platform);
}

class Uncia {
	constructor(library, platform) {
		this.library = library;
		this.platform = platform;
	}

	/** Reads network.conf. It lives as long as the library. */
	network(text) {
		return this.library.scope((memory) => {
			const out = memory.take(4);
			const why = memory.take(256);
			const result = this.library.call("uncia_network_parse", memory.text(text), out, why);
			if (result < 0)
				throw this.library.error(result, this.library.string(why));
			return new Network(this.library, this.library.view().getUint32(out, true));
		});
	}

	/* ---- homes ---- */

	/** Fresh recovery words, 12 or 24. Whoever has them has the money. */
	makeWords(count = 12) {
		const random = this.library.expose("iiii", (_, buffer, size) => {
			this.library.memory.set(this.platform.random.getRandomValues(new Uint8Array(size)), buffer);
			return 0;
		});
		try {
			return this.library.scope((memory) => {
				const words = memory.take(256);
				this.library.must("uncia_words_make", memory.struct("uncia_host", { random }), count, words);
				return this.library.string(words);
			});
		} finally {
			this.library.conceal(random);
		}
	}

	/** null: these are recovery words. Else { count, unknown }: how many there are, and the number of the first unknown one. */
	examineWords(words) {
		return this.library.scope((memory) => {
			const out = memory.take(8);
			if (this.library.call("uncia_words_examine", memory.text(words), out, out + 4) === 0)
				return null;
			const view = this.library.view();
			return { count: view.getUint32(out, true), unknown: view.getUint32(out + 4, true) };
		});
	}

	/** Makes a wallet of its words, new or restored, and ends when it is stored durably. passphrase: null keeps the key readable
	 * to whoever reads the storage. */
	async create({ storage, words, passphrase, kdfMemory, kdfPasses }) {
		if (passphrase === undefined)
			throw this.library.error(E.UNCIA_E_ARGUMENT, "neither a passphrase nor null");
		const home = await Home.open(this.library, storage);
		try {
			if (home.has("key"))
				throw this.library.error(E.UNCIA_E_EXISTS);
			const { key } = await inWorker(this.platform, { task: "create", words, passphrase, kdfMemory, kdfPasses });
			await home.create("key", key);
		} finally {
			await home.close();
		}
	}

	/** Opens a wallet; without a passphrase it is locked (unless its key has none), and can look. */
	async open({ storage, network, passphrase, requestTimeout, log }) {
		const home = await Home.open(this.library, storage, log);
		let [wallet, opened] = [0, null];
		try {
			wallet = this.library.scope((memory) => {
				const out = memory.take(4);
				this.library.must("uncia_wallet_open", memory.struct("uncia_host", home.hooks), network.pointer,
					memory.struct("uncia_wallet_options", { request_timeout_ms: requestTimeout ?? 0 }), out);
				return this.library.view().getUint32(out, true);
			});
			opened = new Wallet(this, wallet, network, home, requestTimeout);
		} catch (error) {
			if (wallet)
				this.library.call("uncia_wallet_close", wallet);
			await home.close();
			throw error;
		}
		try {
			if (passphrase !== undefined)
				await opened.unlock(passphrase);
		} catch (error) {
			await opened.close();
			throw error;
		}
		return opened;
	}

	/* ---- texts ---- */

	/** "0.50" as an amount of micro-units. */
	amount(text) {
		return this.library.scope((memory) => {
			const out = memory.take(8);
			this.library.must("uncia_amount_parse", memory.text(text), out);
			return this.library.view().getBigUint64(out, true);
		});
	}

	/** The lock of a hold that asks for a key and a secret, by the SHA-256 of the secret; without one, for the key alone. In
	 * hexadecimal digits. */
	holdLock(key, secretHash) {
		return hex(this.library.scope((memory) => holdLock(this.library, memory, bytes32(key, "key"), secretHash)));
	}

	formatAmount(amount) {
		if (typeof amount !== "bigint" || amount < 0n || amount >= 1n << 64n)
			throw this.library.error(E.UNCIA_E_ARGUMENT, "an amount is a BigInt");
		return this.library.scope(({ take }) => {
			const text = take(64);
			this.library.call("uncia_amount_format", amount, text);
			return this.library.string(text);
		});
	}

	/** The account of an address, and the reference in it, in hexadecimal digits; null: it has none. */
	parseAddress(text) {
		return this.library.scope((memory) => {
			const out = memory.struct("uncia_address");
			this.library.must("uncia_address_parse", memory.text(text), out);
			const { account, has_reference: has, reference } = this.library.get("uncia_address", out);
			return { account: hex(account), reference: has ? hex(reference) : null };
		});
	}

	/** The texts that stand in a message: { kind, text, error, begin, end }, begin and end of the string. */
	scan(message, network) {
		const library = this.library;
		return library.scope((memory) => {
			const scan = memory.struct("uncia_scan");
			const whole = message.replaceAll("\0", "\x01"); // what others write may hold anything, and no end but its own
			const bytes = new TextEncoder().encode(whole);
			library.must("uncia_text_scan", memory.text(whole), network ? memory.bytes(network.id) : 0, scan);
			const place = (at) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, at)).length;
			try {
				const { count } = library.get("uncia_scan", scan);
				const { offset } = library.members("uncia_scan").get("texts");
				const stride = library.size("uncia_scanned");
				return Array.from({ length: count }, (_, i) => {
					const found = library.get("uncia_scanned", scan + offset + i * stride);
					return {
						kind: KINDS.get(found.kind),
						text: found.error ? null : library.string(found.text),
						error: found.error ? library.error(found.error) : null,
						begin: place(found.begin),
						end: place(found.end),
					};
				});
			} finally {
				library.call("uncia_scan_free", scan);
			}
		});
	}

	#parse(struct, name, text, network) {
		return this.library.scope((memory) => {
			const out = memory.struct(struct);
			this.library.must(name, memory.bytes(network.id), memory.text(text), out);
			return this.library.get(struct, out);
		});
	}

	parseRequest(text, network) {
		return requestOf(this.#parse("uncia_request", "uncia_request_parse", text, network));
	}

	parseContact(text, network) {
		return contactOf(this.#parse("uncia_contact", "uncia_contact_parse", text, network));
	}

	parseNotice(text, network) {
		const { id, memo } = this.#parse("uncia_notice", "uncia_notice_parse", text, network);
		return { id: hex(id), memo };
	}

	/** "I have paid", for a chat. */
	notice({ id, memo }, network) {
		return this.library.scope((memory) => {
			const bytes = memory.take(32);
			this.library.must("uncia_payment_id_parse", memory.text(id), bytes);
			const text = memory.take(321);
			const notice = memory.struct("uncia_notice", { id: this.library.copy(bytes, 32), memo: memo ?? "" });
			this.library.must("uncia_notice_format", memory.bytes(network.id), notice, text);
			return this.library.string(text);
		});
	}

	/** Verifies a receipt, offline: { payment, outputs, holds }. */
	verifyReceipt(text, network) {
		return this.library.scope((memory) => {
			const out = memory.take(4);
			this.library.must("uncia_receipt_verify", network.pointer, memory.text(text), out);
			const receipt = this.library.view().getUint32(out, true);
			try {
				const payment = this.receiptPayment(receipt);
				return { payment, outputs: this.receiptOutputs(receipt, payment.outputCount), holds: this.receiptHolds(receipt, payment.holdCount) };
			} finally {
				this.library.call("uncia_receipt_free", receipt);
			}
		});
	}

	/** Verifies the proof of a balance, an AccountProof in base64url or as bytes, offline: { balance, height }. whose: an address,
	 * or a hold's id. */
	verifyBalance(proof, whose, network) {
		const bytes = typeof proof === "string" ?
			Uint8Array.from(atob(proof.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)) : proof;
		return this.library.scope((memory) => {
			const out = memory.take(16);
			this.library.must("uncia_balance_verify", network.pointer, memory.text(whose), memory.bytes(bytes), bytes.length, out,
				out + 8);
			const view = this.library.view();
			return { balance: view.getBigUint64(out, true), height: Number(view.getBigUint64(out + 8, true)) };
		});
	}

	/* Who is paid by what a receipt of the library proves, and how much. */
	receiptOutputs(receipt, count) {
		return this.library.scope(({ take }) => {
			const address = take(128);
			const amount = take(8);
			return Array.from({ length: count }, (_, i) => {
				this.library.must("uncia_receipt_output", receipt, i, address, amount);
				return { address: this.library.string(address), amount: this.library.view().getBigUint64(amount, true) };
			});
		});
	}

	/* The holds that it opened. */
	receiptHolds(receipt, count) {
		return Array.from({ length: count }, (_, i) => this.library.scope(({ struct }) => {
			const hold = struct("uncia_hold");
			this.library.must("uncia_receipt_hold", receipt, i, hold);
			const { id, home, end, amount } = this.library.get("uncia_hold", hold);
			return { id, home, end: Number(end), amount };
		}));
	}

	/* What a receipt of the library proves. */
	receiptPayment(receipt) {
		return this.library.scope(({ struct }) => {
			const payment = struct("uncia_payment");
			this.library.must("uncia_receipt_payment", receipt, payment);
			return paymentOf(this.library, payment);
		});
	}

	/* Text that a function gave to its caller: read and freed. */
	takeText(out) {
		const pointer = this.library.view().getUint32(out, true);
		const text = this.library.string(pointer);
		this.library.call("uncia_text_free", pointer);
		return text;
	}
}
