"""Prints what the tests reached of the product: coverage.py BUILD [FILE...]

BUILD was configured with UNCIA_COVERAGE, and its tests have run. By room and by file: lines, how many of them ran, and the
functions that never did. For each FILE named (such as node/store/seal.c), the lines that never ran as well."""
import collections
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRODUCT = ("proto", "node", "wallet")


class Source:
	def __init__(self):
		self.lines = collections.Counter() # line number: how often it ran
		self.functions = collections.Counter()

	def percent(self):
		return 100 * sum(count > 0 for count in self.lines.values()) / max(1, len(self.lines))

	def never(self):
		return sorted(name for name, count in self.functions.items() if not count)


def read(build):
	"""What gcov knows of each source file of the product. A file that is compiled twice counts once."""
	notes = sorted(path for folder in PRODUCT for path in (build / folder).rglob("*.gcno"))
	if not notes:
		sys.exit(f"{build}: nothing was built for coverage here")
	done = subprocess.run(["gcov", "--json-format", "--stdout", *notes], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
		check=True, text=True)
	sources = collections.defaultdict(Source)
	for line in done.stdout.splitlines():
		for file in json.loads(line)["files"]:
			path = pathlib.Path(os.path.normpath(file["file"]))
			if not path.is_relative_to(ROOT) or path.is_relative_to(build) or path.relative_to(ROOT).parts[0] not in PRODUCT:
				continue
			source = sources[str(path.relative_to(ROOT))]
			for entry in file["lines"]:
				source.lines[entry["line_number"]] += entry["count"]
			for entry in file["functions"]:
				source.functions[entry["name"]] += entry["execution_count"]
	return sources


def show(name, lines, percent, never):
	print(f"{name:32} {lines:6} {percent:6.1f} %  {never}")


def ranges(numbers):
	"""1-3 5 7-8"""
	parts = []
	for number in sorted(numbers):
		if parts and parts[-1][1] == number - 1:
			parts[-1][1] = number
		else:
			parts.append([number, number])
	return " ".join(f"{first}-{last}" if last > first else str(first) for first, last in parts)


def main():
	if len(sys.argv) < 2:
		sys.exit(__doc__)
	sources = read(pathlib.Path(sys.argv[1]).resolve())
	rooms = collections.defaultdict(Source)
	for name, source in sources.items():
		room = rooms[os.path.dirname(name)]
		room.lines.update({(name, number): count for number, count in source.lines.items()})
		room.functions.update({(name, function): count for function, count in source.functions.items()})
	total = Source()
	for name, room in sorted(rooms.items()):
		total.lines.update(room.lines)
		total.functions.update(room.functions)
		show(name, len(room.lines), room.percent(), f"{len(room.never())} of {len(room.functions)} functions never ran")
	show("all", len(total.lines), total.percent(), f"{len(total.never())} of {len(total.functions)} functions never ran\n")
	for name, source in sorted(sources.items()):
		show(name, len(source.lines), source.percent(), " ".join(source.never()))
	for name in sys.argv[2:]:
		print(f"\n{name}: {ranges(n for n, count in sources[name].lines.items() if not count)}")


if __name__ == "__main__":
	main()
