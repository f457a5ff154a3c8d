/* Pays one payment under one key from the wallet in DIRECTORY, and says its id once it is final.
 *
 *	payer.mjs DIRECTORY ADDRESS AMOUNT KEY [before|after N]    killed by SIGKILL before, or after, its N-th write
 *	payer.mjs DIRECTORY                                        holds the wallet until it is killed */
import { Watched, library, uncia } from "./support.mjs";

const [directory, address, amount, key, where, number] = process.argv.slice(2);
const kill = () => process.kill(process.pid, "SIGKILL");

class Killing extends Watched {
	async write(change) {
		if (where === "before" && this.writes + 1 === Number(number))
			kill();
		await super.write(change);
		if (where === "after" && this.writes === Number(number))
			kill();
	}
}

const own = await library();
const { PASSPHRASE } = await import("./support.mjs");
const storage = new Killing(new uncia.DirectoryStorage(directory));
const wallet = await own.made.open({ storage, network: own.network, passphrase: PASSPHRASE });
if (!address) {
	console.log("holds it");
	setInterval(() => {}, 1000);
} else {
	const { id } = await wallet.pay({ to: address, amount: own.made.amount(amount), key });
	const { state } = await wallet.follow(id);
	await wallet.close();
	console.log(JSON.stringify({ id, state, writes: storage.writes }));
}
