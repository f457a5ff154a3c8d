"""The product keeps to the tables of rooms.py; and each check of it finds the mistake that it is for, planted into a tree
of a few lines."""
import pathlib
import subprocess
import tempfile
import unittest

import c_source
import rooms

LOW_H = """/* Low. */
int low_get(const struct low *low); /* the number */
/* Sets the number. */
void low_set(struct low *low, int number);
"""
LOW_C = """#include "low.h"
int low_get(const struct low *low)
{
	return low->number;
}

void low_set(struct low *low, int number)
{
	assert(number > 0);
	low->number = number;
}
"""
HIGH_H = """/* Everything. */
int high_run(struct low *low);
"""
HIGH_C = """#include "high.h"
#include "low.h"
int high_run(struct low *low)
{
	low_set(low, 1);
	return low_get(low);
}
"""
MAIN_C = """#include "high.h"
int main(void)
{
	return high_run(0);
}
"""
FINE = {"low/low.h": LOW_H, "low/low.c": LOW_C, "high/high.h": HIGH_H, "high/high.c": HIGH_C, "high/main.c": MAIN_C}
TABLE = {"low": [], "high": ["low"]}


class Product(unittest.TestCase):
	@classmethod
	def setUpClass(cls):
		cls.tree = rooms.Tree(build=rooms.build_of_tests())
		rooms.print_figures(cls.tree)

	def test_the_tables_name_every_folder_of_the_product(self):
		folders = {str(path.parent.relative_to(rooms.ROOT)) for folder in ("include", "proto", "node", "wallet")
			for path in (rooms.ROOT / folder).rglob("*.[ch]")}
		for folder in folders:
			self.assertTrue(any(f"{folder}/".startswith(f"{room}/") for room in rooms.ROOMS), folder)
		for room in rooms.ROOMS:
			self.assertTrue(self.tree.files(room), f"{room} is empty")

	def test_the_table_itself_has_no_circle(self):
		edges = [(room, known) for room, below in rooms.TABLE.items() for name in below
			for known in rooms.TABLE if name == known or name.endswith(".h") and name.startswith(known + "/")]
		self.assertEqual(rooms.circles(edges), [])
		self.assertEqual(rooms.circles(edges + [("proto", "node/step")])[0][-1], "proto")

	def test_every_switch_is_of_a_check(self):
		self.assertEqual(set(rooms.CHECKS), set(rooms.ENFORCED))

	def test_most_of_the_tree_was_read(self):
		"""A parser that finds nothing would find nothing wrong."""
		braces = sum(line == "{" for text in self.tree.text.values() for line in text.split("\n"))
		self.assertEqual(sum(map(len, self.tree.functions.values())), braces)
		self.assertGreater(braces, 1000)
		self.assertGreater(sum(map(len, self.tree.declarations.values())), 500)
		self.assertGreater(len(self.tree.uses()), 1000)

	def test_sources_and_objects_say_the_same_of_who_calls_whom(self):
		if not self.tree.objects:
			self.skipTest("no objects that are newer than the sources")
		scanned = set(rooms.Tree().uses())
		linked = {use for use in self.tree.uses()}
		self.assertGreater(len(linked & scanned), 0.97 * len(linked | scanned), sorted(linked ^ scanned)[:20])


def hold(name):
	def test(self):
		found = rooms.CHECKS[name](self.tree)
		if rooms.ENFORCED[name]:
			self.assertEqual(found, [], "\n" + "\n".join(found))
		elif found:
			print(f"{name}: {len(found)}, not enforced", flush=True)
	return test


for check in rooms.CHECKS:
	setattr(Product, f"test_{check.replace(' ', '_')}", hold(check))


class Planted(unittest.TestCase):
	def setUp(self):
		directory = tempfile.TemporaryDirectory(prefix="uncia-rooms-")
		self.addCleanup(directory.cleanup)
		self.root = pathlib.Path(directory.name)
		for table in ("CIRCLES", "UNCALLED"):  # the product's do not count here
			self.addCleanup(setattr, rooms, table, getattr(rooms, table))
			setattr(rooms, table, {})

	def tree(self, table=None, build=False, **changed):
		"""The small tree, with the files changed whose names (low_c for low/low.c) are given, and new ones."""
		files = dict(FINE)
		for name, text in changed.items():
			room, file, ending = (name.split("_") + ["c"])[:3] if name.count("_") == 2 else (name.split("_")[0], *name.split("_"))
			files[f"{room}/{file}.{ending}"] = text
		for name, text in files.items():
			(self.root / name).parent.mkdir(exist_ok=True)
			(self.root / name).write_text(text)
		if build:
			for name in files:
				if name.endswith(".c"):
					self.compile(name)
		return rooms.Tree(self.root, table or TABLE, self.root / "build" if build else None)

	def compile(self, name):
		room, file = name.split("/")
		target = self.root / "build" / room / "CMakeFiles" / f"{room}.dir" / f"{file}.o"
		target.parent.mkdir(parents=True, exist_ok=True)
		text = "struct low { int number; };\nvoid assert(int);\n" + (self.root / name).read_text()
		subprocess.run(["cc", "-x", "c", "-c", "-I", self.root / "low", "-I", self.root / "high", "-o", target, "-"], input=text,
			text=True, check=True)

	def found(self, check, expected, **changed):
		"""The check finds this in the changed tree, and nothing in the one without a change."""
		self.assertEqual(check(self.tree()), [])
		found = check(self.tree(**changed))
		self.assertEqual(len(found), 1, found)
		self.assertIn(expected, found[0])

	def test_an_include_upward(self):
		self.found(rooms.wrong_includes, "low/low.c includes high/high.h", low_low_c=LOW_C + '#include "high.h"\n')

	def test_one_header_of_a_room(self):
		self.assertEqual(rooms.wrong_includes(self.tree({"low": [], "high": ["low/low.h"]})), [])
		other = self.tree({"low": [], "high": ["low/low.h"]}, high_high_c=HIGH_C + '#include "other.h"\n', low_other_h="/* */\n")
		self.assertEqual(rooms.wrong_includes(other), ["high/high.c includes low/other.h"])

	def test_a_call_upward(self):
		upward = LOW_C + "int high_run(struct low *low);\nint low_turn(struct low *low)\n{\n\treturn high_run(low);\n}\n"
		self.found(rooms.wrong_calls, "low/low.c uses high_run of high/high.c", low_low_c=upward)
		self.assertEqual(len(rooms.wrong_calls(self.tree(build=True, low_low_c=upward))), 1)
		self.found(rooms.room_circles, "high/high.c includes low/low.h; low/low.c uses high_run", low_low_c=upward)

	def test_a_change_of_what_may_only_be_read(self):
		self.addCleanup(setattr, rooms, "READ_ONLY", rooms.READ_ONLY)
		rooms.READ_ONLY = [("high", "low")]
		self.assertEqual(rooms.wrong_calls(self.tree()), ["high/high.c uses low_set of low/low.c, which it may only read"])

	def test_a_circle_of_rooms_by_includes(self):
		self.found(rooms.room_circles, "low/low.h includes high/high.h", low_low_h=LOW_H + '#include "high.h"\n')

	def test_a_circle_of_files(self):
		a = "int b(void);\nint a(void)\n{\n\treturn b();\n}\n"
		b = "int a(void);\nint (*b_calls)(void) = a;\nint b(void)\n{\n\treturn b_calls();\n}\n"
		self.found(rooms.file_circles, "low/a.c low/b.c", low_a_c=a, low_b_c=b)
		self.assertEqual(rooms.file_circles(self.tree(build=True, low_a_c=a, low_b_c=b)), ["low/a.c low/b.c"])
		known = frozenset({"low/a.c", "low/b.c"})
		self.assertEqual(rooms.file_circles(self.tree(), {known: "they are one"}), [])
		self.assertEqual(rooms.file_circles(self.tree(low_b_c=LOW_C.replace("low_", "b_")), {known: ""}),
			["no circle any more: low/a.c low/b.c"])

	def test_a_function_without_a_caller(self):
		spare = LOW_C + "int low_spare(void)\n{\n\treturn 0;\n}\n\nint low_again(void)\n{\n\treturn low_spare();\n}\n"
		for tree in (self.tree(low_low_c=spare), self.tree(build=True, low_low_c=spare)):
			self.assertEqual(rooms.uncalled_functions(tree), ["low/low.c: low_spare, called by its own file",
				"low/low.c: low_again, called by nobody"])
		self.assertEqual(rooms.uncalled_functions(tree, {"low_spare": "x", "low_again": "y"}), [])
		self.assertEqual(rooms.uncalled_functions(self.tree(), {"low_get": "the tests"}), ["called, or gone: low_get"])

	def test_a_name_given_twice(self):
		self.found(rooms.names_given_twice, "low_set: low/low.c high/main.c",
			high_main_c=MAIN_C + "static void low_set(void)\n{\n}\n")

	def test_a_long_function(self):
		self.found(rooms.long_functions, "low/low.c:2 low_get: 71 lines",
			low_low_c=LOW_C.replace("return", "\n" * 67 + "return", 1))

	def test_a_long_file(self):
		self.found(rooms.long_files, "low/low.h: 651 lines", low_low_h="/* Low. */\n" + "\n" * 650)

	def test_many_parameters(self):
		six = "int a, int b, int c, int d, int e, void (*f)(int, int)"
		self.found(rooms.many_parameters, "low_set: 7 parameters", low_low_c=LOW_C.replace("int number", six))

	def test_few_assertions(self):
		demanded = {"low": 1000 / len(LOW_C.splitlines() + LOW_H.splitlines())}
		self.assertEqual(rooms.few_assertions(self.tree(), demanded), [])
		fewer = self.tree(low_low_c=LOW_C.replace("assert(", "static_assert(") + "/* assert(1); */\n")
		self.assertEqual(rooms.few_assertions(fewer, demanded), ["low: 0.0 assertions per 1,000 lines"])

	def api(self, text):
		folder = self.root / "include/uncia"
		folder.mkdir(parents=True, exist_ok=True)
		(folder / "uncia.h").write_text(text)
		return rooms.api_without_comment(rooms.Tree(self.root, {"include/uncia": []}))

	def test_a_function_of_the_public_header_without_its_comment(self):
		good = "/* Runs.\n * Returns: 0.\n * Threads: any. */\nUNCIA_API int uncia_run(int a,\n\tint b);\n"
		self.assertEqual(self.api(good), [])
		self.assertEqual(self.api('#ifdef __cplusplus\nextern "C" {\n#endif\n' + good + "#ifdef __cplusplus\n}\n#endif\n"), [])
		self.assertEqual(self.api(good.replace("Threads", "Thread")), ["include/uncia/uncia.h:4 uncia_run lacks Threads:"])
		self.assertEqual(self.api(good.replace("Returns", "Gives")), ["include/uncia/uncia.h:4 uncia_run lacks Returns:"])
		self.assertEqual(self.api(good.replace("Returns", "Gives").replace("int uncia_run", "void uncia_run")), [])
		self.assertEqual(len(self.api(good.replace("*/\n", "*/\n\n"))), 1)
		self.assertEqual(len(self.api(good + "UNCIA_API void uncia_stop(void);\n")), 1)

	def test_a_declaration_without_a_comment(self):
		self.found(rooms.declarations_without_comment, "low/low.h:6 low_spare", low_low_h=LOW_H + "\nint low_spare(void);\n")
		self.assertEqual(rooms.declarations_without_comment(self.tree(low_low_h=LOW_H + "int low_next(void);\n")), [])

	def test_objects_that_are_older_than_their_sources_are_not_believed(self):
		self.assertTrue(self.tree(build=True).objects)
		stale = self.root / "build/low/CMakeFiles/low.dir/low.c.o"
		stale.unlink()
		self.assertIsNone(rooms.Tree(self.root, TABLE, self.root / "build").objects)


class Reading(unittest.TestCase):
	def test_functions(self):
		text = """/* f(int) in a comment */
#define MACRO(x) \\
	f(x)
static const char *
first(struct a *a, int (*compare)(const void *, const void *), char text[4])
{
	return "} {";
}

int second(void)
{
	if (x) {
		y();
	}
}
static struct a table[] = {
	{1, 2},
};
__attribute__((format(printf, 1, 2))) void third(const char *format, ...)
{
}
"""
		found = [(f.name, f.static, len(f.parameters), f.line, f.lines) for f in c_source.functions(text)]
		self.assertEqual(found, [("first", True, 3, 4, 5), ("second", False, 0, 10, 6), ("third", False, 2, 19, 3)])

	def test_declarations(self):
		text = """struct a {
	int (*hook)(void);
};
typedef int (*call)(void);
/* Of both. */
enum kind first(struct a *a,
                int b);
int second(void);

struct b;
int third(void); /* beside */
static inline int fourth(void)
{
	return second();
}
extern const int number;
"""
		self.assertEqual([(d.name, bool(d.comment)) for d in c_source.declarations(text)],
			[("first", True), ("second", True), ("third", True), ("fourth", False)])


if __name__ == "__main__":
	unittest.main()
