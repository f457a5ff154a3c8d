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

async function showText(chip, from, { kind, text }) {
	const own = from === name;
	if (kind === "contact") {
		await met(chip, from, uncia.parseContact(text, network), own);
	} else if (kind === "request") {
		const request = uncia.parseRequest(text, network);
		chip.textContent = `asks for ${request.amount === null ? "money" : plain(request.amount)}${request.memo ? `: ${request.memo}` : ""}`;
		if (!own && request.amount !== null && !request.hasLock) {
			const button = element("button", "answer", "Pay");
			button.onclick = () => ask(from, { key: request.key, to: request.address, amount: String(request.amount) });
			chip.append(" ", button);
		}
	} else if (kind === "notice") {
		told(chip, uncia.parseNotice(text, network), own);
	} else {
		chip.textContent = kind;
	}
}

/* Who it is: pinned in silence only where the sender of the message is who the contact names. */
async function met(chip, from, contact, own) {
	chip.textContent = "can be paid here";
	if (own)
		return;
	if (contact.handle !== `chat:${from}`)
		throw new Error(`a contact of ${contact.handle}, sent by ${from}`);
	try {
		await wallet.pin(from, contact.address);
	} catch (error) {
		if (error.name === "UNCIA_E_EXISTS")
			throw new Error(`${from} has another address now: ask, by another way, whether it is the same person`);
		throw error;
	}
	peer = { name: from, address: contact.address };
	part("pay").disabled = false;
}

/* A notice proves nothing: the payment is looked for. */
function told(chip, { id }, own) {
	chip.textContent = own ? "paying …" : "says to have paid …";
	chip.dataset.payment = id;
	wallet.follow(id).then((payment) => {
		const mine = own ? payment.leaving : payment.received;
		const good = payment.state === "final" && mine > 0n;
		chip.textContent = good ? `paid ${plain(mine)}` : payment.state === "final" ? "paid somebody else" : payment.state;
		chip.classList.add(good ? "paid" : "wrong");
		return look();
	}).catch((error) => {
		chip.textContent = error.message;
	});
}

/* ---- money ---- */

async function look() {
	const { spendable } = await wallet.sync();
	part("balance").textContent = plain(spendable);
}

/* Asks the user, with payee and amount as they will be paid. */
function ask(to, draft) {
	const known = wallet.pinned(to);
	const address = draft.to;
	const same = known && uncia.parseAddress(known).account === uncia.parseAddress(address).account;
	part("question").textContent = `Pay ${plain(BigInt(draft.amount))} to ${to}, ${address}`
		+ (known && !same ? ": this is NOT the address that you know" : "") + "?";
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
		const payment = await wallet.pay({ to: draft.to, amount: BigInt(draft.amount), key: draft.key });
		await post(uncia.notice({ id: payment.id }, network));
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

part("ask").onclick = () => {
	const amount = typed();
	if (amount !== null)
		post(wallet.request({ amount })).catch((error) => say(error.message));
};

part("greeting").textContent = name ? `Hello ${name}.` : "Open this page with ?name=YOURS behind its address.";
if (name) {
	uncia = await load();
	network = uncia.network(await (await fetch("network.conf")).text());
	part("greeting").textContent += " Ready.";
	document.body.dataset.ready = "yes";
}
