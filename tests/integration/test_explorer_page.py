"""The explorer's page in a real browser: what it shows, what it proves, and that nobody's text becomes more than text.
UNCIA_SCREENSHOTS: a directory where pictures of it are left."""
import base64
import os
import pathlib
import subprocess
import unittest

from browser import Browser
from indexers import IndexerTest, api

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGE = pathlib.Path(os.environ.get("UNCIA_JS", ROOT / "build-js" / "js"))
HOSTILE = "<img src=x onerror=document.title='taken'>"


class Page(IndexerTest):
	def start(self, *options):
		self.net = self.start_paid_devnet()
		self.pg = self.cluster()
		self.indexer = self.begin(self.pg, "--home", "v0", "--listen", "127.0.0.1:0", *options)
		self.url = self.indexer.url()
		self.browser = Browser(self.dir / "profile", "--window-size=900,760")
		self.addCleanup(self.browser.close)

	def pay(self, home, to, amount, *more):
		return self.uncia_json("--wallet", home, "--network", "network.conf", "send", to, amount, "--yes", *more)

	def picture(self, window, name):
		where = os.environ.get("UNCIA_SCREENSHOTS")
		if where:
			pathlib.Path(where, f"explorer-{name}.png").write_bytes(base64.b64decode(window.ask("GET", "/screenshot")))

	def quiet(self):
		"""Nothing was refused by the policy, and no script failed."""
		found = [entry["message"] for entry in self.browser.console() if "503" not in entry["message"] and "404" not in entry["message"]]
		self.assertEqual(found, [])

	def test_what_is_shown_is_proved_in_the_page(self):
		self.start("--libuncia", PACKAGE)
		alice, bob = self.wallet("alice"), self.wallet("bob")
		front = self.browser.open(self.url)
		front.until_text("#state", "height ")
		front.until_text("#main", "Newest payments")
		self.pay("net/treasury", alice, "50")
		paid = self.pay("alice", bob, "0.5", "--memo", HOSTILE)["id"]
		claim = self.uncia_json("--wallet", "alice", "--network", "network.conf", "claim", "new", "12")
		# The front page goes on by itself.
		front.until_text("td.amount", "12.00 UNC")
		front.until_text("h2", "Validators of epoch 0")
		self.picture(front, "front")
		# A payment, with its receipt.
		payment = self.browser.open(f"{self.url}#/payment/{paid}")
		payment.until_text("h1", "0.50 UNC")
		payment.until_text(".proof.good .verdict", "✓ Proved: all that is shown of it is in its receipt")
		self.picture(payment, "payment")
		# An account, with the proof of its balance, and its history.
		account = self.browser.open(f"{self.url}#/account/{alice}")
		account.until_text(".proof.good .verdict", "✓ Proved: 37.50 UNC in the state after block")
		account.until_text("td.amount", "+50.00 UNC")
		account.until_text("td.amount", "−0.50 UNC")
		self.picture(account, "account")
		# A payment with a reference, which is proved with it.
		referred = self.uncia_json("--wallet", "bob", "address", "--reference", "3c7363726970743e")["address"]
		order = self.pay("alice", referred, "0.25")["id"]
		self.indexer.until(lambda: self.pg.sql(f"select count(*) from uncia.payments where id = '\\x{order}';") == "1", "the payment")
		ordered = self.browser.open(f"{self.url}#/payment/{order}")
		ordered.until_text("td .mono", "3c7363726970743e")
		ordered.until_text(".proof.good .verdict", "✓ Proved: all that is shown of it is in its receipt")
		ordered.close()
		# By search, and what cannot be found.
		account.type("#text", bob)
		account.click("#search button")
		account.until_text("main .mono", bob)
		account.until_text(".proof.good .verdict", "✓ Proved: 0.75 UNC")
		opened = api(self.url, f"payments/{claim['id']}")["payment"]["holds"][0]["id"]
		account.type("#text", opened)
		account.click("#search button")
		account.until_text("h1", "Hold")
		account.until_text(".proof.good .verdict", "✓ Proved: 12.00 UNC")
		block = self.browser.open(f"{self.url}#/block/{api(self.url, f'payments/{paid}')['payment']['height']}")
		block.until_text("td", "0.50 UNC")
		self.quiet()
		# What somebody types, or puts into a link, is text.
		account.type("#text", HOSTILE)
		account.click("#search button")
		account.until_text("#main", HOSTILE)
		hostile = self.browser.open(f"{self.url}#/account/{HOSTILE}")
		hostile.until_text(".wrong", "by its address")
		for window in (account, hostile):
			self.assertNotEqual(window.run("return document.title"), "taken")
			self.assertEqual(window.run("return document.querySelectorAll('main img').length"), 0)
		self.assertEqual(self.browser.open(f"{self.url}#/__proto__").run("return document.title")[:5], "devne")

	def test_what_is_not_so_is_not_called_proved(self):
		self.start("--libuncia", PACKAGE)
		alice = self.wallet("alice")
		paid = self.pay("net/treasury", alice, "50")["id"]
		self.indexer.until(lambda: self.pg.sql("select count(*) from uncia.accounts where balance = 50000000;") == "1", "the payment")
		# A server that lies: the account's row, and what the API says of a payment.
		self.indexer.until_said("following")
		self.pg.sql("update uncia.accounts set balance = 51000000 where balance = 50000000;")
		account = self.browser.open(f"{self.url}#/account/{alice}")
		account.until_text(".proof.bad .verdict", "✗ Not proved: it is 50.000000 at height")
		page = self.browser.open(f"{self.url}#/")
		page.until_text("#main", "Newest payments")
		verdict = page.run("""
			const [url, id] = arguments;
			return (async () => {
				const { verifyReceipt, verifyBalance } = await import(url + "proofs.js");
				const { payment } = await (await fetch(url + "api/v1/payments/" + id)).json();
				const { receipt } = await (await fetch(url + "api/v1/payments/" + id + "/receipt")).json();
				const changed = (change) => verifyReceipt(receipt, change(structuredClone(payment)));
				return [await changed((p) => p), await changed((p) => (p.outputs[0].amount = "51.000000", p)),
					await changed((p) => (p.height++, p)), await changed((p) => (p.outputs[0].destination = p.sender, p)),
					await verifyReceipt(receipt.slice(0, -9), payment)].map((r) => r.wrong ?? (r.proved ? "proved" : "unverified"));
			})();
		""", self.url, paid)
		self.assertEqual(verdict[:4], ["proved", "its receipt proves another amount than is shown", "its receipt proves another place than is shown",
			"its receipt proves another receiver than is shown"])
		self.assertIn("its receipt does not hold", verdict[4])

	def test_without_libuncia_nothing_is_called_proved(self):
		self.start()
		alice = self.wallet("alice")
		paid = self.pay("net/treasury", alice, "50")["id"]
		self.indexer.until(lambda: self.pg.sql("select count(*) from uncia.accounts where balance = 50000000;") == "1", "the payment")
		payment = self.browser.open(f"{self.url}#/payment/{paid}")
		payment.until_text(".proof.open .verdict", "Not verified here: this server has no libuncia for browsers")
		payment.click("summary")
		receipt = payment.run("return document.querySelector('textarea').value")
		self.assertEqual(self.uncia_json("receipt", "verify", "--network", "network.conf", receipt)["id"], paid)


if __name__ == "__main__":
	unittest.main()
