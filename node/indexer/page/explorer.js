/* The explorer's page: asks the API, and shows what comes as text. Nothing that anybody wrote becomes markup. */
import { verifyBalance, verifyReceipt } from "./proofs.js";

const main = document.getElementById("main");
const PAGE = 20;
let status = null;
let newest = null; // the id of the newest payment that the front page has
let shown = 0; // the number of what is shown; what comes for something before it is left

/* ---- elements ---- */

/** An element with attributes and children, elements or texts. */
function make(name, attributes = {}, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(attributes))
		element.setAttribute(key, value);
	element.append(...children.filter((child) => child !== null && child !== undefined).map((child) =>
		child instanceof Node ? child : String(child)));
	return element;
}

const link = (path, text, attributes = {}) => make("a", { href: `#/${path.map(encodeURIComponent).join("/")}`, ...attributes }, text);
const mono = (text) => make("span", { class: "mono" }, text);
const short = (text) => text.length > 24 ? `${text.slice(0, 12)}…${text.slice(-8)}` : text;
const time = (ms) => new Date(ms).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
const seconds = (s) => time(s * 1000);

function facts(pairs) {
	return make("dl", {}, ...pairs.filter((pair) => pair).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

function table(columns, rows, none) {
	if (!rows.length)
		return make("p", { class: "none" }, none);
	const cell = (name) => (content, i) => make(name, columns[i].amount ? { class: "amount" } : {}, content);
	return make("table", {}, make("thead", {}, make("tr", {}, ...columns.map((c) => c.title).map(cell("th")))),
		make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map(cell("td"))))));
}

/* ---- asking ---- */

async function ask(path) {
	const answer = await fetch(`api/v1/${path}`, { cache: "no-store" });
	const body = await answer.json();
	if (!answer.ok)
		throw Object.assign(new Error(body.error), { code: body.code, status: answer.status });
	return body;
}

/* ---- payments ---- */

const entryName = (name, text) => link(["account", name], text ?? short(name), { class: "mono" });

function amount(value, currency) {
	return `${value.replace(/(\.\d\d\d*?)0*$/, "$1")} ${currency}`;
}

function receivers(payment) {
	const parts = payment.outputs.map((output) => entryName(output.address));
	parts.push(...payment.holds.map((hold) => entryName(hold.id)));
	const left = payment.output_count + payment.hold_count - parts.length;
	return make("span", {}, ...parts.flatMap((part, i) => i ? [" ", part] : [part]), left ? ` and ${left} more` : null);
}

const KINDS = { transfer: "payment", take: "taken from a hold", give_back: "hold sent home" };

function paymentTable(payments, seenBy) {
	const columns = [{ title: "Block" }, { title: "Payment" }, { title: "From" }, { title: "To" }, { title: seenBy ? "Change" : "Amount", amount: true }];
	return table(columns, payments.map((p) => [link(["block", String(p.height)], p.height), link(["payment", p.id], short(p.id), { class: "mono" }),
		entryName(p.sender), receivers(p), seenBy ? change(p) : amount(p.amount, p.currency)]), "None yet.");
}

/* What a payment has brought to an account, less what it has taken. */
function change(payment) {
	const micros = (text) => BigInt(text.replace(".", ""));
	const difference = micros(payment.received) - micros(payment.sent);
	const size = difference < 0n ? -difference : difference;
	const text = `${size / 1000000n}.${String(size % 1000000n).padStart(6, "0")}`;
	return `${difference < 0n ? "−" : "+"}${amount(text, payment.currency)}`;
}

function blockTable(blocks) {
	return table([{ title: "Height" }, { title: "Time" }, { title: "Proposer" }, { title: "Payments", amount: true }],
		blocks.map((b) => [link(["block", String(b.height)], b.height), time(b.timestamp_ms), b.proposer, b.payments]), "None yet.");
}

/** A list that goes on: a button asks for what comes next. */
async function pages(path, draw) {
	const box = make("div");
	const more = make("button", { type: "button", class: "more" }, "More");
	let next = null;
	async function load() {
		more.disabled = true;
		try {
			const answer = await ask(`${path}${path.includes("?") ? "&" : "?"}limit=${PAGE}${next === null ? "" : `&${next}`}`);
			box.append(draw(answer));
			next = answer.next === null || answer.next === undefined ? null : `before=${encodeURIComponent(answer.next)}`;
			more.remove();
			if (next)
				box.append(more);
		} catch (error) {
			box.append(make("p", { class: "wrong" }, error.message));
		}
		more.disabled = false;
	}
	more.addEventListener("click", load);
	await load();
	return box;
}

/* ---- proofs ---- */

/** A box that says whether something is proved; `prove` gives { proved | wrong | unverified, text, say }. */
function proof(what, prove) {
	const verdict = make("p", { class: "verdict" }, `Verifying ${what} …`);
	const box = make("div", { class: "proof" }, verdict);
	(async () => {
		let result;
		try {
			result = await prove();
		} catch (error) {
			result = { unverified: error.message };
		}
		box.classList.add(result.proved ? "good" : result.wrong ? "bad" : "open");
		verdict.textContent = result.proved ? `✓ Proved: ${result.say}` : result.wrong ? `✗ Not proved: ${result.wrong}` :
			`Not verified here: ${result.unverified}`;
		if (result.text) {
			const area = make("textarea", { readonly: "", "aria-label": "The proof" });
			area.value = result.text;
			box.append(make("details", {}, make("summary", {}, result.how), area));
		}
	})();
	return box;
}

function receiptProof(payment) {
	return proof("its receipt", async () => {
		const { receipt } = await ask(`payments/${payment.id}/receipt`);
		const result = await verifyReceipt(receipt, payment);
		return { ...result, text: receipt, say: "all that is shown of it is in its receipt, which validators have signed",
			how: "The receipt, which “uncia receipt verify” takes as well" };
	});
}

function balanceProof(account) {
	return proof("its balance", async () => {
		const answer = await ask(`accounts/${encodeURIComponent(account.address)}/proof`);
		const result = await verifyBalance(answer.proof, account);
		if (result.proved && result.proved.balance !== BigInt(account.balance.replace(".", "")))
			return Number(result.proved.height) >= account.last_height ?
				{ wrong: `it is ${answer.balance} at height ${answer.height}` } : { unverified: "the proof is of an earlier state; look again" };
		return { ...result, text: answer.proof, say: `${amount(answer.balance, account.currency)} in the state after block ${answer.height}`,
			how: "The proof: an AccountProof in base64url" };
	});
}

/* ---- views ---- */

async function homeView() {
	const [{ currencies }, { committees }, payments, blocks] = await Promise.all([ask("currencies"), ask("committee"),
		pages("payments", (answer) => {
			newest = answer.payments[0]?.id ?? newest;
			return paymentTable(answer.payments);
		}), pages("blocks?with=payments", (answer) => blockTable(answer.blocks))]);
	const committee = committees[0];
	return [
		make("div", { class: "columns" },
			make("section", {}, make("h2", {}, "Newest payments"), payments),
			make("section", {}, make("h2", {}, "Newest blocks with payments"), blocks)),
		make("div", { class: "columns" },
			make("section", {}, make("h2", {}, "Currencies"), table([{ title: "Code" }, { title: "Smallest amount", amount: true }, { title: "Supply", amount: true }],
				currencies.map((c) => [c.code, c.smallest, c.supply]), "None.")),
			make("section", {}, make("h2", {}, `Validators of epoch ${committee.epoch}`), table([{ title: "Number" }, { title: "Key" }, { title: "Weight", amount: true }],
				committee.validators.map((v) => [v.number, mono(short(v.consensus_key)), v.weight]), "None."),
				make("p", { class: "soft" }, `Together they weigh ${committee.weight}; ${committee.faulty} may be faulty.`))),
	];
}

async function blockView(name) {
	const { block } = await ask(`blocks/${encodeURIComponent(name)}`);
	const payments = make("div");
	let after = "";
	const more = make("button", { type: "button", class: "more" }, "More");
	async function load() {
		const answer = await ask(`blocks/${block.height}/payments?limit=${PAGE}${after}`);
		payments.append(paymentTable(answer.payments));
		more.remove();
		if (answer.next) {
			after = `&after=${answer.next.split(".")[1]}`;
			payments.append(more);
		}
	}
	more.addEventListener("click", load);
	await load();
	return [
		make("h1", {}, `Block ${block.height}`),
		facts([["Id", mono(block.id)], ["Time", time(block.timestamp_ms)],
			["Before it", block.height > 1 ? link(["block", String(block.height - 1)], block.height - 1) : "the genesis"],
			["View", block.view], ["Proposed by", `validator ${block.proposer}`], ["Payments", block.payments],
			["Payments root", mono(block.payments_root)], ["State root before it", mono(block.parent_state_root)]]),
		make("h2", {}, "Payments"), payments,
	];
}

async function paymentView(id) {
	const { payment } = await ask(`payments/${encodeURIComponent(id)}`);
	const rows = payment.outputs.map((output) => [entryName(output.address, output.address), output.reference ? mono(output.reference) : "",
		amount(output.amount, payment.currency)]);
	return [
		make("h1", {}, `${amount(payment.amount, payment.currency)}`),
		receiptProof(payment),
		facts([["Id", mono(payment.id)], ["What", KINDS[payment.kind] ?? payment.kind], ["From", entryName(payment.sender, payment.sender)],
			["Block", link(["block", String(payment.height)], payment.height)], ["Place in it", payment.index], ["Time", time(payment.timestamp_ms)],
			["It would have expired", seconds(payment.expires)], payment.memo_hash && ["Hash of the memo", mono(payment.memo_hash)],
			payment.public_key && ["Signed by the key", mono(payment.public_key)]]),
		make("h2", {}, "Paid to"), table([{ title: "Account" }, { title: "Reference" }, { title: "Amount", amount: true }], rows, "No account."),
		...(payment.holds.length ? [make("h2", {}, "Holds that it opened"), table([{ title: "Hold" }, { title: "Until" }, { title: "Then to" }, { title: "Amount", amount: true }],
			payment.holds.map((hold) => [entryName(hold.id, hold.id), seconds(hold.end), entryName(hold.home), amount(hold.amount, payment.currency)]), "")] : []),
	];
}

const HOLDS = { open: "open", taken: "taken", returned: "sent home" };

async function accountView(name) {
	const { account } = await ask(`accounts/${encodeURIComponent(name)}`);
	const hold = account.kind === "hold";
	return [
		make("h1", {}, hold ? "Hold" : "Account"),
		make("p", { class: "mono" }, account.address),
		account.lives ? balanceProof(account) : make("p", { class: "soft" }, hold ? "Nothing is left in it." : "It is empty: the ledger keeps no entry of it."),
		facts([["Balance", amount(account.balance, account.currency)], hold && ["Opened with", amount(account.amount, account.currency)],
			hold && ["State", HOLDS[account.state] ?? account.state], hold && ["Until", seconds(account.end)], hold && ["Then to", entryName(account.home, account.home)],
			hold && ["Opened by", link(["payment", account.opened_by], short(account.opened_by), { class: "mono" })],
			["Payments", account.touches], !hold && account.public_key && ["Key", mono(account.public_key)]]),
		make("h2", {}, "History"),
		await pages(`accounts/${encodeURIComponent(account.address)}/payments`, (answer) => paymentTable(answer.payments, true)),
	];
}

const VIEWS = { "": homeView, block: blockView, payment: paymentView, account: accountView };

async function show() {
	const number = ++shown;
	let name, subject;
	try {
		[name, subject] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
	} catch {
		[name, subject] = ["?", ""];
	}
	const view = Object.hasOwn(VIEWS, name) ? VIEWS[name] : null;
	let content;
	try {
		content = view ? await view(subject) : [make("p", { class: "wrong" }, "There is no such page.")];
	} catch (error) {
		content = [make("p", { class: "wrong" }, error.message ?? String(error))];
	}
	if (number === shown)
		main.replaceChildren(...content);
}

/* ---- the head ---- */

const STATES = { following: "good", reading: "good", catching_up: "", starting: "" };

async function showStatus() {
	try {
		status = await ask("status");
	} catch (error) {
		document.getElementById("dot").className = "bad";
		return;
	}
	document.getElementById("network").textContent = status.network;
	document.getElementById("network-id").textContent = status.network_id;
	document.getElementById("dot").className = STATES[status.state] ?? "bad";
	document.getElementById("state").title = status.why ?? status.state;
	showHeight(status.height);
	document.title = `${status.network}: Uncia explorer`;
}

function showHeight(height) {
	document.getElementById("height").textContent = `height ${height}`;
}

/* What comes while somebody reads does not move what is read: only the front page goes on by itself, where it is seen from
 * its top and there is a newer payment. */
const atFront = () => !location.hash.replace(/^#\/?/, "") && scrollY < 200;
let looking = false;

async function lookForNewer() {
	if (!atFront() || looking)
		return;
	looking = true;
	try {
		const { payments } = await ask("payments?limit=1");
		if (atFront() && payments.length && payments[0].id !== newest)
			await show();
	} catch {
		/* the state says so */
	}
	looking = false;
}

function follow() {
	const events = new EventSource("api/v1/events");
	events.addEventListener("block", (event) => {
		showHeight(JSON.parse(event.data).height);
		lookForNewer();
	});
	events.addEventListener("open", showStatus);
	events.addEventListener("error", showStatus);
}

document.getElementById("search").addEventListener("submit", async (event) => {
	event.preventDefault();
	const field = document.getElementById("text");
	const text = field.value.trim();
	if (!text)
		return;
	try {
		const { kind, name } = await ask(`search?q=${encodeURIComponent(text)}`);
		field.value = "";
		location.hash = `#/${kind}/${encodeURIComponent(name)}`;
	} catch (error) {
		shown++;
		main.replaceChildren(make("p", { class: "wrong" }, error.message), make("p", { class: "mono" }, text));
	}
});
addEventListener("hashchange", show);
await showStatus();
show();
follow();
