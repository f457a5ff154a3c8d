/* What the types promise, compiled and never run. */
import { DirectoryStorage, MemoryStorage, UnciaError, errors, load } from "./node.js";
import { IndexedDBStorage } from "./browser.js";
import type { Payment, Storage, Uncia, Wallet } from "./node.js";

async function chat(uncia: Uncia, text: string, storage: Storage): Promise<Payment> {
	const network = uncia.network(text);
	await uncia.create({ storage, words: uncia.makeWords(12), passphrase: "a" });
	const wallet: Wallet = await uncia.open({ storage, network, passphrase: "a" });
	for await (const incoming of wallet.watch("chat")) {
		const sum: bigint = incoming.amount;
		if (sum > 0n)
			await incoming.acknowledge();
		break;
	}
	const paid = await wallet.pay({ to: wallet.address(), amount: uncia.amount("0.50"), key: "m" });
	const page = await wallet.history({ limit: 10 });
	if (page.next)
		await wallet.history({ before: page.next });
	const hold = await wallet.holds.open({ taker: wallet.holds.key, amount: 1n, secretHash: uncia.holdLock(wallet.holds.key), key: "h" });
	const { state, left } = await wallet.holds.look(hold.opening, { number: hold.number });
	if (state === "open" && left.length === 0)
		await wallet.holds.takeFrom(hold.opening, { amount: 1n, secret: new Uint8Array(32), key: "part 1" });
	for (const one of (await wallet.holds.list()).holds)
		if (one.state !== "pending" && one.state !== "unknown" && one.claim)
			await wallet.takeClaim(one.claim, { to: one.left[0].outputs[0].address });
	await wallet.holds.giveBack(hold.opening);
	return wallet.follow(paid.id);
}

async function main(): Promise<void> {
	try {
		await chat(await load(), "", new DirectoryStorage("home"));
		await chat(await load(), "", new MemoryStorage());
		const inBrowser = new IndexedDBStorage("home", { timeout: 1000 });
		if (await inBrowser.persist())
			await chat(await load(), "", inBrowser);
	} catch (error) {
		if (error instanceof UnciaError && error.code === errors.UNCIA_E_FUNDS)
			throw error;
	}
	// @ts-expect-error whose it is
	(await load()).holdLock(7);
	// @ts-expect-error amounts are bigint
	(await load()).formatAmount(0.5);
}

main();
