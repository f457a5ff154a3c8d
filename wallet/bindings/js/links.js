/* Connections of a wallet to validators: driving by bytes (uncia/driving.h). What makes a connection is the platform's:
 *
 *	connect({ host, port, url }, { opened(), received(bytes), drained(), closed() }) -> { write(bytes), pending(), close() }
 *
 * It may call `closed` only behind its own return, and nothing behind that. pending: bytes that were not sent yet. */
import { uncia_error as E } from "./constants.js";
import { UnciaError } from "./library.js";

const CONNECT_MS = 10000;
const PENDING_MAX = 256 * 1024;

export class Links {
	#library;
	#wallet;
	#connect;
	#moved;
	#failed;
	#ends;
	#links = new Map();

	/** moved(): something has come, or ended. failed(error): the library has ended, as a connection called it. */
	constructor(library, wallet, network, connect, { moved, failed }) {
		this.#library = library;
		this.#wallet = wallet;
		this.#connect = connect;
		this.#moved = moved;
		this.#failed = failed;
		this.#ends = network.validators;
	}

	/** Connects, writes and closes what the wallet wants to be. */
	pump() {
		for (let i = 0; i < this.#ends.length; i++) {
			const wanted = this.#library.call("uncia_wallet_link_wanted", this.#wallet, i);
			const link = this.#links.get(i);
			if (wanted && !link)
				this.#open(i);
			else if (!wanted && link)
				this.#end(i, 0);
			else if (link?.open)
				this.#write(i, link);
		}
	}

	close() {
		for (const [i, link] of this.#links) {
			this.#links.delete(i);
			clearTimeout(link.timer);
			link.connection?.close();
		}
	}

	#open(i) {
		const link = { open: false, connection: null, timer: null };
		/* Nobody is there to catch what one of these throws. */
		const guarded = (body) => (...values) => {
			try {
				if (this.#links.get(i) === link)
					body(...values);
			} catch (error) {
				this.#failed(error);
			}
		};
		this.#links.set(i, link);
		link.timer = setTimeout(guarded(() => this.#end(i, E.UNCIA_E_UNREACHABLE)), CONNECT_MS);
		const handlers = {
			opened: guarded(() => {
				clearTimeout(link.timer);
				const result = this.#library.call("uncia_wallet_link_opened", this.#wallet, i);
				link.open = result === 0;
				if (result)
					this.#end(i, result);
				this.#moved();
			}),
			received: guarded((bytes) => this.#feed(i, bytes)),
			drained: guarded(() => this.#moved()),
			closed: guarded(() => this.#end(i, link.open ? E.UNCIA_E_CLOSED : E.UNCIA_E_UNREACHABLE)),
		};
		try {
			link.connection = this.#connect(this.#ends[i], handlers);
		} catch {
			this.#end(i, E.UNCIA_E_UNREACHABLE);
		}
	}

	#feed(i, bytes) {
		let result;
		try {
			result = this.#library.scope((memory) =>
				this.#library.call("uncia_wallet_link_feed", this.#wallet, i, memory.bytes(bytes), bytes.length));
		} catch (error) {
			if (!(error instanceof UnciaError))
				throw error;
			result = error.code; // no memory: of a stream no piece can be left out
		}
		if (result)
			this.#end(i, result);
		this.#moved();
	}

	#write(i, link) {
		while (link.connection.pending() < PENDING_MAX) {
			const output = this.#library.scope(({ take }) => {
				const out = take(8);
				if (this.#library.call("uncia_wallet_link_output", this.#wallet, i, out, out + 4))
					return null;
				const view = this.#library.view();
				return this.#library.copy(view.getUint32(out, true), view.getUint32(out + 4, true));
			});
			if (!output || output.length === 0)
				return;
			link.connection.write(output);
			this.#library.call("uncia_wallet_link_taken", this.#wallet, i, output.length);
		}
	}

	#end(i, error) {
		const link = this.#links.get(i);
		this.#links.delete(i);
		clearTimeout(link.timer);
		link.connection?.close();
		this.#library.call("uncia_wallet_link_closed", this.#wallet, i, error);
		this.#moved();
	}
}

/** Connections by WebSocket, of the browser's class or one like it. */
export function byWebSocket(WebSocket) {
	return ({ url }, handlers) => {
		if (!url)
			throw new Error("the network file names no WebSocket of this validator");
		const socket = new WebSocket(url);
		let waiting = null;
		socket.binaryType = "arraybuffer";
		socket.onopen = () => handlers.opened();
		socket.onmessage = ({ data }) => {
			if (typeof data === "string")
				socket.close(); // no validator sends text
			else
				handlers.received(new Uint8Array(data));
		};
		socket.onerror = () => {}; // `close` follows
		socket.onclose = () => {
			clearInterval(waiting);
			handlers.closed();
		};
		return {
			write(bytes) {
				socket.send(bytes);
				/* There is no event for it. */
				waiting ??= setInterval(() => {
					if (socket.bufferedAmount > 0)
						return;
					clearInterval(waiting);
					waiting = null;
					handlers.drained();
				}, 50);
			},
			pending: () => socket.bufferedAmount,
			close() {
				clearInterval(waiting);
				socket.onopen = socket.onmessage = socket.onclose = null;
				socket.close();
			},
		};
	};
}
