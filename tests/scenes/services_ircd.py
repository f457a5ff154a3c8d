"""An IRC server with services accounts, which ngircd has not: capabilities of IRCv3 that name who is logged in to which, and
those by which bouncers and servers send what is old. Whoever says "login NAME" or "logout" to Services is what he says."""
import asyncio
import datetime
import threading

from messengers import NETWORK

HOST = "irc.scene.test"
CAPABILITIES = ("message-tags", "account-tag", "server-time", "extended-join", "account-notify", "batch")


def fold(name):
	return name.lower().translate(str.maketrans("[]\\~", "{}|^"))


class User:
	"""A connection, and who is at its end."""

	def __init__(self, writer):
		self.writer = writer
		self.nick = self.name = self.account = None
		self.capabilities, self.asks, self.welcomed, self.away = set(), False, False, False

	@property
	def mask(self):
		return f"{self.nick}!{self.name}@scene.test"

	def send(self, line, account=None, time=None, batch=None):
		"""A line, with those of the tags that this one has asked for."""
		tags = {"account": account if "account-tag" in self.capabilities else None,
			"time": (time or datetime.datetime.now(datetime.UTC)).strftime("%Y-%m-%dT%H:%M:%S.000Z") if "server-time" in self.capabilities else None,
			"batch": batch if "batch" in self.capabilities else None}
		written = ";".join(f"{key}={value}" for key, value in tags.items() if value)
		self.writer.write((f"@{written} " if written else "").encode() + line.encode() + b"\r\n")

	def numeric(self, number, *arguments):
		*middle, last = arguments
		self.send(" ".join([f":{HOST}", f"{number:03}", self.nick or "*", *middle, f":{last}"]))


class ServicesIrcd:
	"""The server, in a thread of its own until the test ends. Each method may be called from the test's."""

	def __init__(self, test, capabilities=CAPABILITIES):
		self.capabilities = capabilities
		self.users, self.channels = {}, {}  # nick: User; channel: list of User
		self.batches = 0
		self.looked = []  # (who has asked by WHO, for which channel)
		self.loop = asyncio.new_event_loop()
		self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
		self.port = self.server.sockets[0].getsockname()[1]
		self.thread = threading.Thread(target=self.loop.run_forever)
		self.thread.start()
		test.addCleanup(self.stop)

	def stop(self):
		self.call(self.end)
		self.loop.call_soon_threadsafe(self.loop.stop)
		self.thread.join()
		self.loop.close()

	async def end(self):
		self.server.close()
		others = asyncio.all_tasks() - {asyncio.current_task()}
		for task in others:
			task.cancel()
		await asyncio.gather(*others, return_exceptions=True)

	def call(self, coroutine, *arguments):
		return asyncio.run_coroutine_threadsafe(coroutine(*arguments), self.loop).result(30)

	# ---- what a test does to the network -----------------------------------------------------------------

	def replay(self, nick, sender, lines, account=None, batch=False, age_s=3600):
		"""Sends one user what was said to him before, as a server or a bouncer does that has kept it."""

		async def send():
			user, time = self.users[fold(nick)], datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=age_s)
			self.batches += 1
			name = f"old{self.batches}" if batch else None
			if batch:
				user.send(f":{HOST} BATCH +{name} chathistory {sender}")
			for line in lines:
				user.send(f":{sender}!{sender}@scene.test PRIVMSG {nick} :{line}", account, None if batch else time, name)
			if batch:
				user.send(f":{HOST} BATCH -{name}")

		self.call(send)

	def drop(self, nick):
		"""Ends the connection of a user."""

		async def close():
			self.users[fold(nick)].writer.close()

		self.call(close)

	def split(self, nick):
		"""The server of this user is cut off: for all others he is gone, and his nick is free."""

		async def cut():
			user = self.users[fold(nick)]
			self.leave(user, "irc.scene.test irc2.scene.test")
			return user

		return self.call(cut)

	def heal(self, user, channels):
		"""He is back."""

		async def join():
			self.users[fold(user.nick)] = user
			for channel in channels:
				self.join(user, channel)

		self.call(join)

	# ---- who hears what ----------------------------------------------------------------------------------

	def neighbours(self, user):
		"""Those who share a channel with him, himself included."""
		return {other for members in self.channels.values() if user in members for other in members} | {user}

	def leave(self, user, why):
		for other in self.neighbours(user) - {user}:
			other.send(f":{user.mask} QUIT :{why}", user.account)
		for members in self.channels.values():
			if user in members:
				members.remove(user)
		if self.users.get(fold(user.nick or "")) is user:
			del self.users[fold(user.nick)]

	def join(self, user, channel):
		members = self.channels.setdefault(fold(channel), [])
		members.append(user)
		for other in members:
			more = f" {user.account or '*'} :{user.name}" if "extended-join" in other.capabilities else ""
			other.send(f":{user.mask} JOIN {channel}{more}", user.account)
		user.numeric(353, "=", channel, " ".join(member.nick for member in members))
		user.numeric(366, channel, "End of NAMES list")

	def log_in(self, user, account):
		user.account = account
		for other in self.neighbours(user):
			if "account-notify" in other.capabilities:
				other.send(f":{user.mask} ACCOUNT {account or '*'}")
		user.send(f":Services!services@{HOST} NOTICE {user.nick} :You are {account or 'nobody'} now")

	# ---- what users say ----------------------------------------------------------------------------------

	async def serve(self, reader, writer):
		user = User(writer)
		try:
			while line := await reader.readline():
				words, _, last = line.decode(errors="replace").rstrip("\r\n").partition(" :")
				command, *arguments = words.split() or [""]
				if " :" in line.decode(errors="replace"):
					arguments.append(last)
				if command.startswith("@"):  # tags of his own: none of them is anybody's account
					command, *arguments = arguments
				handler = getattr(self, f"on_{command.lower()}", None)
				if handler:
					handler(user, *arguments)
				await writer.drain()
		except (ConnectionError, asyncio.CancelledError):
			pass
		finally:
			if user.nick:
				self.leave(user, "gone")
			writer.close()

	def welcome(self, user):
		if user.welcomed or user.asks or not user.nick or not user.name:
			return
		user.welcomed = True
		user.numeric(1, f"Welcome, {user.nick}")
		user.numeric(5, f"NETWORK={NETWORK}", "CASEMAPPING=rfc1459", "CHANTYPES=#", "PREFIX=(o)@", "NICKLEN=32", "WHOX", "are supported")
		user.numeric(376, "End of MOTD")

	def on_cap(self, user, what, *arguments):
		words = arguments[-1].split() if arguments else []
		if what == "LS":
			user.asks = not user.welcomed
			user.send(f":{HOST} CAP {user.nick or '*'} LS :{' '.join(self.capabilities)}")
		elif what == "REQ" and set(words) <= set(self.capabilities):
			user.capabilities |= set(words)
			user.send(f":{HOST} CAP {user.nick or '*'} ACK :{' '.join(words)}")
		elif what == "REQ":
			user.send(f":{HOST} CAP {user.nick or '*'} NAK :{' '.join(words)}")
		elif what == "END":
			user.asks = False
			self.welcome(user)

	def on_nick(self, user, nick):
		if self.users.get(fold(nick), user) is not user:
			user.numeric(433, nick, "Nickname is already in use")
			return
		if user.nick:
			for other in self.neighbours(user) if user.welcomed else ():
				other.send(f":{user.mask} NICK :{nick}", user.account)
			del self.users[fold(user.nick)]
		user.nick = nick
		self.users[fold(nick)] = user
		self.welcome(user)

	def on_user(self, user, name, *_):
		user.name = name
		self.welcome(user)

	def on_ping(self, user, *arguments):
		user.send(f":{HOST} PONG {HOST} :{arguments[-1]}")

	def on_join(self, user, channel, *_):
		self.join(user, channel)

	def on_part(self, user, channel, *_):
		for other in self.channels[fold(channel)]:
			other.send(f":{user.mask} PART {channel}", user.account)
		self.channels[fold(channel)].remove(user)

	def on_who(self, user, channel, fields="", *_):
		for member in self.channels.get(fold(channel), []):
			if fields == "%cuhsnfdar":
				user.numeric(354, channel, member.name, "scene.test", HOST, member.nick, "H", "0", member.account or "0", member.name)
			else:
				user.numeric(352, channel, member.name, "scene.test", HOST, member.nick, "H", f"0 {member.name}")
		user.numeric(315, channel, "End of WHO list")
		self.looked.append((user.nick, channel))

	def on_whois(self, user, nick, *_):
		user.numeric(318, nick, "End of WHOIS list")

	def on_privmsg(self, user, to, text):
		if to == "Services":
			self.log_in(user, text.split()[1] if text.startswith("login ") else None)
			return
		members = self.channels.get(fold(to), [])
		other = self.users.get(fold(to))
		for member in [member for member in members if member is not user] or ([other] if other else []):
			member.send(f":{user.mask} PRIVMSG {to} :{text}", user.account)
		if not members and not other:
			user.numeric(401, to, "No such nick")
