"""Makes uncia/_declarations.py and uncia/_constants.py from the headers of libuncia, so that nothing that C declares is
written down a second time: functions and structures for cffi's ABI mode, numbers and enums for Python.

	python3 declare.py DIRECTORY            what to build the package with; setup.py calls it
	UNCIA_INCLUDE=/opt/uncia/include …      the headers to read

Without UNCIA_INCLUDE the headers are those that pkg-config names, else those of this source tree."""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parents[2] / "include"
ENUM_NAMES = {"error": "ErrorCode"}  # a class of Python called Error would be taken for an exception
ENUM_PREFIXES = {"error": ("UNCIA_E_", "UNCIA_")}


class HeaderError(Exception):
	"""The headers are not there, or hold what this program cannot read."""


def include_directory():
	"""Where the folder uncia with the headers is."""
	given = os.environ.get("UNCIA_INCLUDE")
	if given:
		return check_include(pathlib.Path(given), "UNCIA_INCLUDE")
	try:
		asked = subprocess.run(["pkg-config", "--variable=includedir", "uncia"], stdout=subprocess.PIPE,
			stderr=subprocess.DEVNULL, text=True, check=False).stdout.strip()
	except FileNotFoundError:
		asked = ""
	if asked:
		return check_include(pathlib.Path(asked), "pkg-config")
	if (TREE / "uncia" / "uncia.h").exists():
		return TREE
	raise HeaderError("the headers of libuncia were not found: install libuncia-dev, or set PKG_CONFIG_PATH to the folder "
		"with uncia.pc, or UNCIA_INCLUDE to the folder that has uncia/uncia.h")


def check_include(directory, who):
	if not (directory / "uncia" / "uncia.h").exists():
		raise HeaderError(f"{who} names {directory}, but there is no {directory / 'uncia' / 'uncia.h'}")
	return directory


def code_of(include):
	"""All that uncia.h includes of its own, each header once, where it is first included; without comments, continued
	lines joined."""
	taken = set()

	def text_of(name):
		if name in taken:
			return ""
		taken.add(name)
		text = (include / name).read_text(encoding="utf-8")
		text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S).replace("\\\n", " ")
		return re.sub(r"^#include <(uncia/\w+\.h)>$", lambda found: text_of(found[1]), text, flags=re.M)

	return text_of("uncia/uncia.h")


def number(expression):
	"""The value of a macro that is a number: digits, a suffix, one shift, brackets. None for any other."""
	found = re.fullmatch(r"\(?\s*(-?\d+)[uUlL]*\s*(?:<<\s*(\d+)[uUlL]*)?\s*\)?", expression.strip())
	return int(found[1]) << int(found[2] or 0) if found else None


def macros(code):
	"""Name: number, of the macros that are one."""
	found = {}
	for name, value in re.findall(r"^[ \t]*#[ \t]*define[ \t]+(UNCIA_\w+)[ \t]+(\S.*)$", code, re.M):
		if number(value) is not None:
			found[name] = number(value)
	return found


def version(code):
	found = re.search(r'^#define UNCIA_VERSION +"([0-9.]+)"', code, re.M)
	if not found:
		raise HeaderError("the headers of libuncia do not say their version")
	return found[1]


def enums(code):
	"""Name without "uncia_": {name of a value: number}."""
	found = {}
	for name, body in re.findall(r"^enum uncia_(\w+) \{(.*?)\};", code, re.M | re.S):
		values, following = {}, 0
		for entry in filter(None, (part.strip() for part in body.split(","))):
			value, _, given = (part.strip() for part in entry.partition("="))
			following = number(given) if given else following
			if following is None or not re.fullmatch(r"UNCIA_\w+", value):
				raise HeaderError(f"enum uncia_{name}: cannot read {entry!r}")
			values[value] = following
			following += 1
		found[name] = values
	return found


def short_names(enum, values):
	"""The values' names without what they have in common."""
	prefixes = ENUM_PREFIXES.get(enum)
	if not prefixes:
		common = os.path.commonprefix(list(values))
		prefixes = (common[:common.rfind("_") + 1],)
	short = {}
	for name, value in values.items():
		prefix = next(p for p in prefixes if name.startswith(p))
		short[name[len(prefix):]] = value
	return short


def class_name(enum):
	return ENUM_NAMES.get(enum, "".join(word.capitalize() for word in enum.split("_")))


def declarations(code):
	"""What cffi is told: types and functions, without the preprocessor."""
	values = macros(code)
	text = "\n".join(line for line in code.split("\n") if not line.lstrip().startswith("#"))
	text = re.sub(r'extern "C" \{', "", text)
	text = re.sub(r"^\}\s*$", "", text, flags=re.M)  # the end of extern "C": structures end with "};"
	text = re.sub(r"\bUNCIA_(API|MUST_CHECK)\b", "", text)

	def size(found):
		name = found[1]
		if name not in values:
			raise HeaderError(f"an array has the size {name}, which is not known")
		return f"[{values[name]}]"

	text = re.sub(r"\[(UNCIA_\w+)\]", size, text)
	lines = [line.rstrip() for line in text.split("\n") if line.strip()]
	return "\n".join(lines) + "\n"


def functions(code):
	"""Names of all functions, in the order of the headers."""
	found = []
	for text in re.findall(r"^UNCIA_API\s+([^;{]+);", code, re.M):
		found.append(re.search(r"\b(uncia_\w+)\s*\(", text)[1])
	return found


def structures(code):
	"""Structure: names of its members, of each whose members are public."""
	found = {}
	for name, body in re.findall(r"^struct (uncia_\w+) \{\n(.*?)^\};", code, re.M | re.S):
		found[name] = [declarator for member in body.split(";") if member.strip() for declarator in declarators(member)]
	return found


def declarators(member):
	"""The names that one declaration of a structure's member declares."""
	pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", member)
	if pointer:
		return [pointer[1]]
	return [re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", part.strip())[1] for part in member.split(",")]


def constants(code):
	"""The text of _constants.py."""
	lines = ['"""Numbers of the headers of libuncia, made by declare.py when this package was built."""', "from enum import IntEnum", "",
		f'VERSION = "{version(code)}"']
	for name, value in macros(code).items():
		lines.append(f"{name.removeprefix('UNCIA_')} = {value}")
	major, minor, patch = map(int, version(code).split("."))
	lines += [f"VERSION_NUMBER = {major * 1000000 + minor * 1000 + patch}", "", "FUNCTIONS: tuple[str, ...] = ("]
	lines += [f'\t"{name}",' for name in functions(code)]
	lines += [")", "STRUCTURES: dict[str, tuple[str, ...]] = {"]
	for name, members in structures(code).items():
		lines.append(f'\t"{name}": ({", ".join(repr(member) for member in members)},),')
	lines += ["}", "", "", "class Number(IntEnum):",
		'\t"""A number of libuncia. One that a newer library has and these headers have not is there under its value."""', "",
		"\t@classmethod", '\tdef _missing_(cls, value: object) -> "Number | None":', "\t\tif not isinstance(value, int):",
		"\t\t\treturn None", "\t\tunnamed = int.__new__(cls, value)", '\t\tunnamed._name_ = f"NUMBER_{value}"',
		"\t\tunnamed._value_ = value", "\t\treturn unnamed"]
	for enum, values in enums(code).items():
		lines += ["", "", f"class {class_name(enum)}(Number):"]
		lines += [f"\t{name} = {value}" for name, value in short_names(enum, values).items()]
	return "\n".join(lines) + "\n"


def write(directory, include=None):
	"""Writes both modules into a folder that is there, and the types of the one that cffi writes."""
	import cffi  # only here: setup.py asks for the version before the requirements of the build are looked at

	directory = pathlib.Path(directory)
	code = code_of(include or include_directory())
	builder = cffi.FFI()
	builder.set_source("uncia._declarations", None)
	builder.cdef(declarations(code))
	builder.emit_python_code(str(directory / "_declarations.py"))
	(directory / "_declarations.pyi").write_text("from typing import Any\n\nffi: Any\n", encoding="utf-8")
	(directory / "_constants.py").write_text(constants(code), encoding="utf-8")


if __name__ == "__main__":
	if len(sys.argv) != 2:
		sys.exit("usage: declare.py DIRECTORY")
	try:
		write(sys.argv[1])
	except HeaderError as error:
		sys.exit(f"declare.py: {error}")
