#!/usr/bin/env python3
"""What ./run chat shows: two people with WeeChat on an IRC server, or with Finch on an XMPP server, and a network of four
validators, all on this machine. Nothing is left running and nothing behind.

	chat.py               both with WeeChat in tmux, to type into
	chat.py --finch       both with Finch in tmux, to type into
	chat.py --script      plays a conversation, and prints what both have seen
	chat.py --measure N   from /pay typed to the payee's client showing the payment, N times in two WeeChats over IRC and N times
	                      in two clients of libpurple over XMPP; prints one JSON object"""
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

from finch import Finch, Tmux
from messengers import MessengerTest, OURS, PREFIX_OF_CODE, Purple, WeeChat, start_ircd, start_prosody, xmpp_account

HINT = """In the left window you are Alice, in the right one Bob. Type, each in the conversation with the other:

  Bob:    /uncia address            shows Alice his account; she does the same
  Alice:  /pay 0.50 lunch           asks, since it is the first: /uncia yes CODE
  Bob:    /uncia request 2.50       and Alice: /uncia accept
  both:   /uncia balance, /uncia history, /uncia contact, /uncia help

The wallet's own window is {where}.
To the other person: Ctrl-b, then an arrow. To end: detach (Ctrl-b, then d), and everything is stopped."""
WALLET_WINDOW = {"weechat": "the last buffer: Alt+Right", "finch": "\"≡ uncia\" in the list at the bottom: Alt+n goes to the next one"}


ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stage(MessengerTest):
	"""Alice with 20, Bob with 5, each in a conversation with the other."""

	def runTest(self):
		pass

	def __enter__(self):
		try:
			self.setUp()
		except BaseException:
			self.doCleanups()
			raise
		return self

	def __exit__(self, *_):
		self.doCleanups()

	def person(self, name, amount, peer, program="weechat-headless"):
		wallet = self.funded(name, amount)
		client = WeeChat(self, name, self.ircd, wallet.home, self.network.file, start=program == "weechat-headless")
		client.wallet = wallet
		if program == "weechat-headless":
			client.connected()
			client.window = client.talk(peer)
		return client

	def with_finch(self, name, amount, peer):
		wallet = self.funded(name, amount)
		return Finch(self, name, xmpp_account(self.xmpp, name), f"{peer}@scene.test", wallet.home, self.network.file)

	def headless(self):
		self.ircd = start_ircd(self)
		return self.person("alice", "20", "bob"), self.person("bob", "5", "alice")

	def purples(self):
		server, clients = start_prosody(self), []
		for name, peer in (("alice", "bob"), ("bob", "alice")):
			wallet = self.funded(f"{name}-of-xmpp")
			client = Purple(self, name, xmpp_account(server, name), wallet.home, self.network.file).connected()
			client.wallet, client.window = wallet, client.talk(f"{peer}@scene.test")
			clients.append(client)
		return clients

	def introduce(self, alice, bob):
		for shows, sees in ((bob, alice), (alice, bob)):
			shows.type("/uncia address", shows.window)
			sees.until_shown(sees.window, rf"{shows.name}\S* is paid at {shows.wallet.address}")

	def pay_first(self, payer, payee, amount, note=""):
		payer.type(f"/pay {amount} {note}".strip(), payer.window)
		match, _ = payer.until_shown(payer.window, rf"Pay {amount} .*{PREFIX_OF_CODE}(\w+)$")
		payer.type(f"/uncia yes {match[1]}", payer.window)
		payee.until_shown(payee.window, rf"✔ Received {amount} ")
		payer.until_shown(payer.window, rf"✔ Paid {amount} ")


def transcript(client):
	"""The conversation as this one has seen it, without dates, and with long texts cut."""
	for line in client.lines(client.window):
		_, who, text = line.split("\t", 2)
		text = re.sub(r"(uncia:\w{24})\w+", r"\1…", text)
		print(f"  {who:>8} | {text}")


def script(stage):
	alice, bob = stage.headless()
	stage.introduce(alice, bob)
	stage.pay_first(alice, bob, "0.50", "lunch")
	bob.type("/uncia request 2.50 the tickets", bob.window)
	alice.until_shown(alice.window, "asks to be paid")
	alice.type("/uncia accept", alice.window)
	bob.until_shown(bob.window, "✔ Received 2.50 ")
	bob.until_shown(bob.window, r"I have paid.*\n?", after=len(bob.lines(bob.window)) - 3)
	for client in (alice, bob):
		client.type("/uncia balance", client.window)
		client.until_shown(client.window, "You can spend")
		print(f"\n{client.name.capitalize()} sees, in the conversation with the other one ({OURS}: the wallet, to this one alone):")
		transcript(client)


def shown_at(path, pattern, begin, seconds=30):
	"""When this file has such a line behind its byte `begin`: it is read again and again, with half a millisecond between."""
	deadline = time.monotonic() + seconds
	while time.monotonic() < deadline:
		with open(path, "rb") as file:
			file.seek(begin)
			if re.search(pattern, file.read()):
				return time.monotonic()
		time.sleep(0.0005)
	raise SystemExit(f"chat: nothing shown within {seconds} s: {pattern}\n{path.read_text()[-1000:]}")


def measure(stage, clients, path, payments):
	"""Payments typed one at a time, to an account that was paid before. What the payee's client shows is written to path."""
	alice, bob = clients
	stage.introduce(alice, bob)
	stage.pay_first(alice, bob, "0.01")
	taken = []
	for number in range(payments):
		amount = f"0.0{number % 900 + 100}1"  # the same a moment ago would be asked about
		begin, typed = path.stat().st_size, time.monotonic()
		alice.type(f"/pay {amount}", alice.window)
		shown = shown_at(path, f"✔ Received {amount} ".encode(), begin)
		taken.append((shown - typed) * 1e3)
		alice.until_shown(alice.window, rf"✔ Paid {amount} ")
	for client in clients:
		client.kill()
	quantiles = statistics.quantiles(taken, n=100, method="inclusive")
	return {"p50": round(quantiles[49], 2), "p90": round(quantiles[89], 2), "p99": round(quantiles[98], 2), "min": round(min(taken), 2),
		"max": round(max(taken), 2)}


def measure_both(stage, payments):
	weechats = stage.headless()
	weechat = measure(stage, weechats, weechats[1].logs / f"{weechats[1].window}.weechatlog", payments)
	purples = stage.purples()
	purple = measure(stage, purples, purples[1].home / "output", payments)
	print(json.dumps({"payments": payments, "weechat_shown_ms": weechat, "purple_shown_ms": purple}))


def people_of(stage, client):
	"""Alice and Bob, and with which command each begins."""
	if client == "finch":
		stage.xmpp = start_prosody(stage)
		people = [stage.with_finch("alice", "20", "bob"), stage.with_finch("bob", "5", "alice")]
		return [(person, person.command()) for person in people]
	stage.ircd = start_ircd(stage)
	people = [stage.person("alice", "20", "bob", "weechat"), stage.person("bob", "5", "alice", "weechat")]
	return [(person, ["env", "-i", "TERM=screen-256color", *(f"{name}={value}" for name, value in person.environment.items()),
		*person.command("weechat"), "-r", f"/wait 2 /query -server net {peer}"]) for person, peer in zip(people, ("bob", "alice"))]


def interactive(stage, client):
	if not sys.stdout.isatty():
		raise SystemExit("chat: this needs a terminal; --script plays it without one")
	width, height = shutil.get_terminal_size((200, 50))
	if client == "finch" and (width < 120 or height < 36):
		raise SystemExit(f"chat: the terminal has {width} columns and {height} lines; two of Finch need 120 and 36 at least")
	tmux = Tmux()
	(alice, left), (bob, right) = people_of(stage, client)
	try:
		hint = ["sh", "-c", "printf %s \"$1\"; exec sleep infinity", "-", HINT.format(where=WALLET_WINDOW[client])]
		below = tmux.open("new-session", "-d", "-s", "chat", "-x", width, "-y", height, *hint)
		tmux.run("set-option", "-g", "status", "off")
		tmux.run("resize-window", "-t", below, "-x", width, "-y", height)
		tmux.run("set-option", "-w", "-u", "-t", below, "window-size")  # else it would not follow the terminal
		first = tmux.open("split-window", "-b", "-v", "-l", max(height - 13, 5), "-t", below, "sleep", "infinity")
		second = tmux.open("split-window", "-h", "-t", first, *right)
		tmux.run("respawn-pane", "-k", "-t", first, *left)  # only now it has the size that it keeps
		tmux.run("set-option", "-g", "mouse", "on")
		tmux.run("select-pane", "-t", first)
		if client == "finch":
			for person, pane in ((alice, first), (bob, second)):
				person.in_pane(tmux, pane).talk()
		done = subprocess.run([*tmux.command, "attach", "-t", "chat"], check=False,
			env={name: value for name, value in os.environ.items() if name != "TMUX"})
		if done.returncode:
			raise SystemExit("chat: tmux could not show the windows; --script plays the conversation without it")
	except subprocess.CalledProcessError as error:
		raise SystemExit(f"chat: {' '.join(error.cmd[:6])} …: ended with {error.returncode}") from error
	finally:
		tmux.stop()


def end_by_signal(number, _):
	"""Whatever ends this first ends all that it has started; a second signal does not end the cleaning up."""
	for each in ENDING_SIGNALS:
		signal.signal(each, signal.SIG_IGN)
	raise SystemExit(128 + number)


def main():
	arguments = sys.argv[1:]
	for each in ENDING_SIGNALS:
		signal.signal(each, end_by_signal)
	for program in ("finch", "tmux") if arguments == ["--finch"] else ("weechat-headless",) if arguments else ("weechat", "tmux"):
		if not shutil.which(program):
			raise SystemExit(f"chat: there is no {program} here")
	with Stage() as stage:
		if not arguments:
			interactive(stage, "weechat")
		elif arguments == ["--finch"]:
			interactive(stage, "finch")
		elif arguments == ["--script"]:
			script(stage)
		elif len(arguments) == 2 and arguments[0] == "--measure" and arguments[1].isdigit() and int(arguments[1]) > 1:
			measure_both(stage, int(arguments[1]))
		else:
			raise SystemExit(__doc__)


if __name__ == "__main__":
	main()
