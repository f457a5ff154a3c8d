/* The package for JavaScript against a network: node --test. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test from "node:test";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { LIGHT, PASSPHRASE, Watched, WebSocket, command, library, newWallet, root, uncia } from "./support.mjs";

const { DirectoryStorage, MemoryStorage } = uncia;
const folder = await mkdtemp(join(process.env.UNCIA_SCRATCH ?? tmpdir(), "uncia-js-"));
const places = { count: 0 };
const place = () => join(folder, `home-${places.count++}`);

/* Children run one after the other, and end. */
function child(...words) {
	return new Promise((resolve) => {
		const process_ = spawn(process.execPath, [join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "payer.mjs"), ...words]);
		let out = "";
		let wrong = "";
		process_.stdout.on("data", (part) => (out += part));
		process_.stderr.on("data", (part) => (wrong += part));
		process_.on("close", (code, signal) => resolve({ code, signal, out, wrong }));
	});
}

async function holder(directory) {
	const process_ = spawn(process.execPath, [new URL("./payer.mjs", import.meta.url).pathname, directory]);
	await new Promise((resolve, reject) => {
		createInterface(process_.stdout).once("line", resolve);
		process_.once("close", () => reject(new Error("it ended")));
	});
	return {
		pid: process_.pid,
		kill: () => new Promise((resolve) => {
			process_.removeAllListeners("close");
			process_.once("close", resolve);
			process_.kill("SIGKILL");
		}),
	};
}

const coded = (name) => (error) => {
	assert.equal(error.name, name, error.stack);
	assert.equal(error.code, uncia.errors[name]);
	return true;
};

for (const [way, options] of [["WebSocket", { WebSocket }], ["TCP", {}]])
	test(`two wallets pay each other by ${way}`, async () => {
		const own = await library(options);
		const [alice, bob] = [await newWallet(own, new DirectoryStorage(place())), await newWallet(own, new MemoryStorage())];
		const seen = [];
		alice.on("payment", (payment) => seen.push(payment.state));
		const watch = bob.watch("chat");
		await watch.ready;
		await command("send", alice.address(), "5");
		const made = own.made;
		const paid = await alice.pay({ to: bob.address(), amount: made.amount("0.50"), key: "m1", memo: "tea", tag: "chat 7" });
		assert.equal(paid.state, "pending");
		assert.equal(paid.own, true);
		const ended = await alice.follow(paid.id);
		assert.equal(ended.state, "final");
		assert.equal(ended.memo, "tea");
		assert.equal(new TextDecoder().decode(ended.tag), "chat 7");
		assert.ok(seen.includes("final"));
		const { value: incoming } = await watch.next();
		assert.equal(incoming.payment.id, paid.id);
		assert.equal(incoming.payment.sender, alice.address());
		assert.deepEqual([incoming.direction, incoming.amount, incoming.outputs], ["in", 500000n, [{ address: bob.address(), amount: 500000n }]]);
		await incoming.acknowledge();
		/* Back, by a request. */
		const [{ kind, text, error, begin, end }, ...none] = made.scan(`für dich: ${alice.request({ amount: 200000n, memo: "rest" })} 🙂`, own.network);
		assert.deepEqual([kind, error, begin, none.length], ["request", null, 10, 0]);
		assert.equal(end - begin, text.length);
		const request = made.parseRequest(text, own.network);
		assert.deepEqual([request.amount, request.memo, request.checked], [200000n, "rest", true]);
		const [asked, plain] = [made.parseAddress(request.address), made.parseAddress(alice.address())];
		assert.deepEqual([asked.account, plain.reference, asked.reference.length], [plain.account, null, 16]);
		const back = await bob.pay({ to: request.address, amount: request.amount, key: request.key });
		assert.equal((await bob.follow(back.id)).state, "final");
		assert.equal((await bob.sync()).spendable, 300000n);
		assert.equal((await alice.sync()).spendable, 4700000n);
		/* The same key is the same payment; another one under it is refused; more than there is, too. */
		assert.equal((await bob.pay({ to: request.address, amount: request.amount, key: request.key })).id, back.id);
		await assert.rejects(bob.pay({ to: request.address, amount: 1n, key: request.key }), coded("UNCIA_E_KEY_REUSED"));
		await assert.rejects(bob.pay({ to: request.address, amount: 300001n }), coded("UNCIA_E_FUNDS"));
		await assert.rejects(bob.pay({ to: "unc1nobody", amount: 10000n }), coded("UNCIA_E_ADDRESS"));
		await assert.rejects(bob.pay({ to: request.address, amount: 0.5 }), coded("UNCIA_E_ARGUMENT"));
		assert.equal((await bob.sync()).spendable, 300000n);
		/* Receipts and history. */
		const verified = made.verifyReceipt(alice.receipt(paid.id), own.network);
		assert.deepEqual([verified.payment.id, verified.outputs[0].amount], [paid.id, 500000n]);
		const receipt = alice.receipt(paid.id);
		const spoilt = receipt.slice(0, 200) + (receipt[200] === "q" ? "p" : "q") + receipt.slice(201);
		assert.throws(() => made.verifyReceipt(spoilt, own.network), coded("UNCIA_E_CHANGED"));
		const pages = [];
		for (let before = null; ; ) {
			const page = await alice.history({ limit: 2, before });
			pages.push(...page.entries);
			before = page.next;
			if (!before)
				break;
		}
		assert.deepEqual(pages.map(({ direction, amount }) => [direction, amount]), [["in", 200000n], ["out", 500000n], ["in", 5000000n]]);
		assert.equal(alice.byKey("m1").id, paid.id);
		assert.equal(alice.byKey("m2"), null);
		const notice = made.parseNotice(made.notice({ id: paid.id, memo: "tea" }, own.network), own.network);
		assert.deepEqual(notice, { id: paid.id, memo: "tea" });
		const contact = made.parseContact(bob.contact("xmpp:bob@example.org"), own.network);
		assert.deepEqual(contact, { address: bob.address(), handle: "xmpp:bob@example.org", key: bob.holds.key });
		/* Who is who, and what he says. */
		const [toBob, toAlice] = [{ own: "xmpp:alice@example.org", handle: "xmpp:bob@example.org" },
			{ own: "xmpp:bob@example.org", handle: "xmpp:alice@example.org" }];
		const text1 = bob.contact("xmpp:bob@example.org");
		assert.equal(alice.people.pinned(toBob), null);
		assert.equal(alice.people.checkContact(toBob, text1).verdict, "new");
		await assert.rejects(alice.people.pin({ ...toBob, handle: "xmpp:mallory@example.org" }, text1), coded("UNCIA_E_SIGNATURE"));
		await alice.people.pin(toBob, text1);
		assert.equal(alice.people.checkContact(toBob, text1).verdict, "pinned");
		assert.equal(alice.people.pinned(toBob).address, bob.address());
		const strange = alice.people.checkContact({ ...toBob, handle: "xmpp:mallory@example.org" }, text1);
		assert.deepEqual([strange.verdict, strange.other], ["elsewhere", "xmpp:bob@example.org"]);
		assert.throws(() => alice.people.checkContact(toBob, `${text1.slice(0, -1)}${text1.endsWith("q") ? "p" : "q"}`), coded("UNCIA_E_CHANGED"));
		const asking = alice.people.checkRequest(toBob, bob.request({ amount: 10000n }));
		assert.deepEqual([asking.verdict, asking.request.amount, asking.taken], ["pinned", 10000n, null]);
		assert.equal(alice.people.checkRequest({ ...toBob, handle: "xmpp:carol@example.org" }, bob.request({ amount: 10000n })).verdict, "unpinned");
		await bob.people.pin(toAlice, alice.contact("xmpp:alice@example.org"));
		const said = made.notice({ id: paid.id, memo: "tea" }, own.network);
		const told = [];
		for await (const result of bob.people.checkNotice(toAlice, { notice: said }))
			told.push(result);
		assert.deepEqual([told.at(-1).verdict, told.at(-1).amount, told.at(-1).memo], ["paid", 500000n, "tea"]);
		assert.equal(told.at(-1).sender, alice.address());
		await bob.people.acknowledgeNotice(paid.id);
		for await (const result of bob.people.checkNotice(toAlice, { notice: said }))
			assert.equal(result.verdict, "again");
		const lies = async (peer, query) => {
			let last = null;
			for await (const result of bob.people.checkNotice(peer, query))
				last = result;
			return last.verdict;
		};
		assert.equal(await lies({ ...toAlice, handle: "xmpp:mallory@example.org" }, { notice: said }), "repeated");
		assert.equal(await lies(toAlice, { notice: made.notice({ id: back.id }, own.network) }), "not_to_me");
		await alice.people.unpin(toBob);
		assert.equal(alice.people.pinned(toBob), null);
		await alice.pin("bob", contact.address);
		await alice.pin("bob", contact.address);
		await assert.rejects(alice.pin("bob", alice.address()), coded("UNCIA_E_EXISTS"));
		await assert.rejects(alice.pin("b\u043eb", alice.address()), coded("UNCIA_E_ALIKE")); // a Cyrillic o
		assert.deepEqual([alice.pinned("bob"), alice.pinned("carol")], [bob.address(), null]);
		/* Many at once: events of orders are told apart. */
		const many = await Promise.all(Array.from({ length: 8 }, (_, i) =>
			alice.pay({ to: bob.address(), amount: 10000n + BigInt(i), key: `many-${i}` })));
		assert.equal(new Set(many.map(({ id }) => id)).size, 8);
		many.forEach(({ amount }, i) => assert.equal(amount, 10000n + BigInt(i)));
		for (const { id } of many)
			assert.equal((await alice.follow(id)).state, "final");
		for (let i = 0; i < many.length; i++) {
			const { value } = await watch.next();
			assert.ok(many.some(({ id }) => id === value.payment.id));
			if (i === many.length - 1)
				await value.acknowledge(); // and all before it
		}
		/* Whoever waits for what does not come can leave, and closing tells the others. */
		const leave = new AbortController();
		const nobody = alice.follow("ffffffff".padEnd(64, "0"), { signal: leave.signal });
		leave.abort();
		await assert.rejects(nobody, { name: "AbortError" });
		const waits = alice.follow("ffffffff".padEnd(64, "1"));
		const closed = assert.rejects(waits, coded("UNCIA_E_CLOSED"));
		await Promise.all([alice.close(), alice.close(), bob.close()]);
		await closed;
		assert.equal((await watch.next()).done, true);
		assert.throws(() => alice.address(), coded("UNCIA_E_ARGUMENT"));
	});

test("somebody who has not joined takes a claim, once", async () => {
	const own = await library();
	const alice = await newWallet(own, new DirectoryStorage(place()));
	await command("send", alice.address(), "5");
	const text = await alice.makeClaim({ amount: 1250000n, seconds: 3600, key: "gift" });
	assert.equal(await alice.makeClaim({ amount: 1250000n, seconds: 3600, key: "gift" }), text);
	assert.equal(own.made.scan(`for you: ${text}`, own.network)[0].kind, "claim");
	assert.equal((await alice.sync()).spendable, 3750000n);
	const carol = await newWallet(own, new MemoryStorage());
	const seen = await carol.lookClaim(text);
	assert.deepEqual([seen.sender, seen.amount, seen.balance], [alice.address(), 1250000n, 1250000n]);
	assert.equal((await carol.takeClaim(text)).state, "final");
	assert.equal((await carol.sync()).spendable, 1250000n);
	assert.equal((await alice.lookClaim(text)).balance, 0n);
	const dave = await newWallet(own, new MemoryStorage());
	await assert.rejects(dave.takeClaim(text), coded("UNCIA_E_FUNDS"));
	await assert.rejects(dave.takeClaim(`${text.slice(0, -1)}${text.endsWith("q") ? "p" : "q"}`), coded("UNCIA_E_CHANGED"));
	await Promise.all([alice.close(), carol.close(), dave.close()]);
});

test("what was not acknowledged is told again, in order, after the program was closed", async () => {
	const own = await library();
	const directory = place();
	let bob = await newWallet(own, new DirectoryStorage(directory));
	await bob.watch("chat").ready;
	const address = bob.address();
	await command("send", address, "1");
	await command("send", address, "2");
	const amounts = [];
	for (let turn = 0; turn < 3; turn++) {
		await bob.close();
		bob = await own.made.open({ storage: new DirectoryStorage(directory), network: own.network });
		assert.equal(bob.unlocked, false); // it can look
		for await (const incoming of bob.watch("chat")) {
			amounts.push(incoming.amount);
			if (turn > 0) {
				await incoming.acknowledge();
				break;
			}
			if (amounts.length === 2)
				break;
		}
	}
	assert.deepEqual(amounts, [1000000n, 2000000n, 1000000n, 2000000n]);
	assert.throws(() => bob.address(), coded("UNCIA_E_LOCKED"));
	await bob.close();
});

test("a key opens with its passphrase alone, its words restore it, and the wallet goes on meanwhile", async () => {
	const own = await library();
	const storage = new MemoryStorage();
	const words = own.made.makeWords(24);
	assert.equal(words.split(" ").length, 24);
	await own.made.create({ storage, words, passphrase: PASSPHRASE }); // as heavy as it is by default
	await assert.rejects(own.made.create({ storage, words, passphrase: PASSPHRASE, ...LIGHT }), coded("UNCIA_E_EXISTS"));
	await assert.rejects(own.made.create({ storage: new MemoryStorage(), words }), coded("UNCIA_E_ARGUMENT"));
	await assert.rejects(own.made.create({ storage: new MemoryStorage(), words: `${words} abandon`, passphrase: "a" }), coded("UNCIA_E_WORDS"));
	await assert.rejects(own.made.open({ storage, network: own.network, passphrase: "correct horse" }), coded("UNCIA_E_PASSPHRASE"));
	await assert.rejects(own.made.open({ storage: new MemoryStorage(), network: own.network }), coded("UNCIA_E_NOT_FOUND"));
	const wallet = await own.made.open({ storage, network: own.network });
	let turns = 0;
	const unlocking = wallet.unlock(PASSPHRASE).then(() => "unlocked");
	while ((await Promise.race([unlocking, new Promise((resolve) => setTimeout(resolve, 1))])) !== "unlocked")
		turns++;
	assert.ok(turns > 50, `${turns} turns of the loop while a key was derived`);
	assert.equal((await wallet.sync()).known, true);
	assert.equal(await wallet.words(PASSPHRASE), words);
	await assert.rejects(wallet.words("another"), coded("UNCIA_E_PASSPHRASE"));
	const restored = await newWallet(own, new MemoryStorage(), words);
	assert.equal(restored.address(), wallet.address());
	assert.deepEqual(own.made.examineWords("abandon zoo xylophone"), { count: 3, unknown: 3 });
	assert.equal(own.made.examineWords(words), null);
	/* A key of another account in its place does not open under the user's passphrase. */
	const other = new MemoryStorage();
	await own.made.create({ storage: other, words: own.made.makeWords(), passphrase: null });
	await assert.rejects(own.made.open({ storage: other, network: own.network, passphrase: PASSPHRASE }), coded("UNCIA_E_PASSPHRASE"));
	await restored.close();
	/* Closed while its key is opened: nobody gets it. */
	const late = newWallet(own, new MemoryStorage()).then(async (other) => {
		const opening = other.unlock(PASSPHRASE);
		await other.close();
		return opening;
	});
	await assert.rejects(late, coded("UNCIA_E_ARGUMENT"));
	await wallet.close();
});

test("a payment that is not durable does not leave", async () => {
	const own = await library();
	let release = null;
	const storage = new Watched(new MemoryStorage());
	const alice = await newWallet(own, storage);
	const bob = await newWallet(own, new MemoryStorage());
	await command("send", alice.address(), "3");
	await alice.sync();
	const held = new Promise((resolve) => {
		release = resolve;
	});
	let asked;
	const began = new Promise((resolve) => (asked = resolve));
	storage.before = () => {
		asked();
		return held;
	};
	let paid = null;
	const paying = alice.pay({ to: bob.address(), amount: 1000000n, key: "late" }).then((payment) => (paid = payment));
	await began; // the first write, which may be another one's
	while (!alice.byKey("late"))
		await new Promise((resolve) => setImmediate(resolve));
	const { id } = alice.byKey("late");
	/* Questions and answers go, over the very links that it would leave by; several rounds of them. */
	for (let i = 0; i < 5; i++) {
		assert.equal((await alice.sync()).waiting, 1000000n);
		assert.equal((await bob.sync()).exists, false);
	}
	assert.equal(paid, null);
	assert.equal(alice.payment(id).state, "pending");
	storage.before = async () => {};
	release();
	await paying;
	assert.equal((await alice.follow(id)).state, "final");
	assert.equal((await bob.sync()).spendable, 1000000n);
	await Promise.all([alice.close(), bob.close()]);
});

test("where storage fails nothing is paid, and the home is opened again over what is there", async () => {
	const own = await library();
	const bob = await newWallet(own, new MemoryStorage());
	for (const failing of [1, 2, 3]) {
		const inner = new DirectoryStorage(place());
		const storage = new Watched(inner);
		let alice = await newWallet(own, storage);
		await command("send", alice.address(), "3");
		await alice.sync();
		const begun = storage.writes;
		const errors = [];
		alice.on("error", (error) => errors.push(error.name));
		storage.before = async () => {
			if (storage.writes === begun + failing)
				throw new Error("the disk is full");
		};
		const before = (await bob.sync()).balance;
		const result = await alice.pay({ to: bob.address(), amount: 1000000n, key: "fails" }).then((payment) => alice.follow(payment.id)).catch((error) => error);
		const durable = failing > 1;
		if (!durable) {
			assert.equal(result.name, "UNCIA_E_IO");
			assert.match(result.message, /the disk is full/);
			assert.equal((await bob.sync()).balance, before);
		}
		await assert.rejects(alice.pay({ to: bob.address(), amount: 1000000n, key: "more" }), coded("UNCIA_E_IO"));
		assert.ok(errors.includes("UNCIA_E_IO") || durable, String(errors));
		await alice.close();
		alice = await own.made.open({ storage: inner, network: own.network, passphrase: PASSPHRASE });
		assert.equal(alice.byKey("more"), null);
		const again = await alice.pay({ to: bob.address(), amount: 1000000n, key: "fails" });
		assert.equal((await alice.follow(again.id)).state, "final");
		assert.equal((await bob.sync()).balance, before + 1000000n);
		assert.equal((await alice.sync()).spendable, 2000000n);
		await alice.close();
	}
	await bob.close();
});

test("storage that fails for no reason that it gives has failed", async () => {
	const own = await library();
	const bob = await newWallet(own, new MemoryStorage());
	for (const why of [undefined, null, "", 0, false]) {
		const storage = new Watched(new MemoryStorage());
		const alice = await newWallet(own, storage);
		await command("send", alice.address(), "3");
		await alice.sync();
		const before = (await bob.sync()).balance;
		storage.before = () => Promise.reject(why);
		await assert.rejects(alice.pay({ to: bob.address(), amount: 1000000n, key: "fails" }), coded("UNCIA_E_IO"), String(why));
		assert.equal((await bob.sync()).balance, before, String(why));
		await alice.close();
		let lost;
		const taken = new MemoryStorage();
		const open = taken.open.bind(taken);
		taken.open = (tell) => {
			lost = tell;
			return open(tell);
		};
		const carol = await newWallet(own, taken);
		lost(why);
		await assert.rejects(carol.pay({ to: bob.address(), amount: 1000000n, key: "lost" }), coded("UNCIA_E_IO"), String(why));
		await carol.close();
	}
	await bob.close();
});

test("a program that is killed at any write pays once", async () => {
	const own = await library();
	const directory = place();
	const bob = await newWallet(own, new MemoryStorage());
	const alice = await newWallet(own, new DirectoryStorage(directory));
	const address = bob.address();
	await command("send", alice.address(), "20");
	await alice.close();
	const whole = await child(directory, address, "0.50", "whole");
	assert.equal(whole.code, 0, whole.wrong);
	const { writes } = JSON.parse(whole.out);
	assert.ok(writes >= 2, String(writes));
	let paid = 1n;
	for (const where of ["before", "after"])
		for (let number = 1; number <= writes; number++) {
			const key = `${where}-${number}`;
			const killed = await child(directory, address, "0.50", key, where, String(number));
			assert.ok(killed.signal === "SIGKILL" || killed.code === 0, killed.wrong);
			const again = await child(directory, address, "0.50", key);
			assert.equal(again.code, 0, again.wrong);
			assert.equal(JSON.parse(again.out).state, "final");
			paid++;
			assert.equal((await bob.sync()).balance, paid * 500000n, key);
		}
	await bob.close();
});

test("one has a home at a time, and a killed one has it no more", async () => {
	const own = await library();
	const directory = place();
	await own.made.create({ storage: new DirectoryStorage(directory), words: own.made.makeWords(), passphrase: PASSPHRASE, ...LIGHT });
	const open = () => own.made.open({ storage: new DirectoryStorage(directory), network: own.network });
	const first = await open();
	await assert.rejects(open(), coded("UNCIA_E_BUSY"));
	const other = await child(directory, first.pending().length ? "" : "unc1x", "1", "k");
	assert.match(other.wrong, /in use/);
	await first.close();
	await (await open()).close();
	for (let turn = 0; turn < 3; turn++) {
		const held = await holder(directory);
		await assert.rejects(open(), coded("UNCIA_E_BUSY"));
		await held.kill();
		/* Several who find it dead: one of them has it. */
		const storages = Array.from({ length: 20 }, () => new DirectoryStorage(directory));
		const opened = await Promise.allSettled(storages.map((storage) => storage.open()));
		assert.equal(opened.filter(({ status }) => status === "fulfilled").length, 1);
		opened.filter(({ status }) => status === "rejected").forEach(({ reason }) => coded("UNCIA_E_BUSY")(reason));
		await Promise.all(storages.map((storage) => storage.close()));
	}
	/* A number of a process that was given to another one since. */
	const names = (await readdir(directory)).filter((name) => name.startsWith("holder-"));
	assert.equal(names.length, 1);
	await writeFile(join(directory, names[0]), `${process.pid} 1`);
	await (await open()).close();
	/* What a killed process left half written is no blob. */
	await writeFile(join(directory, "blobs", ".new-7"), "half");
	await (await open()).close();
	assert.ok(!(await readdir(join(directory, "blobs"))).some((name) => name.startsWith(".new-")));
});

test("validators that do not answer, or answer nonsense, cost time and nothing else", async () => {
	const server = createServer((socket) => {
		socket.on("error", () => {});
		socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
	const text = (await readFile(process.env.UNCIA_NETWORK, "utf8"))
		.replace(/127\.0\.0\.1:\d+$/gm, `127.0.0.1:${server.address().port}`);
	for (const options of [{}, { WebSocket }]) {
		const made = await uncia.load(options);
		const network = made.network(text);
		const storage = new MemoryStorage();
		await made.create({ storage, words: made.makeWords(), passphrase: null });
		const wallet = await made.open({ storage, network, requestTimeout: 500 });
		await assert.rejects(wallet.sync(), coded("UNCIA_E_UNREACHABLE"));
		await assert.rejects(wallet.pay({ to: wallet.address(), amount: 10000n }), coded("UNCIA_E_UNREACHABLE"));
		assert.equal(wallet.pending().length, 0);
		await wallet.close();
	}
	server.close();
});

test("wrong networks, amounts and texts are refused with what is wrong", async () => {
	const { made, network } = await library();
	assert.throws(() => made.network("nonsense"), (error) => coded("UNCIA_E_CONFIG")(error) && /line 1/.test(error.message));
	for (const bad of ["", "x", "-1", "0.0000001", "1e3"])
		assert.throws(() => made.amount(bad), coded("UNCIA_E_AMOUNT"), bad);
	assert.equal(made.formatAmount(made.amount("12.345678")), "12.345678");
	assert.throws(() => made.formatAmount(1), coded("UNCIA_E_ARGUMENT"));
	assert.throws(() => made.parseRequest("uncia:uncask1qqqq", network), (error) => error instanceof uncia.UnciaError);
	assert.throws(() => made.amount("1\0"), coded("UNCIA_E_ARGUMENT"));
	assert.deepEqual(made.scan("nothing of ours\0 \ud800", network), []);
	assert.equal(network.validators.length, 4);
	assert.match(network.validators[0].url, /^ws:/);
});

/* What `promise` comes to, or "hangs". */
const soon = (promise) => Promise.race([
	promise.then((value) => value ?? "ended", (error) => error.name),
	new Promise((resolve) => setTimeout(() => resolve("hangs"), 20000).unref()),
]);

test("whoever waits for a watch is told when nothing more comes", async () => {
	const own = await library();
	const bob = await newWallet(own, new MemoryStorage());
	const watched = bob.watch("chat");
	const [left, ...waits] = [new AbortController(), soon(watched.ready), soon(watched.next()), soon(watched.next())];
	await bob.close();
	assert.deepEqual(await Promise.all(waits), ["UNCIA_E_CLOSED", ...Array(2).fill({ done: true, value: undefined })]);
	let full = false;
	const storage = new Watched(new MemoryStorage(), async () => {
		if (full)
			throw new Error("no room");
	});
	const alice = await newWallet(own, storage);
	left.abort();
	assert.throws(() => alice.watch("chat", { signal: left.signal }), { name: "AbortError" });
	const watch = alice.watch("chat");
	await watch.ready;
	full = true;
	await assert.rejects(alice.pin("bob", alice.address()), coded("UNCIA_E_IO"));
	assert.equal(await soon(watch.next()), "UNCIA_E_IO");
	await watch.return();
	assert.throws(() => alice.watch("chat"), coded("UNCIA_E_IO"));
	await alice.close();
});

test("what nobody waits for any more takes no place", async () => {
	const own = await library();
	const bob = await newWallet(own, new MemoryStorage());
	const peer = { own: "xmpp:bob@scene.test", handle: "xmpp:alice@scene.test" };
	const id = (number) => number.toString(16).padStart(8, "f").padEnd(64, "0");
	for (let i = 0; i < 70; i++) { // the library has 64 places
		const leave = new AbortController();
		const left = assert.rejects(bob.follow(id(i), { signal: leave.signal }), { name: "AbortError" });
		leave.abort();
		await left;
		for await (const { verdict } of bob.people.checkNotice(peer, { notice: own.made.notice({ id: id(100 + i) }, own.network), asked: true })) {
			assert.equal(verdict, "checking");
			break;
		}
	}
	/* Of two who wait for the same one, the other one goes on. */
	const leave = new AbortController();
	const [left, stays] = [bob.follow(id(1), { signal: leave.signal }), bob.follow(id(1))];
	const closed = assert.rejects(stays, coded("UNCIA_E_CLOSED"));
	leave.abort();
	await assert.rejects(left, { name: "AbortError" });
	await bob.close();
	await closed;
});

test("a library that has ended lets the home go", async () => {
	const own = await library();
	const directory = place();
	const bob = await newWallet(own, new DirectoryStorage(directory));
	const waits = [soon(bob.follow("ffffffff".padEnd(64, "1"))), soon(bob.watch("chat").ready)];
	assert.throws(() => own.made.library.call("uncia_wallet_tick", 0xfffffff0), WebAssembly.RuntimeError);
	assert.deepEqual(await Promise.all(waits), ["RuntimeError", "RuntimeError"]);
	await bob.close();
	const other = await library();
	const again = await other.made.open({ storage: new DirectoryStorage(directory), network: other.network });
	await again.close();
});

test("a mark of byte order moves nothing", async () => {
	const own = await library();
	const bob = await newWallet(own, new MemoryStorage());
	const said = `\ufeff${bob.request({ amount: 200000n })}`;
	const [{ begin, end, text }] = own.made.scan(said, own.network);
	assert.equal(said.slice(begin, end), text);
	await bob.close();
});

test("bytes of another realm are bytes, and what is none is said to be that", async () => {
	const own = await library();
	const storage = new MemoryStorage();
	await (await newWallet(own, storage)).close();
	const elsewhere = (blobs) => Object.assign(new MemoryStorage(), { open: async () => blobs });
	const blobs = await storage.open();
	const cloned = blobs.map(([name, data]) => [name, runInNewContext("Uint8Array.from(bytes)", { bytes: [...data] })]);
	assert.ok(!(cloned[0][1] instanceof Uint8Array));
	const bob = await own.made.open({ storage: elsewhere(cloned), network: own.network, passphrase: PASSPHRASE });
	assert.equal(own.made.holdLock(runInNewContext("Uint8Array.from(bytes)", { bytes: [...Buffer.from(bob.holds.key, "hex")] })).length, 64);
	await bob.close();
	for (const none of [null, "text", [1, 2], new Uint16Array(8), new ArrayBuffer(8)])
		await assert.rejects(own.made.open({ storage: elsewhere([["key", none]]), network: own.network }), coded("UNCIA_E_DAMAGED"));
	const failing = Object.assign(new MemoryStorage(), { open: () => Promise.reject(new RangeError("no such place")) });
	await assert.rejects(own.made.open({ storage: failing, network: own.network }), (error) =>
		coded("UNCIA_E_IO")(error) && /RangeError: no such place/.test(error.message) && error.cause instanceof RangeError);
});

test("a storage that is taken away is told at once, to whoever waits and by an event", async () => {
	const own = await library();
	const storage = new MemoryStorage();
	let lose = null;
	const bob = await newWallet(own, { open: (lost) => ((lose = lost), storage.open()), write: (change) => storage.write(change), close: () => storage.close() });
	const errors = [];
	bob.on("error", (error) => errors.push(error.message));
	const waits = [soon(bob.follow("ffffffff".padEnd(64, "1"))), soon(bob.watch("chat").next())];
	lose(new Error("the cellar is flooded"));
	assert.deepEqual(await Promise.all(waits), ["UNCIA_E_IO", "UNCIA_E_IO"]);
	assert.match(errors.join(), /the cellar is flooded/);
	await assert.rejects(bob.pin("bob", bob.address()), (error) => coded("UNCIA_E_IO")(error) && /flooded/.test(error.message));
	await assert.rejects(bob.sync(), coded("UNCIA_E_IO"));
	await bob.close();
	lose(new Error("again")); // to nobody
	await (await own.made.open({ storage, network: own.network })).close();
});

test("the package is what it says", async () => {
	const { files, ...built } = JSON.parse(await readFile(join(root, "built.json"), "utf8"));
	assert.ok(built.wasm > 100000 && built.libsodium && built["protobuf-c"] && built.utf8proc);
	assert.equal(typeof Worker, "function");
});
