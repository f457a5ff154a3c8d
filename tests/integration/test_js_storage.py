"""A wallet in a real browser whose storage fails, is taken away, or is somebody else's: each is a defined error, nothing is told
as done that is not, and the wallet goes on afterwards. And pages that cannot have one."""
import os
import pathlib
import sys
import threading

from browser import Browser
from uncia import UnciaTest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGE = pathlib.Path(os.environ.get("UNCIA_JS", ROOT / "build-js" / "js"))
sys.path.insert(0, str(ROOT / "wallet/bindings/js/examples/chat"))
import server  # noqa: E402

# What every script begins with: the package, and how a promise ends.
PRELUDE = """
	const u = window.u ??= await import("/uncia/browser.js");
	const ended = (promise) => promise.then((value) => value ?? "done", (error) => `${error.name}: ${error.message}`);
	const uncia = window.uncia ??= await u.load();
	const network = window.network ??= uncia.network(await (await fetch("/network.conf")).text());
	const passphrase = "correct horse battery staple";
	const make = (name, words) => uncia.create({ storage: new u.IndexedDBStorage(name), words, passphrase, kdfMemory: 8 << 20, kdfPasses: 1 });
	const open = (name, options) => uncia.open({ storage: new u.IndexedDBStorage(name, options), network, passphrase });
	const raw = (name, version, upgrade = () => {}) => new Promise((resolve, reject) => {
		const request = indexedDB.open(name, version);
		request.onupgradeneeded = () => upgrade(request.result, request.transaction);
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error);
	});
"""


class Page(UnciaTest):
	def start(self, *arguments):
		self.start_devnet()
		self.server = server.make(PACKAGE, self.dir / "net/network.conf", 0)
		threading.Thread(target=self.server.serve_forever, daemon=True).start()
		self.addCleanup(self.server.server_close)
		self.addCleanup(self.server.shutdown)
		self.origin = f"http://127.0.0.1:{self.server.server_port}"
		self.browser = Browser(self.dir / "profile", *arguments)
		self.addCleanup(self.browser.close)

	def page(self, origin=None):
		"""A page of this origin with nothing in it that runs."""
		return self.browser.open(f"{origin or self.origin}/chat.css")

	def run_in(self, window, script, *arguments):
		return window.run(f"return (async (...given) => {{ {PRELUDE}\n{script} }})(...arguments)", *arguments)

	def wallet(self, window):
		"""One that is open as window.wallet, and has 5."""
		address = self.run_in(window, """
			window.words = uncia.makeWords();
			await make("home", words);
			window.wallet = await open("home");
			window.errors = [];
			wallet.on("error", (error) => errors.push(`${error.name}: ${error.message}`));
			return wallet.address();
		""")
		self.uncia("--wallet", "net/treasury", "--network", "net/network.conf", "send", address, "5")
		self.to = self.uncia_json("--wallet", "net/treasury", "address")["address"]
		self.assertEqual(self.run_in(window, "return String((await wallet.sync()).spendable)"), "5000000")
		return address

	def pay(self, window, key, amount="1"):
		return self.run_in(window, "return ended(wallet.pay({ to: given[0], amount: uncia.amount(given[2]), key: given[1] })"
			".then(({ id }) => wallet.follow(id)).then(({ state }) => state))", self.to, key, amount)

	def goes_on(self, window, key, left):
		"""Closed and opened again it pays, under the same key, and has what is left."""
		self.assertEqual(self.run_in(window, "await wallet.close(); window.wallet = await open('home'); return 'open'"), "open")
		self.assertEqual(self.pay(window, key), "final")
		self.assertEqual(self.run_in(window, "return String((await wallet.sync()).spendable)"), left)


class Failing(Page):
	def test_where_there_is_no_room_nothing_is_paid_and_later_it_is(self):
		self.start()
		window = self.page()
		self.browser.command("Storage.overrideQuotaForOrigin", origin=self.origin, quotaSize=1 << 21)
		self.wallet(window)
		# Chromium counts what was written since it last looked: filled up in pieces that become smaller, nothing more goes in.
		self.assertEqual(self.run_in(window, """
			window.filler = await raw("filler", 1, (database) => database.createObjectStore("all", { autoIncrement: true }));
			const put = (size) => new Promise((resolve) => {
				const transaction = filler.transaction("all", "readwrite", { durability: "strict" });
				transaction.oncomplete = () => resolve(null);
				transaction.onabort = () => resolve(transaction.error.name);
				transaction.objectStore("all").add(crypto.getRandomValues(new Uint8Array(size)));
			});
			let [size, error] = [1 << 16, null];
			for (; size >= 1; size >>= 1)
				while (!(error = await put(size)));
			return error;
		"""), "QuotaExceededError")
		self.assertRegex(self.pay(window, "k"), "^UNCIA_E_IO: .*Quota.*; close the wallet and open it again$")
		self.assertRegex(self.pay(window, "other"), "^UNCIA_E_IO: .*Quota")
		self.assertRegex(self.run_in(window, "return ended(wallet.pin('bob', wallet.address()))"), "^UNCIA_E_IO: .*Quota")
		self.assertRegex(self.run_in(window, "return errors.join()"), "UNCIA_E_IO")
		self.assertRegex(self.run_in(window, "return ended(make('second', words))"), "^UNCIA_E_IO: .*Quota")
		self.run_in(window, "filler.close(); await new Promise((done) => (indexedDB.deleteDatabase('filler').onsuccess = done))")
		self.browser.command("Storage.overrideQuotaForOrigin", origin=self.origin)
		self.goes_on(window, "k", "4000000")
		self.assertEqual(self.run_in(window, "return wallet.byKey('other')"), None)

	def test_a_transaction_that_is_aborted_is_told_and_stored_later(self):
		self.start()
		window = self.page()
		self.wallet(window)
		for number in (1, 2):
			self.run_in(window, """
				let left = given[0];
				const transaction = IDBDatabase.prototype.transaction;
				IDBDatabase.prototype.transaction = function (...all) {
					const made = transaction.apply(this, all);
					if (all[1] === "readwrite" && --left === 0) {
						IDBDatabase.prototype.transaction = transaction;
						queueMicrotask(() => made.abort());
					}
					return made;
				};
			""", number)
			said = self.pay(window, f"k{number}")
			self.assertRegex(said, "^UNCIA_E_IO: .*; close the wallet and open it again$")
			self.goes_on(window, f"k{number}", f"{5 - number}000000")

	def test_what_the_browser_deletes_under_the_page_is_told_at_once(self):
		self.start()
		window = self.page()
		address = self.wallet(window)
		self.run_in(window, """
			window.waits = Promise.all([ended(wallet.follow("f".repeat(64))), ended(wallet.watch("chat").next())]);
		""")
		self.browser.command("Storage.clearDataForOrigin", origin=self.origin, storageTypes="indexeddb")
		told = self.run_in(window, "return waits")
		for said in (*told, self.pay(window, "k"), *self.run_in(window, "return errors")):
			# Where it was writing at this moment, the reason is the browser's own.
			self.assertRegex(said, "^UNCIA_E_IO: .*(the browser has taken the database away|Connection is closing)")
		self.assertEqual(self.run_in(window, "return wallet.pending().length"), 0)
		self.assertRegex(self.run_in(window, "await wallet.close(); return ended(open('home'))"), "^UNCIA_E_NOT_FOUND")
		# The words have it all again.
		self.run_in(window, "await make('home', words); window.wallet = await open('home')")
		self.assertEqual(self.run_in(window, "return wallet.address()"), address)
		self.assertEqual(self.run_in(window, "return String((await wallet.sync()).spendable)"), "5000000")
		self.assertEqual(self.pay(window, "k"), "final")
		self.assertIn(self.run_in(window, "return new u.IndexedDBStorage('home').persist()"), (True, False))

	def test_what_another_page_deletes_or_changes_waits_until_the_wallet_is_closed(self):
		self.start()
		window, other = self.page(), self.page()
		self.wallet(window)
		self.run_in(other, """
			window.said = [];
			const request = indexedDB.deleteDatabase("home");
			window.deleted = new Promise((resolve) => (request.onsuccess = () => resolve(said.push("deleted"))));
			await new Promise((resolve) => (request.onblocked = () => resolve(said.push("blocked"))));
		""")
		self.assertEqual(self.pay(window, "k"), "final")
		self.assertEqual(self.run_in(other, "return said.join()"), "blocked")
		self.run_in(window, "await wallet.close()")
		self.run_in(other, "await deleted")
		self.assertRegex(self.run_in(window, "return ended(open('home'))"), "^UNCIA_E_NOT_FOUND")
		# An open that waits behind such a deletion does not wait for ever, and leaves nothing behind.
		self.run_in(window, "await make('home', words)")
		self.run_in(other, "window.holder = await raw('home'); indexedDB.deleteDatabase('home')")
		self.assertRegex(self.run_in(window, "return ended(open('home', { timeout: 300 }))"), "^UNCIA_E_BUSY: .*another page has it open")
		self.run_in(other, "holder.close()")
		self.assertRegex(self.run_in(window, "return ended(open('home'))"), "^UNCIA_E_NOT_FOUND")

	def test_one_tab_has_it_and_is_told_where_it_is_taken_away(self):
		self.start()
		window, other = self.page(), self.page()
		self.wallet(window)
		self.assertRegex(self.run_in(other, "return ended(open('home'))"), "^UNCIA_E_BUSY: another tab has this wallet open$")
		self.run_in(window, "window.waits = ended(wallet.follow('f'.repeat(64)))")
		self.run_in(other, "await new Promise((got) => navigator.locks.request('uncia:home', { steal: true }, async () => got()))")
		self.assertRegex(self.run_in(window, "return waits"), "^UNCIA_E_IO: ")
		self.assertRegex(self.pay(window, "k"), "^UNCIA_E_IO: ")
		# Nothing is written any more by who had it; who has it now pays once.
		self.assertEqual(self.run_in(other, "window.wallet = await open('home'); return 'open'"), "open")
		self.assertEqual(self.pay(other, "k"), "final")
		self.assertEqual(self.run_in(other, "return String((await wallet.sync()).spendable)"), "4000000")
		self.assertRegex(self.run_in(window, "return ended(wallet.pin('bob', wallet.address()))"), "^UNCIA_E_IO")
		self.assertEqual(self.run_in(window, "await wallet.close(); return 'closed'"), "closed")

	def test_what_is_no_wallets_is_said_to_be_that_and_left_alone(self):
		self.start()
		window = self.page()
		said = self.run_in(window, """
			await Promise.all([
				raw("newer", 7, (database) => database.createObjectStore("blobs")),
				raw("other", 1, (database) => database.createObjectStore("pictures")),
				raw("odd", 1, (database) => database.createObjectStore("blobs").put("text", "key")),
			].map(async (opened) => (await opened).close()));
			return Promise.all(["newer", "other", "odd"].map((name) => ended(open(name))));
		""")
		for one, expected in zip(said, ("^UNCIA_E_NEWER: .*newer version", "^UNCIA_E_DAMAGED: .*no wallet's", "^UNCIA_E_DAMAGED: .*no blob")):
			self.assertRegex(one, expected)
		self.assertEqual(self.run_in(window, """
			const all = await Promise.all(["newer", "other", "odd"].map((name) => raw(name)));
			return all.map((database) => `${database.version} ${[...database.objectStoreNames]}`).join();
		"""), "7 blobs,1 pictures,1 blobs")


class Insecure(Page):
	def test_a_page_that_is_no_secure_context_says_so(self):
		self.start("--host-resolver-rules=MAP chat.test 127.0.0.1")
		origin = f"http://chat.test:{self.server.server_port}"
		window = self.page(origin)
		said = window.run("""return (async () => {
			const { load, IndexedDBStorage } = await import("/uncia/browser.js");
			const ended = (promise) => promise.then(() => "done", (error) => `${error.name}: ${error.message}`);
			return [isSecureContext, await ended(load()), await ended(new IndexedDBStorage("home").open())];
		})()""")
		self.assertEqual(said[0], False)
		self.assertEqual(said[1], f"UNCIA_E_SYSTEM: this page is no secure context ({origin}): serve it by https, or from localhost")
		self.assertRegex(said[2], "^UNCIA_E_SYSTEM: this page has no Web Locks")
		chat = self.browser.open(f"{origin}/?name=alice")
		chat.until_text("body", "no secure context")

	def test_a_page_that_lacks_something_says_what(self):
		self.start()
		window = self.page()
		said = self.run_in(window, """
			const found = [], real = Worker;
			const words = uncia.makeWords();
			for (const other of [class { constructor() { throw new Error("refused"); } }, class extends real { constructor() { super("/nowhere.js"); } }]) {
				window.Worker = other;
				found.push(await ended(make("home", words)));
			}
			window.Worker = undefined;
			found.push(await ended(u.load()));
			window.Worker = real;
			const fetched = window.fetch;
			window.fetch = () => Promise.reject(new TypeError("offline"));
			found.push(await ended(u.load()));
			window.fetch = () => fetched("/nowhere");
			found.push(await ended(u.load()));
			window.fetch = fetched;
			Object.defineProperty(window, "indexedDB", { value: null });
			found.push(await ended(make("home", words)));
			return found;
		""")
		for one, expected in zip(said, ("^UNCIA_E_SYSTEM: .*keys does not run: refused", "^UNCIA_E_SYSTEM: .*keys does not run: it could not be loaded",
			"^UNCIA_E_SYSTEM: this browser has no Worker", "^UNCIA_E_IO: .*uncia.wasm cannot be fetched: offline",
			"^UNCIA_E_IO: .*uncia.wasm cannot be fetched: 404", "^UNCIA_E_SYSTEM: this page has no IndexedDB"), strict=True):
			self.assertRegex(one, expected)


if __name__ == "__main__":
	import unittest
	unittest.main()
