"""Power cuts: what strace saw processes write, in its order, and the disks that a loss of power at any moment may leave.

A disk keeps what was synced, and of the rest anything: each sector of each write by itself, in any order, torn within a
write; each change of a directory by itself. What is assumed of a disk is no more than that a sector of 512 bytes is
written as a whole or not at all. A process that is killed takes nothing back, and makes nothing durable. What a sync that
failed was to write, no later one writes: only who writes it once more can make it durable."""
import os
import pathlib
import re
import shutil

SECTOR = 512
LOG_FILES = ("log.0", "log.1")
CALLS = ("openat", "pwrite64", "write", "writev", "lseek", "fdatasync", "fsync", "rename", "renameat", "renameat2", "link",
	"linkat", "mkdir", "mkdirat", "rmdir", "ftruncate", "truncate", "sendto", "sendmsg", "unlink", "unlinkat", "msync",
	"pwritev", "pwritev2", "creat", "open", "fallocate", "copy_file_range", "sendfile", "mmap")
LINE = re.compile(r"(\d+) +([\d.]+) (.*)")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def recording(log, program, inject=None):
	"""The command that runs the program and writes down what it does to files and sockets. inject: a fault for it."""
	return ["strace", "-f", "-qq", "-ttt", "-y", "-xx", "-s", "100000000", "-e", f"trace={','.join(CALLS)}",
		*(["-e", f"inject={inject}"] if inject else []), "-o", str(log), *map(str, program)]


def texts(arguments):
	return [bytes.fromhex(found.replace("\\x", "")) for found in TEXT.findall(arguments)]


def unhex(text):
	return bytes.fromhex(text.replace("\\x", "")).decode()


class Call:
	"""begin, end: places in the order of all that happened; end is None where the process did not live to see it."""

	def __init__(self, thread, time, name, arguments, begin):
		self.thread, self.time, self.name, self.arguments, self.begin = thread, time, name, arguments, begin
		self.end = self.result = None


def calls_of(log, first):
	"""Of one process and its threads. first: the place of its first event."""
	calls, open_calls = [], {}
	place = first
	for line in pathlib.Path(log).read_text().splitlines():
		thread, time, rest = LINE.fullmatch(line).groups()
		place += 2
		if rest.startswith(("+++", "---", "???")):  # the last: a call that a process was killed at
			continue
		if rest.startswith("<... "):
			call = open_calls.pop(thread, None)
			if call is None:
				continue
			call.arguments += rest.split(" resumed>", 1)[1]
		else:
			name, arguments = rest.split("(", 1)
			call = Call(thread, float(time), name, arguments, place)
			calls.append(call)
		if call.arguments.endswith(" <unfinished ...>"):
			call.arguments = call.arguments.removesuffix(" <unfinished ...>")
			open_calls[thread] = call
			continue
		call.arguments, _, result = call.arguments.rpartition(" = ")
		call.arguments = call.arguments.rstrip().removesuffix(")")
		if not result.startswith("?"):
			call.end, call.result = place + 1, int(re.match(r"-?\d+", result).group())
	return calls, place + 2


class Commits:
	"""newest: the number of the newest commit: of a file, how many writes through a descriptor that syncs each (LMDB's
	headers: the last step of a commit); of a journal's log, the sequence number of its newest piece."""

	def __init__(self):
		self.newest = 0


class File:
	"""commits: of a log, those of both its files."""

	def __init__(self, commits, is_log):
		self.commits, self.is_log = commits, is_log


class Held:
	"""What a disk has of a file: what is there for sure, and what was written since. clean: what a sync that failed has
	left to chance, and `since`, what was written and synced afterwards."""

	def __init__(self):
		self.synced, self.pending, self.clean, self.since = bytearray(), [], [], []

	def leave(self, writes):
		self.clean += writes
		self.pending = [write for write in self.pending if write not in writes]


class Write:
	"""Of a file; without data it is cut or lengthened to the offset. syncs: it is durable with its end. commit: its number,
	where it is a commit's: an LMDB header, a piece of the log (storage §4: the sequence number stands behind checksum and
	log id, which in zeros are none)."""

	def __init__(self, file, offset, data, call, syncs):
		self.file, self.offset, self.data, self.begin, self.end = file, offset, data, call.begin, call.end
		self.thread, self.syncs, self.commit = call.thread, syncs, None
		if syncs:
			self.commit = file.commits.newest + 1
		elif file.is_log and data and any(data[8:24]):
			self.commit = int.from_bytes(data[24:32], "big")
		if self.commit:
			file.commits.newest = self.commit


class Sync:
	"""failed: the kernel takes what was to be written for clean from then on, so that no later one writes it."""

	def __init__(self, node, call):
		self.node, self.begin, self.end, self.failed = node, call.begin, call.end, call.result < 0


class Change:
	"""Of a directory: a name goes from one place to another; either may be none."""

	def __init__(self, node, away, to, call):
		self.node, self.away, self.to, self.begin, self.end = node, away, to, call.begin, call.end


class Process:
	def __init__(self, begin):
		self.begin, self.end, self.sends, self.found, self.loads = begin, begin, [], {}, []

	def first_send(self, after=0):
		return next((place for place in self.sends if place > after), None)


class Recorded:
	"""What processes did to the files under a directory that was empty before, one process after the other."""

	def __init__(self, root):
		self.root = pathlib.Path(root)
		self.tree = {}  # as processes see it: a directory is a dict
		self.events, self.calls, self.processes = [], [], []
		self.withdrawn = 0  # how many processes ended within a write that syncs

	def add(self, log):
		begin = self.processes[-1].end if self.processes else 0
		process = Process(begin)
		self.processes.append(process)
		process.found = {node.commits: node.commits.newest for _, node in self.walk() if isinstance(node, File)}
		calls, process.end = calls_of(log, begin)
		self.descriptors = {}
		for call in calls:
			if call.result is None or call.result >= 0 or call.name in ("fdatasync", "fsync"):
				handler = getattr(self, "on_" + call.name, None)
				assert handler, f"what {call.name} does to a disk is not known here"
				handler(call)
		if any(call.end is None for call in calls):
			self.take_back(process)
			self.withdraw_last(process)
		self.calls += calls

	def take_back(self, process):
		"""Which of the calls that a process was killed in were carried out is seen in its files."""
		for event in reversed([event for event in self.events if event.begin > process.begin and event.end is None]):
			if isinstance(event, Change):
				gone, there = ((self.path_of(place) if place else None) for place in (event.away, event.to))
				if not (there and not os.path.lexists(there) or gone and os.path.lexists(gone)):
					continue
				if event.to:
					del event.to[0][event.to[1]]
				if event.away:
					event.away[0][event.away[1]] = event.node
			else:
				path = next(path for path, node in self.walk() if node is event.file)
				data = path.read_bytes()
				if event.data is None and len(data) == event.offset:
					continue
				there = data[event.offset:event.offset + len(event.data)] if event.data is not None else b""
				# A process may be killed between two pages of a write.
				kept = len(os.path.commonprefix([there, event.data or b""]))
				if event.data is not None and kept == len(event.data):
					continue
				if event.commit:
					event.file.commits.newest, event.commit = event.commit - 1, None
				if kept:
					event.data = event.data[:kept]
					continue
			self.events.remove(event)

	def path_of(self, place):
		directory = self.root if place[0] is self.tree else next(path for path, node in self.walk() if node is place[0])
		return directory / place[1]

	def walk(self, tree=None, root=None):
		for name, node in (self.tree if tree is None else tree).items():
			path = (root or self.root) / name
			yield path, node
			if not isinstance(node, File):
				yield from self.walk(node, path)

	def withdraw_last(self, process):
		"""A process that was killed in a write that syncs may have written and not synced. Its last such write is taken
		for that, where it sent nothing afterwards, and its thread wrote nothing."""
		writes = [event for event in self.events if isinstance(event, Write) and event.begin >= process.begin]
		commits = [write for write in writes if write.syncs]
		if not commits or process.first_send(commits[-1].begin) is not None:
			return
		if not any(write.begin > commits[-1].begin and write.thread == commits[-1].thread for write in writes):
			commits[-1].end = None
			self.withdrawn += 1

	def behind_commits(self):
		"""Of the last process: which of their thread's pwrites come next after one that syncs."""
		found, counts, synced = [], {}, {event.begin for event in self.events if isinstance(event, Write) and event.commit}
		behind = set()
		for call in self.calls:
			if call.begin > self.processes[-1].begin and call.name == "pwrite64":
				counts[call.thread] = counts.get(call.thread, 0) + 1
				if call.thread in behind:
					found.append(counts[call.thread])
				behind.discard(call.thread)
				if call.begin in synced:
					behind.add(call.thread)
		return found

	def place_at(self, time):
		"""Behind all that had begun at this time."""
		return max((call.begin for call in self.calls if call.time <= time), default=0)

	def within(self, path):
		try:
			return pathlib.Path(os.path.normpath(path)).relative_to(self.root).parts
		except ValueError:
			return None

	def node(self, parts):
		node = self.tree
		for name in parts:
			node = node[name]
		return node

	def path(self, call, index):
		"""The index-th text of the call, where it lies under the root."""
		parts = [part.strip() for part in re.split(r", (?![^\[]*\])", call.arguments)]
		named = [i for i, part in enumerate(parts) if part.startswith('"')]
		at = named[index]
		path = unhex(parts[at].strip('"'))
		if call.name.endswith(("at", "at2")) and not path.startswith("/"):
			path = os.path.join(unhex(re.search(r"<((?:\\x[0-9a-f]{2})*)>", parts[at - 1]).group(1)), path)
		return self.within(path)

	def directory(self, parts):
		return self.node(parts[:-1])

	def change(self, call, node, away, to):
		for place, put in ((away, False), (to, True)):
			if place:
				directory, name = self.directory(place), place[-1]
				if put:
					directory[name] = node
				else:
					del directory[name]
		pair = [(self.directory(place), place[-1]) if place else None for place in (away, to)]
		self.events.append(Change(node, *pair, call))

	# ---- what each call does

	def on_openat(self, call):
		parts = self.path(call, 0)
		self.descriptors.pop(call.result, None)
		if parts is None or call.result is None:
			return
		try:
			directory = self.directory(parts)
			if "O_CREAT" in call.arguments and parts[-1] not in directory:
				self.change(call, self.new_file(parts), None, parts)
			node = self.node(parts)
		except KeyError:
			return  # what others made
		assert "O_TRUNC" not in call.arguments and "O_APPEND" not in call.arguments
		self.descriptors[call.result] = [node, 0, "SYNC" in call.arguments]
		self.processes[-1].loads.append((call.begin, parts))

	on_open = on_openat

	def new_file(self, parts):
		is_log = parts[-1] in LOG_FILES
		commits = [node.commits for name, node in self.directory(parts).items() if name in LOG_FILES] if is_log else []
		return File(commits[0] if commits else Commits(), is_log)

	def descriptor(self, call):
		number, path = re.match(r"(-?\d+)<?((?:\\x[0-9a-f]{2})*)", call.arguments).groups()
		if self.within(unhex(path).removesuffix(" (deleted)")) is None:
			return None
		return self.descriptors.get(int(number))

	def is_link(self, call):
		"""Whether it writes to a socket."""
		path = re.match(r"-?\d+<((?:\\x[0-9a-f]{2})*|[A-Z]+)", call.arguments)
		return path and (path.group(1).isalpha() or unhex(path.group(1)).startswith(("socket:", "TCP")))

	def write(self, call, offset, data):
		if self.is_link(call):
			self.on_sendto(call)
			return
		found = self.descriptor(call)
		if found is None:
			return
		if offset is None:
			offset = found[1]
			found[1] += len(data)
		assert call.result in (None, len(data))
		self.events.append(Write(found[0], offset, data, call, found[2]))

	def on_pwrite64(self, call):
		self.write(call, int(call.arguments.rsplit(",", 1)[1]), texts(call.arguments)[0])

	def on_write(self, call):
		self.write(call, None, texts(call.arguments)[0])

	def on_writev(self, call):
		self.write(call, None, b"".join(texts(call.arguments)))

	def on_sendto(self, call):
		if call.end is not None:
			self.processes[-1].sends.append(call.begin)

	on_sendmsg = on_sendto

	def on_lseek(self, call):
		found = self.descriptor(call)
		if found:
			found[1] = call.result

	def on_fdatasync(self, call):
		found = self.descriptor(call)
		if found and call.end is not None:
			self.events.append(Sync(found[0], call))

	on_fsync = on_fdatasync

	def on_ftruncate(self, call):
		found = self.descriptor(call)
		if found:
			self.events.append(Write(found[0], int(call.arguments.rsplit(",", 1)[1]), None, call, False))

	def on_truncate(self, call):
		parts = self.path(call, 0)
		if parts:
			self.events.append(Write(self.node(parts), int(call.arguments.rsplit(",", 1)[1]), None, call, False))

	def on_mmap(self, call):
		"""What is written through memory would not be seen here. (LMDB's lock file is, and means nothing.)"""
		if "MAP_SHARED" in call.arguments and "PROT_WRITE" in call.arguments:
			path = re.search(r"<((?:\\x[0-9a-f]{2})*)>", call.arguments)
			assert not path or unhex(path.group(1)).endswith("lock.mdb"), call.arguments

	def on_rename(self, call):
		away, to = self.path(call, 0), self.path(call, 1)
		if away and to:
			self.change(call, self.node(away), away, to)

	on_renameat = on_renameat2 = on_rename

	def on_link(self, call):
		away, to = self.path(call, 0), self.path(call, 1)
		if away and to:
			self.change(call, self.node(away), None, to)

	on_linkat = on_link

	def on_unlink(self, call):
		parts = self.path(call, 0)
		if parts and parts[-1] != "control":  # a socket: bind has made it, and a power cut leaves nothing of it that counts
			self.change(call, self.node(parts), parts, None)

	on_unlinkat = on_rmdir = on_unlink

	def on_mkdir(self, call):
		parts = self.path(call, 0)
		if parts:
			self.change(call, {}, None, parts)

	on_mkdirat = on_mkdir


def wholes(recorded):
	"""Of each name outside of directories that move: all that a file of this name was when it got it."""
	found, written = {}, {}
	for event in recorded.events:
		if isinstance(event, Write):
			put(written.setdefault(event.file, bytearray()), event.offset, event.data)
		elif isinstance(event, Change) and event.to and isinstance(event.node, File):
			found.setdefault(event.to[1], set()).add(bytes(written.get(event.node, b"")))
	return found


class Disk:
	"""What of a recording has reached the disk for sure, and what may have, as it goes on from place to place."""

	def __init__(self, recorded):
		self.steps = []
		for number, event in enumerate(recorded.events):
			if isinstance(event, Sync):
				self.steps.append((event.end, number, self.sync, event))
			else:
				self.steps.append((event.begin, number, self.begin, event))
				if isinstance(event, Write) and event.syncs and event.end is not None:
					self.steps.append((event.end, number, self.settle_one, event))
		for process in recorded.processes:
			# What a process found in the files it rests on with all that it sends.
			if process.first_send():
				self.steps.append((process.first_send(), -1, self.rest_on, process.found))
		self.steps.sort(key=lambda step: step[:2])
		self.next = 0
		self.root = recorded.tree
		self.synced = {}  # of a directory, by its identity: the names that are durable
		self.changes, self.files = [], {}
		self.required, self.begun = {}, {}  # of Commits: those that must be there, and that may

	def names(self, directory):
		return self.synced.setdefault(id(directory), {})

	def held(self, file):
		return self.files.setdefault(file, Held())

	def go_to(self, place):
		while self.next < len(self.steps) and self.steps[self.next][0] <= place:
			_, _, step, event = self.steps[self.next]
			self.next += 1
			step(event)

	def begin(self, event):
		if isinstance(event, Change):
			self.changes.append(event)
			return
		self.held(event.file).pending.append(event)
		if event.commit:
			self.begun[event.file.commits] = event.commit

	def rest_on(self, found):
		for commits, newest in found.items():
			self.required[commits] = max(newest, self.required.get(commits, 0))

	def settle_one(self, write):
		self.settle(write.file, [write])

	def settle(self, file, writes):
		held = self.held(file)
		for write in writes:
			put(held.synced, write.offset, write.data)
			if held.clean:
				held.since.append(write)
			if write.commit:
				self.rest_on({file.commits: write.commit})
		held.pending = [write for write in held.pending if write not in writes]

	def sync(self, sync):
		def before(event):
			return event.end is not None and event.end < sync.begin or event.begin < sync.begin and event.end is None

		if isinstance(sync.node, File):
			found = [write for write in self.held(sync.node).pending if before(write)]
			if sync.failed:
				self.held(sync.node).leave(found)
			else:
				self.settle(sync.node, found)
			return
		if sync.failed:
			return
		kept = []
		for change in self.changes:
			touched = [place[0] for place in (change.away, change.to) if place]
			if before(change) and any(directory is sync.node for directory in touched):
				self.carry_out(change, self.names)
			else:
				kept.append(change)
		self.changes = kept

	@staticmethod
	def carry_out(change, names):
		if change.away:
			names(change.away[0]).pop(change.away[1], None)
		if change.to:
			names(change.to[0])[change.to[1]] = change.node

	def unsettled(self):
		return len(self.changes) + sum(len(held.pending) + len(held.clean) for held in self.files.values())

	def image(self, keep):
		"""keep: tells of a write's sector or of a change whether it reached the disk. Returns path -> bytes, or None for a
		directory."""
		copies = {}

		def names(directory):
			if id(directory) not in copies:
				copies[id(directory)] = dict(self.names(directory))
			return copies[id(directory)]

		for change in self.changes:
			if keep(change, None):
				self.carry_out(change, names)
		found = {}

		def walk(directory, prefix):
			for name, node in names(directory).items():
				path = f"{prefix}{name}"
				if isinstance(node, File):
					found[path] = content(self.held(node), keep)
				else:
					found[path] = None
					walk(node, path + "/")

		walk(self.root, "")
		return found


def put(data, offset, new):
	if new is None:  # a truncation
		if offset <= len(data):
			del data[offset:]
		else:
			data.extend(bytes(offset - len(data)))
		return
	if len(data) < offset:
		data.extend(bytes(offset - len(data)))
	data[offset:offset + len(new)] = new


def put_some(data, write, keep):
	"""Those of its sectors that reached the disk."""
	if write.data is None:
		if keep(write, None):
			put(data, write.offset, None)
		return
	at, end = write.offset, write.offset + len(write.data)
	while at < end:
		stop = min(end, at // SECTOR * SECTOR + SECTOR)
		if keep(write, at // SECTOR):
			put(data, at, write.data[at - write.offset:stop - write.offset])
		at = stop


def content(held, keep):
	data = bytearray(held.synced)
	for write in held.clean:
		put_some(data, write, keep)
		for later in held.since:
			if later.begin > write.begin:
				put(data, later.offset, later.data)
	for write in held.pending:
		put_some(data, write, keep)
	return bytes(data)


def everything(_event, _sector):
	return True


def nothing(_event, _sector):
	return False


def chooser(chance):
	"""One of the ways in which a disk may lose things."""
	way = chance.randrange(8)
	share = chance.choice((0.03, 0.2, 0.5, 0.8, 0.97))
	if way == 0:
		return nothing
	if way == 1:
		return everything
	if way in (2, 3):  # whole writes
		chosen = {}
		return lambda event, _sector: chosen.setdefault(id(event), chance.random() < share)
	if way == 4:  # the newest first: an older one is lost
		return lambda event, _sector: chance.random() < (share if getattr(event, "commit", None) else 1 - share)
	return lambda _event, _sector: chance.random() < share


def write_out(image, directory):
	shutil.rmtree(directory, ignore_errors=True)
	directory.mkdir(mode=0o700)
	for path, data in image.items():
		target = directory / path
		if data is None:
			target.mkdir(mode=0o700)
		else:
			descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
			os.write(descriptor, data)
			os.close(descriptor)
