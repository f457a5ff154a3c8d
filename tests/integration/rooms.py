"""The rooms of the product: which may know which, and what each has to keep to. The tables are below; test_rooms.py holds
the tree against them, and this program, run by itself, prints the figures of each room."""
import collections
import os
import pathlib
import re
import subprocess

import c_source

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# A room may include its own headers and those of the rooms or headers named, and call what these declare.
BELOW_NODE = ["include/uncia", "proto"]
VIEW = BELOW_NODE + ["node/ledger/view"]
SERVE = VIEW + ["node/ledger", "node/mempool", "node/step", "node/chain"]
REPLICA = SERVE + ["node/consensus", "node/serve", "node/payments", "node/sync"]
DRIVER = VIEW + ["node/ledger", "node/step", "node/replica", "node/store"]
TABLE = {
	"include/uncia": [],
	"proto": ["include/uncia"],
	"proto/program": [],
	"wallet": ["include/uncia", "proto"],
	"wallet/cli": ["include/uncia", "proto/program"],
	"wallet/notifier": ["include/uncia", "proto", "proto/program", "wallet"],
	"wallet/plugins/common": ["include/uncia"],
	"wallet/plugins/weechat": ["include/uncia", "wallet/plugins/common"],
	"wallet/plugins/purple": ["include/uncia", "wallet/plugins/common"],
	"wallet/unicode": [],
	"node/consensus": BELOW_NODE,
	"node/ledger/view": BELOW_NODE,
	"node/ledger": VIEW,
	"node/mempool": BELOW_NODE,
	"node/step": VIEW,
	"node/chain": VIEW + ["node/ledger", "node/mempool"],
	"node/serve": SERVE,
	"node/payments": SERVE + ["node/serve"],
	"node/sync": VIEW + ["node/step", "node/chain", "node/consensus"],
	"node/replica": REPLICA,
	"node/store": VIEW + ["node/ledger"],
	"node/signer": VIEW + ["node/consensus", "node/store"],
	"node/verify": VIEW + ["node/step"],
	"node/io": DRIVER + ["node/verify"],
	"node/inside": DRIVER + ["node/io", "node/verify"],
	"node/unciad": DRIVER + ["proto/program", "node/io", "node/signer", "node/verify", "node/inside"],
	"node/indexer": VIEW + ["proto/program", "node/store", "node/io", "node/unciad"],
}
ROOMS = {room: below for room, below in TABLE.items() if (ROOT / room).is_dir()}

# The first room calls only functions of the second that take its structures as const.
READ_ONLY = [("node/sync", "node/consensus")]

# Files of one room that call each other in a circle, and why they may.
CIRCLES = {
	frozenset(f"wallet/cli/{name}.c" for name in
		"account address arguments check claim claim_own completion contact contact_text history hold main make pin receipt request"
		" send status watch".split()):
		"every command is an entry of one table of verbs: help, completion and the manual page are made from the table, and each"
		" command reads its arguments with what makes the help",
}

# Functions that nothing of the product calls from another file, and why they are neither static nor gone.
# Calls by tests do not count.
UNCALLED = {
	"block_encode_reconfigure": "committees do not change yet: tests hold it to consensus 6.9",
	"reconfigure_join_digest": "committees do not change yet: tests hold it to consensus 6.9",
	"reconfigure_make": "committees do not change yet: tests hold it to consensus 6.9",
	"reconfigure_read": "committees do not change yet: tests hold it to consensus 6.9",
	"reconfigure_quorum": "committees do not change yet: tests hold it to consensus 6.9",
	"reconfigure_sign": "committees do not change yet: tests hold it to consensus 6.9",
	"reconfigure_signed": "committees do not change yet: tests hold it to consensus 6.9",
	"epoch_receipt_verify": "committees do not change yet: tests hold it to consensus 6.9",
	"epoch_receipt_make": "committees do not change yet: tests hold it to consensus 6.9",
	"ledger_reconfigure": "committees do not change yet: tests hold it to consensus 6.9",
	"ledger_check_reconfigure": "committees do not change yet: tests hold it to consensus 6.9",
	"execute_operation": "tests run operations of their own through it",
	"store_open_options": "tests open stores with small maps",
	"log_set_output": "tests read what is logged",
	"link_version": "tests ask which version two releases speak",
	"piece_checksum": "tests make pieces whose checksums hold",
	"signature_equation_holds": "tests give it scalars that no hash gives",
	"signature_is_of_message": "tests give it messages of any size",
	"state_group_digest": "tests compute trees one group after the other",
	"secret_new": "tests make key files of weak derivations",
	"keyfile_create": "tests make key files of weak derivations",
	"points_memory": "the batch's Rust library takes its memory from it",
	"weechat_plugin_init": "WeeChat calls it",
	"weechat_plugin_end": "WeeChat calls it",
}

# Files of which a build has one: they have functions of the same names.
INSTEAD = [{"node/verify/batch.c", "node/verify/sodium.c"}]

LINES_OF_A_FILE = 650
LINES_OF_A_FUNCTION = 70
PARAMETERS = 6
# Callbacks that a library calls with more of them.
PARAMETERS_OF_OTHERS = {"http_request": "libmicrohttpd's handler of requests"}
ASSERTIONS_PER_1000_LINES = {room: 8 for room in ("node/consensus", "node/ledger", "node/chain", "node/step", "node/store")}


class Tree:
	"""Sources below a root, room by room. build: where their objects are, if there is one."""

	def __init__(self, root=ROOT, rooms=None, build=None):
		self.root, self.rooms = root, ROOMS if rooms is None else rooms
		self.room_of, self.text = {}, {}
		for room in self.rooms:
			for path in sorted((root / room).rglob("*.[ch]")):
				name = str(path.relative_to(root))
				self.text[name] = path.read_text()
				self.room_of[name] = max((r for r in self.rooms if name.startswith(r + "/")), key=len)
		self.functions = {name: c_source.functions(text) for name, text in self.text.items()}
		self.declarations = {name: c_source.declarations(text) for name, text in self.text.items() if name.endswith(".h")}
		self.objects = self.find_objects(build) if build else None
		self.definers, self.used = self.symbols() if self.objects else self.scan()

	def files(self, room=None, ending=(".c", ".h")):
		return [name for name in self.text if room in (None, self.room_of[name]) and name.endswith(ending)]

	def header_of(self, includer, name):
		"""The path of a header that is included by this name; one of the includer's own room before others. None for others'
		headers."""
		found = [path for path in self.text if path == f"include/{name}" or path.endswith(f"/{name}") and path.endswith(".h")]
		return min(found, key=lambda path: (self.room_of[path] != self.room_of[includer], path), default=None)

	def find_objects(self, build):
		"""Source: object, from a build by CMake; None where one is missing or older than its source."""
		objects = {}
		for folder in sorted({name.split("/")[0] for name in self.text}):
			for path in (build / folder).glob("CMakeFiles/*.dir/**/*.c.o"):
				below = path.relative_to(build / folder / "CMakeFiles").parts[1:]
				objects[str(pathlib.PurePath(folder, *below)).removesuffix(".o")] = path
		sources = self.files(ending=".c")
		fresh = all(name in objects and objects[name].stat().st_mtime >= (self.root / name).stat().st_mtime for name in sources)
		return {name: objects[name] for name in sources} if fresh else None

	def symbols(self):
		"""By nm: which files define each symbol, and which symbols a file uses that it does not define."""
		names = {str(path): name for name, path in self.objects.items()}
		done = subprocess.run(["nm", "-A", "-P", *names], stdout=subprocess.PIPE, check=True, text=True)
		definers, used = collections.defaultdict(list), collections.defaultdict(set)
		for line in done.stdout.splitlines():
			file, rest = line.split(": ", 1)
			symbol, kind = rest.split()[:2]
			if kind == "U":
				used[names[file]].add(symbol)
			elif kind.isupper():
				definers[symbol].append(names[file])
		return definers, used

	def scan(self):
		"""The same from the sources: names of functions of other files that are called, or given to somebody, macros and
		inline functions of headers followed."""
		definers, bodies, variables, used = collections.defaultdict(list), {}, set(), {}
		for name in self.files(ending=".c"):
			for function in self.functions[name]:
				if not function.static:
					definers[function.name].append(name)
			for variable in c_source.variables(self.text[name]):
				definers[variable].append(name)
				variables.add(variable)
		for name in self.files(ending=".h"):
			bodies |= c_source.macros(self.text[name]) | {f.name: f.body for f in self.functions[name]}
		for name in self.files(ending=".c"):
			own = {f.name for f in self.functions[name]} | set(c_source.variables(self.text[name]))
			codes, taken, named = [self.text[name]], set(), set()
			while codes:
				code = c_source.without_comments(codes.pop())
				for body in c_source.macros(code).values():
					codes.append(body)
				code = c_source.without_directives(code)
				names = c_source.names_used(code) | variables.intersection(re.findall(r"(?<![\w.>])\w+", code))
				names -= own
				codes += [bodies[n] for n in names if n in bodies and n not in taken]
				taken |= names & bodies.keys()
				named |= names
			used[name] = named
		return definers, used

	def uses(self):
		"""(user, definer, symbol) of every use of another file's symbol. Of two that have a name the user's own side is meant:
		the other one is of a program that is not linked with it."""
		found = []
		for user, symbols in sorted(self.used.items()):
			for symbol in sorted(symbols & self.definers.keys()):
				definer = self.nearest(self.room_of[user], self.definers[symbol])
				if definer != user:
					found.append((user, definer, symbol))
		return found

	def nearest(self, room, paths):
		return min(paths, key=lambda path: (self.room_of[path] != room, self.room_of[path] not in self.rooms[room], path))

	def declarer(self, user, symbol, default):
		"""The header that declares it to the user, or its definer where none does."""
		headers = [name for name, found in self.declarations.items() if any(d.name == symbol for d in found)]
		return self.nearest(self.room_of[user], headers) if headers else default

	def may(self, room, path):
		return self.room_of[path] == room or path in self.rooms[room] or self.room_of[path] in self.rooms[room]


def circles(edges):
	"""The strongly connected components of more than one node, of pairs (from, to)."""
	following = collections.defaultdict(set)
	for a, b in edges:
		following[a].add(b)
	def reached(start):
		seen, open_ones = set(), [start]
		while open_ones:
			for node in following[open_ones.pop()] - seen:
				seen.add(node)
				open_ones.append(node)
		return seen
	reach = {node: reached(node) for node in list(following)}
	return sorted({tuple(sorted(b for b in reach[a] if a in reach.get(b, ()))) for a in reach if a in reach[a]} - {()})


def wrong_includes(tree):
	wrong = []
	for name in tree.files():
		for _, included in c_source.includes(tree.text[name]):
			header = tree.header_of(name, included)
			if header and not tree.may(tree.room_of[name], header):
				wrong.append(f"{name} includes {header}")
	return wrong


def wrong_calls(tree):
	"""Uses of a function whose header the room may not include, or changes of what it may only read."""
	wrong = []
	for user, definer, symbol in tree.uses():
		room = tree.room_of[user]
		header = tree.declarer(user, symbol, definer)
		if not tree.may(room, header):
			wrong.append(f"{user} uses {symbol} of {definer}")
		if (room, tree.room_of[definer]) in READ_ONLY:
			function = next((f for f in tree.functions[definer] if f.name == symbol), None)
			if not function or not function.parameters or not function.parameters[0].startswith("const "):
				wrong.append(f"{user} uses {symbol} of {definer}, which it may only read")
	return wrong


def room_circles(tree):
	edges = {}
	for name in tree.files():
		for _, included in c_source.includes(tree.text[name]):
			header = tree.header_of(name, included)
			if header:
				edges.setdefault((tree.room_of[name], tree.room_of[header]), f"{name} includes {header}")
	for user, definer, symbol in tree.uses():
		edges.setdefault((tree.room_of[user], tree.room_of[definer]), f"{user} uses {symbol}")
	edges = {pair: why for pair, why in edges.items() if pair[0] != pair[1]}
	return ["; ".join(why for (a, b), why in sorted(edges.items()) if a in circle and b in circle) for circle in circles(edges)]


def file_circles(tree, allowed=None):
	allowed = CIRCLES if allowed is None else allowed
	edges = {(user, definer) for user, definer, _ in tree.uses() if tree.room_of[user] == tree.room_of[definer]}
	found = circles(edges)
	return [" ".join(circle) for circle in found if frozenset(circle) not in allowed] + \
		[f"no circle any more: {' '.join(sorted(circle))}" for circle in allowed if tuple(sorted(circle)) not in found]


def uncalled_functions(tree, allowed=None):
	"""Not static, and of use to no other file of the product."""
	allowed = UNCALLED if allowed is None else allowed
	used = {symbol for _, _, symbol in tree.uses()}
	tests = "".join(path.read_text() for path in (tree.root / "tests").rglob("*.[ch]"))
	public = {d.name for name, found in tree.declarations.items() for d in found if "UNCIA_API" in d.text}
	found = {f.name: name for name in tree.files(ending=".c") for f in tree.functions[name]
		if not f.static and f.name not in used and f.name not in public and f.name != "main"}
	callers = {s: "the tests" if re.search(rf"\b{s}\b", tests) else "its own file" if tree.text[n].count(f"{s}(") > 1 else "nobody"
		for s, n in found.items()}
	return [f"{name}: {symbol}, called by {callers[symbol]}" for symbol, name in found.items() if symbol not in allowed] + \
		[f"called, or gone: {symbol}" for symbol in allowed if symbol not in found]


def names_given_twice(tree):
	places = collections.defaultdict(list)
	for name in tree.files():
		for function in tree.functions[name]:
			places[function.name].append(name)
	return [f"{symbol}: {' '.join(names)}" for symbol, names in sorted(places.items())
		if len(names) > 1 and symbol != "main" and set(names) not in INSTEAD]


def long_functions(tree):
	return [f"{name}:{f.line} {f.name}: {f.lines} lines" for name in tree.files() for f in tree.functions[name]
		if f.lines > LINES_OF_A_FUNCTION]


def long_files(tree):
	counts = {name: len(text.splitlines()) for name, text in tree.text.items()}
	return [f"{name}: {count} lines" for name, count in counts.items() if count > LINES_OF_A_FILE]


def many_parameters(tree):
	return [f"{name}:{f.line} {f.name}: {len(f.parameters)} parameters" for name in tree.files() for f in tree.functions[name]
		if len(f.parameters) > PARAMETERS and f.name not in PARAMETERS_OF_OTHERS]


def few_assertions(tree, demanded=None):
	demanded = ASSERTIONS_PER_1000_LINES if demanded is None else demanded
	figures = {room: assertions_per_1000_lines(tree, room) for room in demanded if room in tree.rooms}
	return [f"{room}: {figure:.1f} assertions per 1,000 lines" for room, figure in figures.items() if figure < demanded[room]]


def api_without_comment(tree):
	"""Each function of a public header has a comment of its own right above it, with its rule for threads, and what it
	returns where that is an error."""
	wrong = []
	for name in tree.files("include/uncia", ".h"):
		raw = tree.text[name].split("\n")
		for declaration in tree.declarations[name]:
			if "UNCIA_API" not in declaration.text:
				continue
			above = c_source.comment_above(raw, declaration.line)
			missing = ["a comment"] if not above else []
			if "Threads:" not in above:
				missing.append("Threads:")
			if re.match(r"UNCIA_API int\b", declaration.text) and "Returns:" not in above:
				missing.append("Returns:")
			if missing:
				wrong.append(f"{name}:{declaration.line} {declaration.name} lacks {', '.join(missing)}")
	return wrong


def declarations_without_comment(tree):
	return [f"{name}:{d.line} {d.name}" for name, found in tree.declarations.items() for d in found if not d.comment]


CHECKS = {
	"includes": wrong_includes,
	"calls": wrong_calls,
	"circles of rooms": room_circles,
	"circles of files": file_circles,
	"uncalled functions": uncalled_functions,
	"names given twice": names_given_twice,
	"long functions": long_functions,
	"long files": long_files,
	"many parameters": many_parameters,
	"few assertions": few_assertions,
	"comments of the public header": api_without_comment,
	"comments of declarations": declarations_without_comment,
}

# Checks whose findings fail the tests. The others are printed only.
ENFORCED = {
	"includes": True,
	"calls": True,
	"circles of rooms": True,
	"circles of files": True,
	"uncalled functions": True,
	"names given twice": True,
	"long functions": True,
	"long files": True,
	"many parameters": True,
	"few assertions": True,
	"comments of the public header": True,
	"comments of declarations": True,
}


def line_count(tree, room=None):
	return sum(len(tree.text[name].splitlines()) for name in tree.files(room))


def assertions_per_1000_lines(tree, room=None):
	return 1000 * sum(c_source.assertions(tree.text[name]) for name in tree.files(room)) / max(1, line_count(tree, room))


def build_of_tests():
	"""The build that runs the tests, if it is one of CMake's."""
	build = pathlib.Path(os.environ["UNCIA_BIN"]).resolve().parent if os.environ.get("UNCIA_BIN") else None
	return build if build and (build / "CMakeCache.txt").exists() else None


def print_figures(tree):
	print("calls are those of", "object files" if tree.objects else "the sources")
	print(f"{'room':14} {'lines':>6} {'functions':>9} {'assertions per 1,000 lines':>26}  longest function, longest file")
	for room in (*tree.rooms, None):
		functions = [(f.lines, f.name) for name in tree.files(room) for f in tree.functions[name]]
		lines, function = max(functions, default=(0, "-"))
		longest, file = max((len(tree.text[name].splitlines()), pathlib.Path(name).name) for name in tree.files(room))
		print(f"{room or 'all':14} {line_count(tree, room):6} {len(functions):9} {assertions_per_1000_lines(tree, room):26.1f}  "
			f"{function} {lines}, {file} {longest}")


def main():
	tree = Tree(build=build_of_tests())
	print_figures(tree)
	for name, check in CHECKS.items():
		found = check(tree)
		if found:
			print(f"\n{name}{'' if ENFORCED[name] else ' (not enforced)'}: {len(found)}", *found, sep="\n  ")


if __name__ == "__main__":
	main()
