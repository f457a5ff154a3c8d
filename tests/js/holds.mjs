/* Holds under keys, and claims, in the package for JavaScript against a network: node --test. UNCIA_CLOCK: the file by which the
 * validators' clocks are set. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import test from "node:test";
import { Watched, command, library, newWallet, uncia } from "./support.mjs";

const { MemoryStorage } = uncia;
const unit = 1000000n;

const coded = (name, words = /./) => (error) => {
	assert.equal(error.name, name, error.stack);
	assert.match(error.message, words);
	return true;
};

async function wallets(count) {
	const own = await library();
	const made = [];
	for (let i = 0; i < count; i++)
		made.push(await newWallet(own, new MemoryStorage()));
	await command("send", made[0].address(), "20");
	return [own, ...made];
}

const close = (...all) => Promise.all(all.map((wallet) => wallet.close()));
const spendable = async (...all) => (await Promise.all(all.map((wallet) => wallet.sync()))).map((balance) => balance.spendable);

test("a deposit is taken in parts, and the rest goes where its owner says", async () => {
	const [own, alice, bob, carol] = await wallets(3);
	assert.match(bob.holds.key, /^[0-9a-f]{64}$/);
	const began = Date.now() / 1000;
	const hold = await alice.holds.open({ taker: bob.holds.key, amount: 5n * unit, seconds: 1200, key: "room 7" });
	assert.deepEqual([hold.number, hold.amount, hold.balance, hold.state, hold.home, hold.sender],
		[0, 5n * unit, 5n * unit, "open", alice.address(), alice.address()]);
	assert.ok(Math.abs(hold.end - began - 1200) < 120, String(hold.end));
	assert.equal((await alice.holds.open({ taker: bob.holds.key, amount: 5n * unit, seconds: 1200, key: "room 7" })).id, hold.id);
	const { holdCount, outputCount, amount } = alice.payment(hold.opening);
	assert.deepEqual([holdCount, outputCount, amount], [1, 0, 5n * unit]);
	await assert.rejects(carol.holds.takeFrom(hold.opening), coded("UNCIA_E_NOT_FOUND", /under the key of this wallet/));
	const part = await bob.holds.takeFrom(hold.opening, { amount: 2n * unit, key: "night 1" });
	assert.deepEqual([part.state, part.sender, part.received, part.own], ["final", hold.id, 2n * unit, true]);
	assert.equal((await bob.holds.takeFrom(hold.opening, { amount: 2n * unit, key: "night 1" })).id, part.id);
	await assert.rejects(bob.holds.takeFrom(hold.opening, { amount: unit, key: "night 1" }), coded("UNCIA_E_KEY_REUSED"));
	await assert.rejects(bob.holds.takeFrom(hold.opening, { amount: 4n * unit, key: "night 2" }), coded("UNCIA_E_FUNDS"));
	await assert.rejects(bob.holds.giveBack(hold.opening), coded("UNCIA_E_END"));
	await bob.holds.takeFrom(hold.opening, { amount: unit, key: "night 2", to: carol.address() });
	const seen = await carol.holds.look(hold.opening);
	assert.deepEqual([seen.state, seen.balance, seen.amount, seen.left.map(({ payment }) => payment.amount)],
		["open", 2n * unit, 5n * unit, [unit, 2n * unit]]);
	assert.equal(seen.left[0].outputs[0].address, carol.address());
	const rest = await bob.holds.takeFrom(hold.opening, { to: alice.address() });
	assert.deepEqual([rest.state, rest.amount], ["final", 2n * unit]);
	assert.deepEqual(await spendable(alice, bob, carol), [17n * unit, 2n * unit, unit]);
	for (const wallet of [alice, bob])
		await assert.rejects(wallet.holds.giveBack(hold.opening), coded("UNCIA_E_FUNDS", /nothing is left/));
	await assert.rejects(bob.holds.takeFrom(hold.opening), coded("UNCIA_E_FUNDS", /taken back home/));
	const { holds: [entry, ...none], error } = await alice.holds.list();
	assert.deepEqual([entry.id, entry.state, entry.balance, entry.claim, none.length, error], [hold.id, "cancelled", 0n, null, 0, null]);
	const again = await alice.holds.open({ taker: bob.holds.key, amount: 5n * unit, seconds: 1200, key: "room 7" });
	assert.deepEqual([again.id, again.state, again.exists, again.balance], [hold.id, "cancelled", false, 0n]);
	await assert.rejects(alice.holds.look(hold.opening, { number: 1 }), coded("UNCIA_E_NOT_FOUND", /no hold of that number/));
	assert.equal(alice.holds.comingHome, 0);
	await close(alice, bob, carol);
});

test("a secret is shown for what was agreed, and holds stand beside outputs, for a contact, and under others' locks", async () => {
	const [own, alice, bob] = await wallets(2);
	const secret = randomBytes(32);
	const secretHash = createHash("sha256").update(secret).digest("hex");
	const hold = await alice.holds.open({ taker: bob.contact(), secretHash, amount: 2n * unit, seconds: 3600 });
	await assert.rejects(bob.holds.takeFrom(hold.opening), coded("UNCIA_E_NOT_FOUND", /asks for a secret/));
	await assert.rejects(bob.holds.takeFrom(hold.opening, { secret: randomBytes(32) }), coded("UNCIA_E_NOT_FOUND", /this secret/));
	await assert.rejects(bob.holds.takeFrom(hold.opening, { secret, agreed: 3n * unit }), coded("UNCIA_E_FUNDS"));
	assert.equal((await alice.holds.look(hold.opening)).left.length, 0); // and nobody has seen it
	const taken = await bob.holds.takeFrom(hold.opening, { secret: secret.toString("hex") });
	assert.deepEqual([taken.state, taken.received], ["final", 2n * unit]);
	const lock = own.made.holdLock(bob.holds.key, createHash("sha256").update("another").digest());
	assert.equal(own.made.holdLock(bob.holds.key, secretHash).length, 64);
	const { id } = await alice.pay({
		to: bob.address(),
		amount: 300000n,
		holds: [{ amount: 400000n, seconds: 3600, lock }, { amount: 500000n, taker: bob.holds.key }, { amount: 600000n, seconds: 3600 }],
		key: "all",
	});
	const { amount, outputCount, holdCount } = await alice.follow(id);
	assert.deepEqual([amount, outputCount, holdCount], [1800000n, 1, 3]);
	const { holds } = await alice.holds.list();
	assert.deepEqual(holds.map(({ number, state, amount, claim }) => [number, state, amount, Boolean(claim)]), [
		[0, "taken", 2n * unit, false], [0, "open", 400000n, false], [1, "open", 500000n, false], [2, "open", 600000n, true]]);
	assert.ok(Math.abs(holds[2].end - holds[1].end - 86400 + 3600) < 10);
	assert.equal((await bob.holds.takeFrom(id)).received, 500000n); // the one under his key
	assert.equal((await bob.takeClaim(holds[3].claim)).received, 600000n);
	assert.equal(await alice.holds.claimText(id, 2), holds[3].claim);
	await assert.rejects(alice.holds.open({ lock, amount: unit }), coded("UNCIA_E_LOCK_USED"));
	const bad = [
		[{ amount: unit, taker: "nobody" }, "UNCIA_E_ENCODING", /taker/],
		[{ amount: unit, taker: 7 }, "UNCIA_E_ARGUMENT", /taker/],
		[{ amount: unit, taker: "00".repeat(32) }, "UNCIA_E_SIGNATURE"],
		[{ amount: unit, taker: bob.contact().slice(0, -1) }, "UNCIA_E_CHANGED", /taker/],
		[{ amount: unit, secretHash }, "UNCIA_E_ARGUMENT", /taker/],
		[{ amount: unit, taker: bob.holds.key, secretHash: "12" }, "UNCIA_E_ARGUMENT", /hash of the secret/],
		[{ amount: unit, lock: new Uint8Array(31) }, "UNCIA_E_ARGUMENT", /lock/],
		[{ amount: 1, taker: bob.holds.key }, "UNCIA_E_ARGUMENT", /amount/],
		[{ amount: unit, taker: bob.holds.key, seconds: 60 }, "UNCIA_E_END"],
		[{ amount: unit, taker: bob.holds.key, seconds: 2 ** 40 }, "UNCIA_E_END"],
		[{ amount: unit, taker: bob.holds.key, home: "unc1x" }, "UNCIA_E_ADDRESS"],
		[{ amount: 100n * unit, taker: bob.holds.key }, "UNCIA_E_FUNDS"],
	];
	for (const [wish, name, words] of bad)
		await assert.rejects(alice.holds.open(wish), coded(name, words), JSON.stringify(wish, (_, v) => String(v)));
	const plain = await alice.pay({ to: bob.address(), amount: 10000n });
	await alice.follow(plain.id);
	await assert.rejects(bob.holds.takeFrom(plain.id), coded("UNCIA_E_NOT_FOUND"));
	assert.deepEqual(await spendable(alice, bob), [20n * unit - 2n * unit - 1800000n - 10000n, 2n * unit + 300000n + 1100000n + 10000n]);
	await close(alice, bob);
	const locked = await own.made.open({ storage: await homeOf(own), network: own.network });
	assert.throws(() => locked.holds.key, coded("UNCIA_E_LOCKED"));
	await locked.close();
});

async function homeOf({ made }) {
	const storage = new MemoryStorage();
	await made.create({ storage, words: made.makeWords(), passphrase: "a", kdfMemory: 8 << 20, kdfPasses: 1 });
	return storage;
}

test("a claim is for the first who takes it, once, and its maker's take cancels it", async () => {
	const [own, alice, bob, carol] = await wallets(3);
	const text = await alice.makeClaim({ amount: unit, key: "gift", memo: "for you" });
	const first = await bob.takeClaim(text);
	assert.deepEqual([first.state, first.received], ["final", unit]);
	assert.equal((await bob.takeClaim(text)).id, first.id); // and not a second time
	await assert.rejects(carol.takeClaim(text), coded("UNCIA_E_FUNDS", /somebody else/));
	await assert.rejects(alice.takeClaim(text), coded("UNCIA_E_FUNDS"));
	assert.deepEqual([(await carol.lookClaim(text)).state, (await alice.lookClaim(text)).left[0].payment.id], ["taken", first.id]);
	const back = await alice.makeClaim({ amount: unit });
	await alice.takeClaim(back);
	assert.equal((await bob.lookClaim(back)).state, "cancelled");
	/* Two of one program are one take; of two people one has it, and the other is told before his take expires. */
	const twice = await alice.makeClaim({ amount: unit });
	const [one, two] = await Promise.all([bob.takeClaim(twice), bob.takeClaim(twice)]);
	assert.equal(one.id, two.id);
	const race = await alice.makeClaim({ amount: unit });
	const began = performance.now();
	const ends = await Promise.allSettled([bob.takeClaim(race), carol.takeClaim(race)]);
	assert.deepEqual(ends.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
	coded("UNCIA_E_FUNDS")(ends.find(({ status }) => status === "rejected").reason);
	assert.ok(performance.now() - began < 60000);
	const sums = await spendable(alice, bob, carol);
	assert.equal(sums[0], 17n * unit);
	assert.equal(sums[1] + sums[2], 3n * unit);
	await assert.rejects(bob.takeClaim(`${text.slice(0, -1)}${text.endsWith("q") ? "p" : "q"}`), coded("UNCIA_E_CHANGED"));
	/* Whoever waits for a payment that nobody knows can leave. */
	const leave = new AbortController();
	const waits = bob.holds.look("ffffffff".padEnd(64, "2"), { signal: leave.signal });
	leave.abort();
	await assert.rejects(waits, { name: "AbortError" });
	await close(alice, bob, carol);
});

test("what is asked of several holds at once is answered for each", async () => {
	const [, alice, bob] = await wallets(2);
	const texts = [];
	for (let i = 1n; i <= 6n; i++)
		texts.push(await alice.makeClaim({ amount: i * 100000n }));
	for (let turn = 0; turn < 3; turn++) {
		const seen = await Promise.all(texts.map((text) => bob.lookClaim(text)));
		assert.deepEqual(seen.map(({ balance }) => balance), texts.map((_, i) => BigInt(i + 1) * 100000n));
	}
	/* One that is left in the middle is not the next one's answer. */
	const leave = new AbortController();
	const left = assert.rejects(bob.lookClaim(texts[0], { signal: leave.signal }), { name: "AbortError" });
	const next = bob.lookClaim(texts[5]);
	setImmediate(() => leave.abort());
	await left;
	assert.equal((await next).balance, 600000n);
	const taken = await Promise.all(texts.map((text) => bob.takeClaim(text)));
	assert.deepEqual(taken.map(({ state, received }) => [state, received]), texts.map((_, i) => ["final", BigInt(i + 1) * 100000n]));
	assert.deepEqual(await spendable(bob), [2100000n]);
	await close(alice, bob);
});

test("a take that is not durable does not leave, and goes on when the wallet is opened again", async () => {
	const [own, alice] = await wallets(1);
	const storage = new MemoryStorage();
	const watched = new Watched(storage);
	let bob = await newWallet(own, watched);
	const hold = await alice.holds.open({ taker: bob.holds.key, amount: unit, seconds: 3600 });
	await bob.holds.look(hold.opening);
	for (const failing of [1, 2]) {
		const begun = watched.writes;
		watched.before = async () => {
			if (watched.writes >= begun + failing)
				throw new Error("the disk is full");
		};
		await assert.rejects(bob.holds.takeFrom(hold.opening), coded("UNCIA_E_IO", /the disk is full/));
		watched.before = async () => {};
		await bob.close();
		bob = await own.made.open({ storage, network: own.network, passphrase: "correct horse battery staple" });
		if (failing === 1) {
			assert.equal((await alice.holds.look(hold.opening)).balance, unit);
			assert.equal(bob.pending().length, 0);
			await bob.close();
			bob = await own.made.open({ storage: watched, network: own.network, passphrase: "correct horse battery staple" });
		}
	}
	const taken = await bob.holds.takeFrom(hold.opening);
	assert.equal(taken.state, "final");
	assert.deepEqual(await spendable(bob), [unit]);
	assert.equal((await alice.holds.look(hold.opening)).left.length, 1);
	await close(alice, bob);
});

test("without the network a list is what the home knows, and says so", async () => {
	const [own, alice] = await wallets(1);
	const storage = new MemoryStorage();
	let bob = await newWallet(own, storage);
	await command("send", bob.address(), "3");
	const text = await bob.makeClaim({ amount: unit, key: "c" });
	await bob.close();
	const nowhere = own.made.network((await (await import("node:fs/promises")).readFile(process.env.UNCIA_NETWORK, "utf8")).replace(/127\.0\.0\.1:\d+$/gm, "127.0.0.1:9"));
	bob = await own.made.open({ storage, network: nowhere, passphrase: "correct horse battery staple", requestTimeout: 500 });
	const { holds: [entry], error } = await bob.holds.list();
	assert.deepEqual([error.name, entry.state, entry.amount, entry.balance, entry.claim], ["UNCIA_E_UNREACHABLE", "unknown", unit, undefined, text]);
	await assert.rejects(bob.holds.look(entry.opening), coded("UNCIA_E_UNREACHABLE"));
	await assert.rejects(bob.takeClaim(text), coded("UNCIA_E_UNREACHABLE"));
	await assert.rejects(bob.holds.open({ taker: bob.holds.key, amount: unit }), coded("UNCIA_E_UNREACHABLE"));
	await close(alice, bob);
});

/* The last one: it moves the validators' clocks. */
test("after its end a hold is taken by nobody, and goes home by whoever asks", async () => {
	const [own, alice, bob] = await wallets(2);
	const hold = await alice.holds.open({ taker: bob.holds.key, amount: 2n * unit, seconds: 600 });
	const left = await alice.makeClaim({ amount: unit, seconds: 600 });
	const address = alice.address();
	assert.deepEqual(await spendable(alice), [17n * unit]);
	const words = await alice.words("correct horse battery staple");
	await alice.close(); // an open one would bring it home by itself
	const { timestamp } = await bob.sync().then(() => bob.holds.look(hold.opening)).then(({ time }) => ({ timestamp: time }));
	await writeFile(`${process.env.UNCIA_CLOCK}.fresh`, "+11m\n");
	await rename(`${process.env.UNCIA_CLOCK}.fresh`, process.env.UNCIA_CLOCK);
	let carol = null;
	for (;;) { // blocks of the new time
		await carol?.close();
		carol = await newWallet(own, new MemoryStorage());
		const { state, time } = await carol.holds.look(hold.opening);
		if (state === "ended")
			break;
		assert.ok(time < timestamp + 660000);
	}
	await bob.close();
	const dave = await newWallet(own, new MemoryStorage());
	await assert.rejects(dave.takeClaim(left), coded("UNCIA_E_END", /goes home/));
	const done = await carol.holds.giveBack(hold.opening);
	assert.deepEqual([done.state, done.sender, done.amount, done.to], ["final", hold.id, 2n * unit, address]);
	assert.equal((await dave.holds.giveBack(hold.opening)).id, done.id);
	assert.equal((await dave.holds.look(hold.opening)).state, "returned");
	/* Its owner, restored from the words, has the list again, and brings home the rest by being open. */
	const again = await newWallet(own, new MemoryStorage(), words);
	const states = async () => (await again.holds.list()).holds.map(({ state }) => state);
	let [first, second] = await states();
	assert.equal(first, "returned");
	while (second === "ended")
		[, second] = await states();
	assert.equal(second, "returned");
	assert.deepEqual(await spendable(again), [20n * unit]);
	await close(carol, dave, again);
});
