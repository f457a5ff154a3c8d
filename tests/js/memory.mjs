/* The package for JavaScript where the module's memory ends: a wallet tells it, goes on, and shows no payment as another's. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { LIGHT, PASSPHRASE, command, library, newWallet, root, uncia } from "./support.mjs";

const { MemoryStorage } = uncia;
const PAGES = 640; // of 64 KiB

/* An unsigned LEB128 number: [value, how many bytes it has]. */
function leb(bytes, at) {
	let [value, size, byte] = [0, 0, 0];
	do {
		byte = bytes[at + size];
		value |= (byte & 127) << (7 * size++);
	} while (byte & 128);
	return [value >>> 0, size];
}

/* The module with a maximum of so many pages: in its memory section, in as many bytes as it had. */
function limited(wasm, pages) {
	const bytes = Uint8Array.from(wasm);
	for (let at = 8; at < bytes.length; ) {
		const id = bytes[at];
		const [length, size] = leb(bytes, at + 1);
		at += 1 + size;
		if (id === 5) {
			assert.deepEqual([bytes[at], bytes[at + 1]], [1, 1]); // one memory, with a maximum
			const [least, skip] = leb(bytes, at + 2);
			const [, room] = leb(bytes, at + 2 + skip);
			assert.ok(least <= pages);
			for (let i = 0; i < room; i++)
				bytes[at + 2 + skip + i] = ((pages >> (7 * i)) & 127) | (i < room - 1 ? 128 : 0);
			return bytes;
		}
		at += length;
	}
	throw new Error("it has no memory section");
}

/* Takes all memory but a block of so many bytes. Returns what gives it back. */
function fill(made, left) {
	const call = (name, ...values) => made.library.call(name, ...values);
	const reserve = call("malloc", left);
	const taken = [];
	for (let size = 1 << 22; size >= 16; size >>= 1)
		for (let pointer; (pointer = call("malloc", size)); )
			taken.push(pointer);
	call("free", reserve);
	return () => taken.splice(0).forEach((pointer) => call("free", pointer));
}

/* Links that ended are made anew after a pause: until then nobody is reached. */
async function reached(ask) {
	for (;;) {
		try {
			return await ask();
		} catch (error) {
			if (error.name !== "UNCIA_E_UNREACHABLE")
				throw error;
		}
	}
}

const LACKING = ["UNCIA_E_MEMORY", "UNCIA_E_UNREACHABLE", "UNCIA_E_PROOF"]; // links end where there is no memory for what comes

test("where memory ends, a payment is told as what it is, or not made, and the wallet goes on", async () => {
	const wasm = limited(await readFile(join(root, "uncia.wasm")), PAGES);
	const own = await library({ wasm });
	const bob = await newWallet(await library(), new MemoryStorage());
	const to = bob.address();
	const storage = new MemoryStorage();
	await own.made.create({ storage, words: own.made.makeWords(), passphrase: PASSPHRASE, ...LIGHT });
	const open = () => own.made.open({ storage, network: own.network, passphrase: PASSPHRASE, requestTimeout: 1000 });
	let alice = await open();
	await command("send", alice.address(), "5");
	let [amount, paid, refused, made] = [10000n, 0n, 0, 0];
	const told = new Set();
	for (const left of [0, 1000, 8000, 64000, 128000, 144000, 160000, 168000, 176000, 180000, 184000, 188000, 190000, 192000, 194000, 196000, 198000, 200000, 204000, 208000, 216000, 256000, 512000])
		for (const fresh of [false, true]) {
			if (fresh) {
				await alice.close();
				alice = await open();
			}
			const wishes = [`${left}-${fresh}-a`, `${left}-${fresh}-b`, undefined].map((key) => ({ to, amount: amount++, key }));
			alice.on("error", (error) => told.add(error.name));
			const giveBack = fill(own.made, left);
			const ends = await Promise.allSettled(wishes.map((wish) => alice.pay(wish)));
			giveBack();
			for (const [i, { status, value, reason }] of ends.entries()) {
				if (status === "fulfilled") {
					assert.equal(value.amount, wishes[i].amount);
					assert.equal((await alice.follow(value.id)).state, "final");
					paid += value.amount;
					made++;
					continue;
				}
				assert.ok(LACKING.includes(reason.name), reason.stack);
				refused++;
				if (wishes[i].key === undefined)
					continue; // it is none, for ever
				const again = await reached(() => alice.pay(wishes[i]));
				assert.equal(again.amount, wishes[i].amount);
				assert.equal((await alice.follow(again.id)).state, "final");
				paid += again.amount;
			}
			assert.equal(alice.pending().length, 0);
			assert.equal((await reached(() => alice.sync())).spendable, 5000000n - paid);
		}
	assert.equal((await bob.sync()).balance, paid);
	assert.ok(refused > 10 && made > 10, `${refused} refused, ${made} made`);
	assert.ok([...told].every((name) => name === "UNCIA_E_MEMORY"), [...told].join());
	await Promise.all([alice.close(), bob.close()]);
});

test("where memory ends, what is asked fails with that, or is answered, and nothing waits for ever", async () => {
	const wasm = limited(await readFile(join(root, "uncia.wasm")), PAGES);
	const own = await library({ wasm });
	const other = await library();
	const storage = new MemoryStorage();
	await (await newWallet(own, storage)).close();
	const alice = await own.made.open({ storage, network: own.network, passphrase: PASSPHRASE, requestTimeout: 1000 });
	const bob = await newWallet(other, new MemoryStorage());
	await command("send", alice.address(), "5");
	await alice.sync();
	const text = await alice.makeClaim({ amount: 100000n });
	const { id } = await alice.pay({ to: bob.address(), amount: 10000n });
	await alice.follow(id);
	await bob.close();
	const list = async () => {
		const { holds, error } = await alice.holds.list();
		if (error)
			throw error;
		return holds;
	};
	const questions = [() => alice.sync(), () => alice.history(), () => alice.lookClaim(text), list, () => alice.follow(id)];
	for (const left of [0, 1000, 4000, 16000, 64000, 128000, 256000, 512000]) {
		const giveBack = fill(own.made, left);
		const ends = await Promise.allSettled(questions.map((ask) => ask()));
		giveBack();
		for (const { status, reason } of ends)
			assert.ok(status === "fulfilled" || LACKING.includes(reason.name), reason?.stack);
		const [balance, page, claim, holds, payment] = await Promise.all(questions.map((ask) => reached(ask)));
		assert.deepEqual([balance.spendable, page.entries.length, page.complete, claim.balance, holds.length, payment.state],
			[4890000n, 3, true, 100000n, 1, "final"]);
	}
	await alice.close();
});
