"""What the architecture says in words, held against the files: who may include whom, what a layer must not call, how
long a file may be, that documents point at what exists. Needs no build."""
import os
import pathlib
import re
import subprocess
import unittest
import rooms

ROOT = pathlib.Path(__file__).parent.parent.parent
LAYERS = rooms.ROOMS | {
	"node/ledger/operations": rooms.ROOMS["node/ledger"] + ["node/ledger"],
	"tests/embedding": ["include/uncia"],
}
LIBRARIES = {  # headers of libraries, and the layers that may know them
	"lmdb.h": ["node/store"],
	"uv.h": ["node/io", "node/inside"],
	"http_parser.h": ["node/io", "node/inside"],
	"sodium.h": ["proto", "node/verify", "node/io", "node/unciad", "wallet", "wallet/notifier"],
	"ini.h": ["node/unciad", "wallet"],
	"utf8proc.h": ["wallet"],
	"unicode/uspoof.h": ["wallet/unicode"],
	"unicode/unorm2.h": ["wallet/unicode"],
	"unicode/ustring.h": ["wallet/unicode"],
	"jansson.h": ["node/unciad", "node/indexer", "wallet/cli"],
	"popt.h": ["proto/program", "node/unciad", "node/indexer", "wallet/cli", "wallet/notifier"],
	"libpq-fe.h": ["node/indexer"],
	"microhttpd.h": ["node/indexer"],
	"curl/curl.h": ["wallet/notifier"],
	"weechat/weechat-plugin.h": ["wallet/plugins/weechat"],
	"purple.h": ["wallet/plugins/purple"],
	"qrencode.h": ["wallet/cli"],
	"png.h": ["wallet/cli"],
	"bsd/readpassphrase.h": ["wallet/cli"],
	"bsd/sys/tree.h": ["node/store"],
	# The wallet: a lock, where threads of a host share one; no thread. The plugins: the one that derives a key.
	"pthread.h": ["node/verify", "node/store", "node/signer", "node/io", "node/unciad", "node/indexer", "wallet", "wallet/plugins/common"],
	"ares.h": ["wallet"],
	"stdatomic.h": ["node/io", "node/inside", "node/indexer", "wallet", "wallet/plugins/common"],  # the wallet: how many wallets, in whatever threads of a host, use a network
}
STANDARD_IN_PURE_LAYERS = set("assert endian inttypes limits stdalign stdarg stdbool stddef stdint stdio stdlib string".split())
PURE = [room for room in LAYERS if room not in
	("include/uncia", "proto/program", "wallet", "tests/embedding", "node/store", "node/signer", "node/verify", "node/io", "node/inside", "node/unciad", "node/indexer")
	and not room.startswith("wallet/")]  # no I/O, clock, randomness or thread
IMPURE_CALLS = re.compile(r"\b(time|clock|clock_gettime|gettimeofday|nanosleep|usleep|sleep|rand|random|getrandom|getentropy"
	r"|arc4random\w*|randombytes\w*|pthread_\w+|fopen|open|read|write|socket|send|recv|printf|fprintf|puts|getenv|exit)\(")
SIGNING = re.compile(r"\bcrypto_(sign|generichash|core_ed25519|scalarmult|shorthash)\w*\(")
SOURCE_LINES_MAX = 650
TEST_LINES_MAX = 750


def code_without_comments(path):
	text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), path.read_text(), flags=re.S)
	return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


def includes(path):
	return re.findall(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', path.read_text(), re.M)


def sources(layer):
	found = sorted(path for path in (ROOT / layer).glob("*.[ch]"))
	assert found, layer
	return found


def headers(layer):
	"""The names under which a layer's headers are included, made ones too."""
	names = {("uncia/" if layer == "include/uncia" else "") + path.name for path in (ROOT / layer).glob("*.h")}
	return names | {f"{path.stem}.pb-c.h" for path in (ROOT / layer).glob("*.proto")}


def tracked():
	names = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], stdout=subprocess.PIPE)
	if names.returncode:  # a source archive
		return [path for path in ROOT.rglob("*") if path.is_file() and not path.relative_to(ROOT).parts[0].startswith(("build", "."))]
	return [path for path in (ROOT / name for name in names.stdout.decode().split("\0") if name) if path.is_file()]


def ctest_names():
	"""All tests of the build that runs this one; none where it is run by itself."""
	build = pathlib.Path(os.environ["UNCIA_BIN"]).parent if "UNCIA_BIN" in os.environ else None
	if build is None or not (build / "CTestTestfile.cmake").exists():
		return set()
	listed = subprocess.run(["ctest", "-N"], cwd=build, stdout=subprocess.PIPE, check=True)
	return set(re.findall(r"^ +Test +#\d+: (\S+)$", listed.stdout.decode(), re.M))


class Lint(unittest.TestCase):
	def test_every_folder_of_sources_is_a_known_layer(self):
		folders = {str(path.parent.relative_to(ROOT)) for path in tracked() if path.suffix in (".c", ".h")}
		self.assertEqual({f for f in folders if not f.startswith("tests/")}, {f for f in LAYERS if not f.startswith("tests/")})

	def test_a_layer_includes_itself_and_those_below_and_no_others(self):
		ours = {name for layer in LAYERS for name in headers(layer)}
		for layer, below in LAYERS.items():
			allowed = {name for known in [layer, *below] for name in headers(known)}
			for path in sources(layer):
				for _, name in includes(path):
					if name in ours or name.startswith((".", "/")):
						self.assertIn(name, allowed, f"{path.relative_to(ROOT)} must not include it")

	def test_an_operation_sees_of_the_ledger_its_contract_only(self):
		for path in sources("node/ledger/operations"):
			for _, name in includes(path):
				self.assertNotIn(name, headers("node/ledger") - {"operation.h"}, path.relative_to(ROOT))

	def test_who_may_send_a_message(self):
		"""docs/architecture.md: to validators, to wallets, into the journal; everybody through step/."""
		allowed = {
			r"\bmessage_send\w*\(|\bstep_send\(|\bstep_outbox_send\(": ["payments", "sync", "replica", "step"],
			r"\bmessage_re(?:ply|fuse)\(|\bstep_answer\(|\bstep_outbox_answer\(": ["serve", "payments", "replica", "step"],
			r"\bstep_put\(": ["replica", "step"],
		}
		for pattern, who in allowed.items():
			found = set()
			for room in rooms.ROOMS:
				if room.startswith("node/") and any(re.search(pattern, code_without_comments(path)) for path in sources(room)):
					found.add(room.removeprefix("node/"))
			self.assertEqual(found, set(who), pattern)
			for path in sources("node/replica"):
				if "step_put(" in code_without_comments(path):
					self.assertEqual(path.name, "journaling.c")

	def test_no_two_headers_that_one_layer_can_see_have_one_name(self):
		for layer, below in LAYERS.items():
			seen = [name for known in [layer, *below] for name in headers(known)]
			self.assertEqual(len(seen), len(set(seen)), layer)

	def test_libraries_are_known_where_they_belong_only(self):
		for layer in LAYERS:
			for path in sources(layer):
				for _, name in includes(path):
					self.assertIn(layer, LIBRARIES.get(name, [layer]), f"{path.relative_to(ROOT)} includes {name}")

	def test_pure_layers_include_no_system_header_that_does_anything(self):
		others = {"protobuf-c/protobuf-c.h", "sodium.h", "uthash.h", "utlist.h"}
		others.add("sanitizer/asan_interface.h")  # marks memory for AddressSanitizer, and is nothing without it
		for layer in PURE:
			for path in sources(layer):
				for bracket, name in includes(path):
					if bracket == "<" and name not in others and not name.startswith("uncia/"):
						self.assertIn(name.removesuffix(".h"), STANDARD_IN_PURE_LAYERS, path.relative_to(ROOT))

	def test_pure_layers_ask_no_clock_and_do_no_input_or_output(self):
		for layer in PURE:
			for path in sources(layer):
				for number, line in enumerate(code_without_comments(path).split("\n"), 1):
					call = IMPURE_CALLS.search(line)
					# A link's ephemeral key is drawn in the one place that needs it.
					if call and not (path.name == "noise.c" and call.group(1) == "randombytes_buf"):
						self.fail(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")

	def test_no_letter_is_read_by_the_locale_of_whoever_embeds_us(self):
		"""Of these functions the answer hangs on setlocale: in Turkish "I" is no capital of "i"."""
		asks = re.compile(r"\b(strn?casecmp|strcasestr|tolower|toupper|isalpha|isalnum|isupper|islower|isspace|isprint|ispunct|strtod|strcoll)\(")
		for layer in ("proto", "wallet"):
			for path in sources(layer):
				self.assertIsNone(asks.search(code_without_comments(path)), path.relative_to(ROOT))

	def test_only_proto_hashes_and_signs_for_the_protocol(self):
		for layer in LAYERS:
			for path in sources(layer):
				if layer != "proto":
					found = SIGNING.search(code_without_comments(path))
					self.assertIsNone(found, path.relative_to(ROOT))

	def test_files_are_not_long(self):
		for path in tracked():
			if path.suffix not in (".c", ".h", ".py") or path.name == "words_english.c":
				continue
			limit = TEST_LINES_MAX if path.relative_to(ROOT).parts[0] == "tests" else SOURCE_LINES_MAX
			self.assertLessEqual(len(path.read_text().splitlines()), limit, path.relative_to(ROOT))

	def test_sources_open_with_what_they_are_for(self):
		for layer in LAYERS:
			for path in sources(layer):
				self.assertTrue(path.read_text().startswith("/* "), path.relative_to(ROOT))

	def test_nothing_is_left_to_do(self):
		for path in tracked():
			if path.suffix in (".c", ".h", ".py", ".proto", ".txt", ".md") and path.name not in ("test_lint.py", "bip39-english.txt"):
				self.assertIsNone(re.search(r"\b(TO" r"DO|FIX" r"ME|XXX)\b", path.read_text()), path.relative_to(ROOT))

	def test_links_between_documents_lead_somewhere(self):
		count = 0
		for path in tracked():
			if path.suffix != ".md":
				continue
			text = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
			for target in re.findall(r"\]\(([^)\s]+)\)", text):
				if "://" in target:
					continue
				count += 1
				self.assertTrue((path.parent / target.split("#")[0]).exists(), f"{path.relative_to(ROOT)}: {target}")
		self.assertGreater(count, 20)

	def test_files_that_documents_name_exist(self):
		names = {}
		for path in tracked():
			names.setdefault(path.name, []).append(str(path))
		for path in tracked():
			if path.suffix == ".md" and path.parent.name != "vectors":  # that one names files of others
				for folder, name in re.findall(r"`([\w./-]*/)?(\w+\.(?:c|h|py|proto))`", path.read_text()):
					self.assertTrue(name in names, f"{path.relative_to(ROOT)}: {name}")
					whole = any(known.endswith(f"/{folder}{name}") for known in names[name])
					self.assertTrue(whole, f"{path.relative_to(ROOT)}: {folder}{name}")

	def test_every_row_of_the_table_of_faults_names_tests_that_exist(self):
		text = (ROOT / "docs" / "faults.md").read_text()
		rows = re.findall(r"^\| (\d+) \|.*\| (.*) \|$", text, re.M)
		self.assertEqual(sorted(int(number) for number, _ in rows), list(range(1, len(rows) + 1)))
		known = ctest_names()
		programs = {path.stem: path for path in tracked() if path.relative_to(ROOT).parts[0] == "tests" and path.suffix in (".c", ".py")}
		for number, shown_by in rows:
			tests = [re.findall(r"`([^`]+)`", part) for part in shown_by.split("; ")]
			self.assertRegex(shown_by, r"^`[^`]+`(;? `[^`]+`)*$", f"row {number}")
			for name, *cases in tests:
				self.assertRegex(name, r"^[\w-]+(/[\w-]+)+$", f"row {number} names no test")
				if known:
					self.assertTrue(name in known, f"row {number}: there is no {name}")
				program = programs.get(name.split("/")[-1])
				for case in cases:
					self.assertIsNotNone(program, f"row {number}: {name}")
					found = re.search(rf"\b(START_TEST\(|def ){case}\b", program.read_text())
					self.assertIsNotNone(found, f"row {number}: {name} has no {case}")
				if program and name.startswith(("unit/", "integration/")):
					self.assertTrue(cases, f"row {number} names no case of {name}")

	def test_cases_of_unit_tests_are_run(self):
		for path in tracked():
			if path.name.endswith("_test.c"):
				text = path.read_text()
				for case in re.findall(r"^START_TEST\((\w+)\)", text, re.M):
					self.assertGreater(len(re.findall(rf"\b{case}\b", text)), 1, f"{path.relative_to(ROOT)} never runs {case}")

	def test_each_planted_mistake_fits_the_sources(self):
		patches = sorted((ROOT / "tests/sim/planted").glob("*.patch"))
		self.assertGreater(len(patches), 40)
		for patch in patches:
			tried = subprocess.run(["patch", "--dry-run", "-s", "-F0", "-p1", "-d", ROOT, "-i", patch],
				stdout=subprocess.PIPE, text=True)
			self.assertEqual(tried.returncode, 0, f"{patch.name}: {tried.stdout}")

	def test_callers_that_are_wrong_leave_the_wall_alone_and_die_at_it(self):
		patches = sorted((ROOT / "tests/sim/planted").glob("7?-*.patch"))
		self.assertEqual(len(patches), 10)
		for patch in patches:
			text = patch.read_text()
			self.assertNotIn("safety.c", text, patch.name)
			self.assertIn("\ndies: a vote was asked for that its evidence does not allow\n", text, patch.name)

	def test_the_readme_names_the_two_commands_and_every_task(self):
		readme = (ROOT / "README.md").read_text()
		self.assertIn("./run demo", readme)
		self.assertIn("./run test", readme)
		tasks = re.findall(r"^task_(\w+)\(\)", (ROOT / "run").read_text(), re.M)
		self.assertGreater(len(tasks), 3)
		for task in tasks:
			self.assertRegex(readme, rf"(\./run |`){task}\b", "the README does not name this task")

	def test_functions_that_the_page_on_debugging_stops_at_exist(self):
		page = (ROOT / "docs" / "debugging.md").read_text()
		defined = {name for path in tracked() if path.suffix == ".c" for name in re.findall(r"^(?:static )?\w[\w *]*?\b(\w+)\(",
			path.read_text(), re.M)}
		stops = re.findall(r"\bbreak (\w+)(?!\w*::)", page)
		self.assertGreater(len(stops), 3)
		self.assertEqual([name for name in stops if name not in defined], [])

	def test_the_program_in_embedding_is_the_one_that_is_built(self):
		shown = re.search(r"```c\n(.*?)```", (ROOT / "docs" / "embedding.md").read_text(), re.S).group(1)
		self.assertEqual(shown, (ROOT / "tests" / "embedding" / "minimal_wallet.c").read_text())
		section = (ROOT / "docs" / "embedding.md").read_text().split("## Money for somebody who has not joined")[1]
		shown = re.search(r"```c\n(.*?)```", section, re.S).group(1)
		self.assertIn(shown, (ROOT / "tests" / "embedding" / "claim_wallet.c").read_text())

	def test_messages_in_the_network_page_are_those_of_the_schema(self):
		schema = re.search(r"message PeerMessage \{.*?\n\}", (ROOT / "proto" / "message.proto").read_text(), re.S).group(0)
		fields = [(number, name) for name, number in re.findall(r"\w+ (\w+) = (\d+);", schema)]
		rows = re.findall(r"^\| (\d+) `(\w+)` \|", (ROOT / "docs" / "spec" / "network.md").read_text(), re.M)
		self.assertEqual(rows, fields)


if __name__ == "__main__":
	unittest.main()
