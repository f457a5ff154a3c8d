"""The interface of libuncia as programs that were compiled against it rely on it: functions with their parameters, sizes
and places of the structures' members, numbers of enums and macros. Read from the public headers, and measured by a C
program that is made from them. tests/packages/abi.txt is the list that is committed; test_packages.py compares."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COMMITTED = ROOT / "tests" / "packages" / "abi.txt"
MAP = ROOT / "wallet" / "uncia.map"


def code_of(headers):
	"""All public headers without comments."""
	text = "\n".join(path.read_text() for path in sorted(headers.glob("*.h")))
	return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def prototypes(code):
	"""Name: prototype, of every function that is UNCIA_API."""
	found = {}
	for text in re.findall(r"^UNCIA_API\s+([^;{]+);", code, re.M):
		text = " ".join(text.replace("UNCIA_MUST_CHECK", "").split())
		name = re.search(r"\b(uncia_\w+)\s*\(", text)[1]
		assert name not in found, name
		found[name] = text
	return found


def declarators(member):
	"""The names that one declaration of a structure's member declares."""
	pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", member)
	if pointer:
		return [pointer[1]]
	return [re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", part)[1] for part in member.split(",")]


def members(code):
	"""Structure: names of its members, of every one whose members are public."""
	found = {}
	for name, body in re.findall(r"^struct (uncia_\w+) \{\n(.*?)^\};", code, re.M | re.S):
		assert name not in found and "{" not in body, name
		found[name] = [d for member in body.split(";") if member.strip() for d in declarators(member.strip())]
	return found


def constants(code):
	"""Names of the numbers of all enums, and of the macros that are numbers."""
	enums = [name for body in re.findall(r"^enum uncia_\w+ \{(.*?)\};", code, re.M | re.S)
		for name in re.findall(r"\b(UNCIA_\w+)\b\s*(?:=|,|$)", body, re.M)]
	macros = re.findall(r"^#define (UNCIA_\w+) +\(?-?\d[\w]*\)?$", code, re.M)
	return list(dict.fromkeys(enums + macros))


def measuring_program(code):
	lines = ["#include <stddef.h>", "#include <stdio.h>", "#include <uncia/uncia.h>", "int main(void)", "{"]
	for struct, names in sorted(members(code).items()):
		lines.append(f'printf("struct {struct}: %zu bytes\\n", sizeof(struct {struct}));')
		for name in names:
			lines.append(f'printf("  %zu: {name}, %zu\\n", offsetof(struct {struct}, {name}), '
				f"sizeof(((struct {struct} *)0)->{name}));")
	for name in sorted(constants(code)):
		lines.append(f'printf("{name} = %lld\\n", (long long)({name}));')
	return "\n".join([*lines, "return 0;", "}", ""])


def measure(include, compiler, directory):
	"""The list of what is installed in this folder of headers."""
	code = code_of(include / "uncia")
	source, program = directory / "abi.c", directory / "abi"
	source.write_text(measuring_program(code))
	subprocess.run([compiler, "-std=c11", "-Wall", "-Werror", "-I", include, source, "-o", program], check=True)
	measured = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
	versions = versions_of_map()
	functions = [f"{text} {versions.get(name, 'in no version')}\n" for name, text in sorted(prototypes(code).items())]
	return "".join(functions) + measured


def versions_of_map():
	"""Name: version, of what the map of versions shows."""
	found = {}
	for version, body in re.findall(r"^(UNCIA_[\w.]+) \{\n(.*?)^\}", MAP.read_text(), re.M | re.S):
		for name in re.findall(r"\b(uncia_\w+);", body.split("local:")[0]):
			assert name not in found, name
			found[name] = version
	return found


def shown_by_shared(library):
	"""Name: version, of what a shared library shows, the versions themselves left out."""
	found = {}
	for line in subprocess.run(["nm", "-D", "--defined-only", "--with-symbol-versions", library], check=True,
		stdout=subprocess.PIPE, text=True).stdout.splitlines():
		_, kind, name = line.split()
		name, _, version = name.partition("@@")
		if kind != "A":
			found[name] = version
	return found


def shown_by_static(library):
	"""Global names that an archive defines."""
	return {line.split()[-1] for line in subprocess.run(["nm", "-g", "--defined-only", library], check=True,
		stdout=subprocess.PIPE, text=True).stdout.splitlines() if len(line.split()) == 3}
