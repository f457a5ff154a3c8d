/* A chat with a wallet in it. What is said goes over the page's server (server.py); money never does. */
import { IndexedDBStorage, UnciaError, load } from "./uncia/browser.js";

const name = new URLSearchParams(location.search).get("name") ?? "";
const part = (id) => document.getElementById(id);
const drafts = `uncia-drafts-${name}`;
let uncia, network, wallet;
let peer = null; // { name, address }: whom the button pays
let last = 0; // number of the last message read

function say(text) {
	part("status").textContent = text;
}

const plain = (amount) => `${uncia.formatAmount(amount).replace(/(\.\d\d\d*?)0+$/, "$1")} ${network.currency}`;

/* ---- messages ---- */

async function post(text) {
	const answer = await fetch("messages", {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify({ from: name, text }),
	});
	if (!answer.ok)
		throw new Error(`the message was not sent: ${answer.status}`);
}

async function listen() {
	for (;;) {
		try {
			const answer = await fetch(`messages?after=${last}`);
			for (const message of await answer.json()) {
				last = message.number;
				await show(message);
			}
		} catch (error) {
			say(error.message);
			await new Promise((resolve) => setTimeout(resolve, 1000));
		}
	}
}

function element(kind, className, text) {
	const made = document.createElement(kind);
	made.className = className;
	made.textContent = text;
	return made;
}

/* What was written is text, whoever wrote it; what stands in it of ours is shown as what it says. */
async function show({ from, text }) {
	const line = element("li", "", "");
	line.append(element("span", "from", from), " ");
	part("messages").append(line);
	let at = 0;
	for (const found of uncia.scan(text, network)) {
		line.append(text.slice(at, found.begin));
		const chip = element("span", found.error ? "text wrong" : "text", "");
		line.append(chip);
		try {
			if (found.error)
				throw found.error;
			await showText(chip, from, found);
		} catch (error) {
			chip.textContent = error.message;
			chip.classList.add("wrong");
		}
		at = found.end;
	}
	line.append(text.slice(at));
	line.scrollIntoView();
}

const peerOf = (from) => ({ own: `chat:${name}`, handle: `chat:${from}` });

async function showText(chip, from, { kind, text }) {
	const own = from === name;
	if (kind === "contact" && own) {
		chip.textContent = "can be paid here";
	} else if (kind === "contact") {
		await met(chip, from, text);
	} else if (kind === "request") {
		asks(chip, from, text, own);
	} else if (kind === "notice") {
		(own ? ownNotice(chip, text) : othersNotice(chip, from, text)).catch((error) => {
			chip.textContent = error.message;
		});
	} else if (kind === "claim") {
		await offers(chip, text, own);
	} else {
		chip.textContent = kind;
	}
}

/* Money for whoever takes it first. What it is worth is the ledger's to say, never the message's. */
async function offers(chip, text, own) {
	const look_ = async () => {
		const { amount, balance } = await wallet.lookClaim(text);
		chip.textContent = balance > 0n ? `gives ${plain(balance)}` : `gave ${plain(amount)}: it is taken`;
		return balance;
	};
	if ((await look_()) === 0n || own)
		return;
	const button = element("button", "take", "Take it");
	button.onclick = async () => {
		button.disabled = true;
		try {
			const { state } = await wallet.takeClaim(text);
			chip.textContent = state === "final" ? "taken by you" : state;
			chip.classList.add(state === "final" ? "paid" : "wrong");
			await look();
		} catch (error) {
			await look_().catch(() => {});
			say(error.message);
		}
	};
	chip.append(" ", button);
}

/* Who it is: pinned in silence where the account's owner has signed it for whoever has sent it, and nothing speaks against it.
 * What this page has no question for, it refuses. */
async function met(chip, from, text) {
	const { contact, verdict, other, alike } = wallet.people.checkContact(peerOf(from), text);
	const why = {
		unsigned: `a contact of ${contact.handle || "nobody in a chat"}, sent by ${from}`,
		changed: `${from} has another address now: ask, by another way, whether it is the same person`,
		elsewhere: `the account of ${other}, sent by ${from}`,
		alike: `${from} looks like ${alike}`,
		own: `your own contact, sent by ${from}`,
	}[verdict];
	if (verdict !== "new" && verdict !== "pinned")
		throw new Error(why ?? `refused: ${verdict}`);
	await wallet.people.pin(peerOf(from), text);
	chip.textContent = "can be paid here";
	peer = { name: from, address: contact.address };
	part("pay").disabled = false;
}

function asks(chip, from, text, own) {
	const request = uncia.parseRequest(text, network);
	chip.textContent = `asks for ${request.amount === null ? "money" : plain(request.amount)}${request.memo ? `: ${request.memo}` : ""}`;
	if (own || request.amount === null || request.hasLock)
		return;
	const { verdict, ended, taken } = wallet.people.checkRequest(peerOf(from), text);
	if (verdict === "own" || ended || taken) {
		chip.append(verdict === "own" ? " (your own, repeated)" : taken ? " (paid already)" : " (past its end)");
		return;
	}
	const button = element("button", "answer", "Pay");
	button.onclick = () => ask(from, { key: request.key, to: request.address, amount: String(request.amount), memo: request.memo });
	chip.append(" ", button);
}

async function ownNotice(chip, text) {
	const { id } = uncia.parseNotice(text, network);
	chip.textContent = "paying …";
	const payment = await wallet.follow(id);
	chip.textContent = payment.state === "final" ? `paid ${plain(payment.leaving)}` : payment.state;
	chip.classList.add(payment.state === "final" ? "paid" : "wrong");
	await look();
}

/* A notice proves nothing: the payment is looked for, and is paid only where it is final, to this account, from the account
 * that is pinned for who tells of it, and was not told before. */
async function othersNotice(chip, from, text) {
	const words = {
		checking: "says to have paid …",
		pending: "paying …",
		unknown: "says to have paid, and nobody knows of it",
		not_to_me: "paid somebody else",
		other_account: "tells of somebody else's payment",
		other_memo: "paid for something else",
		unpinned: `${from} is not known here`,
		again: "told before",
	};
	for await (const { verdict, amount, first, id } of wallet.people.checkNotice(peerOf(from), { notice: text })) {
		chip.textContent = verdict === "paid" ? `paid ${plain(amount)}`
			: verdict === "repeated" ? `repeats what ${first} has told` : (words[verdict] ?? verdict);
		chip.classList.toggle("paid", verdict === "paid");
		chip.classList.toggle("wrong", !["paid", "checking", "pending", "again"].includes(verdict));
		if (verdict === "paid") {
			await wallet.people.acknowledgeNotice(id);
			await look();
		}
	}
}

/* ---- money ---- */

async function look() {
	const { spendable } = await wallet.sync();
	part("balance").textContent = plain(spendable);
}

/* Asks the user, with payee and amount as they will be paid. */
function ask(to, draft) {
	const known = wallet.people.pinned(peerOf(to));
	const same = known && uncia.parseAddress(known.address).account === uncia.parseAddress(draft.to).account;
	part("question").textContent = `Pay ${plain(BigInt(draft.amount))} to ${to}, ${draft.to}`
		+ (same ? "" : ": this is NOT an address that you know") + "?";
	part("yes").onclick = () => {
		part("confirm").close();
		keep(draft);
		pay(draft);
	};
	part("no").onclick = () => part("confirm").close();
	part("confirm").showModal();
}

const refusals = new Set(["FUNDS", "AMOUNT", "ADDRESS", "DUST", "KEY_REUSED", "LIMIT"].map((word) => `UNCIA_E_${word}`));

/* What the user has agreed to is kept until it was told: a page that is closed in between goes on where it was, and under its
 * key it is one payment. */
const kept = () => JSON.parse(localStorage.getItem(drafts) ?? "[]");
function keep(draft) {
	localStorage.setItem(drafts, JSON.stringify([...kept().filter(({ key }) => key !== draft.key), draft]));
}
function drop(draft) {
	localStorage.setItem(drafts, JSON.stringify(kept().filter(({ key }) => key !== draft.key)));
}

async function pay(draft) {
	try {
		say("…");
		const payment = await wallet.pay({ to: draft.to, amount: BigInt(draft.amount), key: draft.key, memo: draft.memo || undefined });
		await post(uncia.notice({ id: payment.id, memo: draft.memo }, network));
		drop(draft);
		say("");
	} catch (error) {
		/* Refused for certain: nothing was sent, and it is no draft any more. Whatever else it is, the same one is tried again at
		 * the next start. */
		if (error instanceof UnciaError && refusals.has(error.name))
			drop(draft);
		say(error.message);
	}
}

async function beTold() {
	const watch = wallet.watch("chat");
	for await (const incoming of watch) {
		say(`received ${plain(incoming.amount)}`);
		await incoming.acknowledge();
		await look();
	}
}

/* ---- the start ---- */

async function start(passphrase, oldWords) {
	const storage = new IndexedDBStorage(`uncia-${name}`);
	try {
		wallet = await uncia.open({ storage, network, passphrase });
	} catch (error) {
		if (error.name !== "UNCIA_E_NOT_FOUND")
			throw error;
		const words = oldWords || uncia.makeWords();
		await uncia.create({ storage, words, passphrase });
		wallet = await uncia.open({ storage, network, passphrase });
		if (!oldWords) {
			part("words").textContent = `Write these down, they are your account: ${words}`;
			part("words").hidden = false;
		}
	}
	wallet.on("error", (error) => say(error.message));
	addEventListener("online", () => wallet.networkChanged());
	part("start").hidden = true;
	part("chat").hidden = false;
	part("name").textContent = name;
	part("address").textContent = wallet.address();
	listen();
	beTold().catch((error) => say(error.message));
	await look();
	await post(wallet.contact(`chat:${name}`));
	await Promise.all(kept().map(pay));
	if (localStorage.getItem(`uncia-gift-${name}`))
		await give();
}

part("start").onsubmit = async (event) => {
	event.preventDefault();
	const passphrase = part("passphrase").value;
	part("passphrase").value = "";
	part("start-status").textContent = "…";
	try {
		await start(passphrase, part("old-words").value.trim());
	} catch (error) {
		(wallet ? part("status") : part("start-status")).textContent = error.message;
	}
	part("old-words").value = "";
};

part("say").onsubmit = (event) => {
	event.preventDefault();
	post(part("text").value).catch((error) => say(error.message));
	part("text").value = "";
};

/* The amount that was typed, or nothing, having said what is wrong with it. */
function typed() {
	try {
		return uncia.amount(part("amount").value);
	} catch (error) {
		say(error.message);
		return null;
	}
}

part("money").onsubmit = (event) => {
	event.preventDefault();
	const amount = typed();
	if (amount !== null && peer)
		ask(peer.name, { key: crypto.randomUUID(), to: peer.address, amount: String(amount) });
};

/* The key is kept until the claim was said, so that a page that is closed in between gives it once. */
async function give(amount) {
	const stored = `uncia-gift-${name}`;
	const gift = JSON.parse(localStorage.getItem(stored)) ?? { key: crypto.randomUUID(), amount: String(amount) };
	localStorage.setItem(stored, JSON.stringify(gift));
	try {
		await post(await wallet.makeClaim({ amount: BigInt(gift.amount), seconds: 86400, key: gift.key }));
		localStorage.removeItem(stored);
		await look();
	} catch (error) {
		if (error instanceof UnciaError && refusals.has(error.name))
			localStorage.removeItem(stored);
		say(error.message);
	}
}

part("give").onclick = () => {
	const amount = typed();
	if (amount !== null)
		give(amount);
};

part("ask").onclick = () => {
	const amount = typed();
	if (amount !== null)
		post(wallet.request({ amount })).catch((error) => say(error.message));
};

part("greeting").textContent = name ? `Hello ${name}.` : "Open this page with ?name=YOURS behind its address.";
if (name) {
	try {
		uncia = await load();
		network = uncia.network(await (await fetch("network.conf")).text());
		part("greeting").textContent += " Ready.";
		document.body.dataset.ready = "yes";
	} catch (error) {
		part("greeting").textContent = error.message;
	}
}
