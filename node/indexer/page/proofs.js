/* Receipts and proofs, verified by libuncia in the page. It is loaded when something is to be verified for the first time;
 * a server need not have it, and then nothing is called proved. */
let loading = null;

async function load() {
	let module;
	try {
		module = await import("./lib/browser.js");
	} catch {
		return { why: "this server has no libuncia for browsers" };
	}
	try {
		const [uncia, file] = await Promise.all([module.load(), fetch("network.conf", { cache: "no-store" })]);
		if (!file.ok)
			return { why: `the network file cannot be had: ${file.status}` };
		return { uncia, network: uncia.network(await file.text()) };
	} catch (error) {
		return { why: String(error?.message ?? error) };
	}
}

/** { uncia, network }, or { why } where nothing can be verified here. */
export function verifier() {
	loading ??= load();
	return loading;
}

/* An amount of the API, "0.500000", in micro-units. */
const micros = (text) => BigInt(text.replace(".", ""));

const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** What does not agree between a payment as the API shows it and what its receipt proves; null: all of it does. */
export async function verifyReceipt(text, shown) {
	const { uncia, network, why } = await verifier();
	if (why)
		return { unverified: why };
	let proved;
	try {
		proved = uncia.verifyReceipt(text, network);
	} catch (error) {
		return { wrong: `its receipt does not hold: ${error.message}` };
	}
	const { payment, outputs, holds } = proved;
	const same = {
		id: payment.id === shown.id,
		place: payment.height === BigInt(shown.height) && payment.index === shown.index,
		time: payment.timestamp === shown.timestamp_ms,
		sender: payment.sender === shown.sender,
		expiry: payment.expiresAt === shown.expires,
		amount: payment.amount === micros(shown.amount) && outputs.every((output, i) => output.amount === micros(shown.outputs[i]?.amount ?? "0")),
		receiver: outputs.length === shown.outputs.length && outputs.every((output, i) => output.address === shown.outputs[i].destination),
		hold: holds.length === shown.holds.length && holds.every((hold, i) => hold.id === shown.holds[i].id && hold.home === shown.holds[i].home &&
			hold.end === shown.holds[i].end && hold.amount === micros(shown.holds[i].amount)),
		memo: (payment.memoHash === null ? null : hexOf(payment.memoHash)) === shown.memo_hash,
	};
	const differs = Object.keys(same).find((name) => !same[name]);
	return differs ? { wrong: `its receipt proves another ${differs} than is shown` } : { proved: payment };
}

/** The same of an account's balance. */
export async function verifyBalance(proof, account) {
	const { uncia, network, why } = await verifier();
	if (why)
		return { unverified: why };
	if (!uncia.verifyBalance)
		return { unverified: "this libuncia verifies no balances" };
	try {
		return { proved: uncia.verifyBalance(proof, account.address, network) };
	} catch (error) {
		return { wrong: `its proof does not hold: ${error.message}` };
	}
}
