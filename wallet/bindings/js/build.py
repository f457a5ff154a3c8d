"""Makes the JavaScript package: libuncia as WebAssembly by Debian's emscripten, with libsodium, protobuf-c and utf8proc
compiled of Debian's source packages, and the files of this folder beside it.

	build.py BUILD      BUILD: a build of this system, whose generated sources are used; the package is BUILD/js"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
# What knows POSIX: a host in JavaScript drives by bytes, and brings its own storage.
POSIX_ONLY = ["wallet/driver.c", "wallet/poller_epoll.c", "wallet/poller_poll.c", "wallet/poller_kqueue.c", "wallet/lookup.c",
	"wallet/host_directory.c", "wallet/host_files.c", "wallet/host_log.c", "wallet/host_checkpoint.c", "wallet/host_follow.c",
	"wallet/host_store.c"]
# uncia_network_load is for files.
NOT_SHOWN = {"uncia_network_load"}
SOURCES = ["libsodium", "protobuf-c", "utf8proc"]
FLAGS = ["-O2", "-D_GNU_SOURCE", "-Wno-unused-command-line-argument"]
LINK = ["-O2", "-sMODULARIZE=1", "-sEXPORT_ES6=1", "-sEXPORT_NAME=uncia", "-sENVIRONMENT=web,worker", "-sFILESYSTEM=0",
	"-sALLOW_MEMORY_GROWTH=1", "-sMAXIMUM_MEMORY=2GB", "-sALLOW_TABLE_GROWTH=1", "-sWASM_BIGINT=1", "-sSTRICT=1",
	"-sINCOMING_MODULE_JS_API=wasmBinary,getRandomValue,print,printErr", "-sEXPORTED_RUNTIME_METHODS=addFunction,removeFunction"]
# The package: what is imported, and what that imports.
FILES = ["package.json", "uncia.js", "uncia.d.ts", "library.js", "wallet.js", "keys.js", "keys_worker.js", "links.js", "people.js", "node.js", "node_version.js",
	"node.d.ts", "browser.js", "browser.d.ts", "storage.js", "holds.js", "README.md"]


def run(*command, **options):
	# emscripten uses acorn, which a node that is not Debian's does not find by itself.
	options.setdefault("env", {**os.environ, "NODE_PATH": "/usr/share/nodejs"})
	done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
	if done.returncode:
		sys.exit(f"{' '.join(map(str, command))[-500:]}\n{done.stdout[-5000:]}")
	return done.stdout


def apt(folder, *arguments):
	"""apt-get with lists of its own: those of source packages of the Debian that this system is."""
	(folder / "lists").mkdir(parents=True, exist_ok=True)
	(folder / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
	(folder / "sources.list").write_text("".join(f"deb-src http://deb.debian.org/{where} main\n" for where in
		("debian bookworm", "debian bookworm-updates", "debian-security bookworm-security")))
	options = {"Dir::Etc::sourcelist": folder / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
		"Dir::State::lists": folder / "lists", "Dir::Cache": folder / "cache", "APT::Sandbox::User": "root"}
	return run("apt-get", *(part for key, value in options.items() for part in ("-o", f"{key}={value}")), "-qq", *arguments,
		cwd=folder)


def sources(folder):
	"""Debian's source packages, unpacked, checked by apt: a folder for each, and their versions."""
	if not all(any(folder.glob(f"{name}-*/")) for name in SOURCES):
		shutil.rmtree(folder, ignore_errors=True)
		apt(folder, "update")
		apt(folder, "source", *SOURCES)
	folders, versions = {}, {}
	for name in SOURCES:
		folders[name], = (path for path in folder.glob(f"{name}-*") if path.is_dir())
		description, = folder.glob(f"{name}_*.dsc")
		versions[name] = re.search(r"^Version: (.+)$", description.read_text(), re.M)[1]
	return folders, versions


def sodium(folder):
	"""What its configure would find for WebAssembly: the portable code alone; (flags, sources). The header with its version is
	made by configure, and is that of Debian's libsodium-dev, of the same source."""
	include = folder / "src/libsodium/include"
	if not (include / "sodium/version.h").exists():
		shutil.copy("/usr/include/sodium/version.h", include / "sodium/version.h")
	version = re.search(r'SODIUM_VERSION_STRING "(.+)"', (include / "sodium/version.h").read_text())[1]
	if not folder.name.endswith(f"-{version}"):
		sys.exit(f"{folder.name} is not the libsodium-dev that is installed, {version}")
	return ["-O3", "-DCONFIGURED=1", "-DNATIVE_LITTLE_ENDIAN=1", "-DSODIUM_STATIC=1", f"-I{include / 'sodium'}"], sorted(
		(folder / "src/libsodium").rglob("*.c"))


def exported():
	"""What the shared library shows, but for the descriptor, files and directories."""
	posix = "".join((ROOT / name).read_text() for name in POSIX_ONLY)
	names = re.findall(r"^\t\t(uncia_\w+);$", (ROOT / "wallet/uncia.map").read_text(), re.M)
	return [name for name in names if name not in NOT_SHOWN and not re.search(rf"^\w[\w *]*\b{name}\(", posix, re.M)]


def constants():
	"""The enumerations of the public headers, as JavaScript."""
	text = "".join(re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S) for path in sorted((ROOT / "include/uncia").glob("*.h")))
	out = ["/* Made of include/uncia by build.py. */"]
	for name, body in re.findall(r"^enum (\w+) \{(.*?)\};", text, re.M | re.S):
		number, members = -1, []
		for member in filter(None, map(str.strip, body.split(","))):
			key, _, value = (part.strip() for part in member.partition("="))
			number = int(value, 0) if value else number + 1
			members.append(f"\t{key}: {number},")
		out += [f"export const {name} = Object.freeze({{", *members, "});"]
	return "\n".join(out) + "\n"


def compile_all(work):
	with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
		list(pool.map(lambda one: run("emcc", *one), work))


def main():
	build = pathlib.Path(sys.argv[1]).resolve()
	package, objects = build / "js", build / "js-objects"
	folders, versions = sources(build / "js-sources")
	sodium_flags, sodium_sources = sodium(folders["libsodium"])
	objects.mkdir(exist_ok=True)
	includes = [f"-I{ROOT / 'include'}", f"-I{ROOT / 'proto'}", f"-I{ROOT / 'wallet'}"] + [part for path in (
		build / "proto/generated", build / "wallet/generated", folders["libsodium"] / "src/libsodium/include", folders["protobuf-c"],
		folders["utf8proc"], objects / "include") for part in ("-isystem", path)]
	for name in ("uthash.h", "utlist.h"):
		(objects / "include").mkdir(exist_ok=True)
		shutil.copy(f"/usr/include/{name}", objects / "include" / name)
	ours = [path for room in ("proto", "wallet") for path in sorted((ROOT / room).glob("*.c"))
		if str(path.relative_to(ROOT)) not in POSIX_ONLY]
	theirs = [*build.glob("proto/generated/*.c"), *build.glob("wallet/generated/*.c"),
		folders["protobuf-c"] / "protobuf-c/protobuf-c.c", folders["utf8proc"] / "utf8proc.c"]
	headers = max(path.stat().st_mtime for room in ("proto", "wallet", "include/uncia") for path in (ROOT / room).glob("*.h"))
	work, made = [], []
	for path in ours + theirs + sodium_sources:
		made.append(objects / ("-".join(path.parts[-3:-1]) + f"-{path.stem}.o"))
		if made[-1].exists() and made[-1].stat().st_mtime > max(path.stat().st_mtime, headers):
			continue
		flags = ["-std=c11", "-Wall", "-Wextra", "-Werror"] if path in ours else ["-w", *sodium_flags] if path in sodium_sources else \
			["-w", '-DPACKAGE_VERSION="1"', '-DPACKAGE_STRING="1"']
		work.append([*FLAGS, *flags, *includes, "-DUTF8PROC_STATIC", "-c", path, "-o", made[-1]])
	if len(made) != len(set(made)):
		sys.exit("two sources have one name")
	compile_all(work)
	package.mkdir(exist_ok=True)
	names = ["_malloc", "_free", *(f"_{name}" for name in exported())]
	(objects / "exported.json").write_text(json.dumps(names))
	(objects / "objects.rsp").write_text("\n".join(map(str, made)))
	run("emcc", *LINK, f"-sEXPORTED_FUNCTIONS=@{objects / 'exported.json'}", f"@{objects / 'objects.rsp'}", "-o",
		package / "module.js")
	(package / "module.wasm").replace(package / "uncia.wasm")
	(package / "constants.js").write_text(constants())
	for name in FILES:
		shutil.copy(HERE / name, package / name)
	size = (package / "uncia.wasm").stat().st_size
	(package / "built.json").write_text(json.dumps({"wasm": size, **versions}, indent="\t") + "\n")
	print(f"{package}: uncia.wasm has {size} bytes")


if __name__ == "__main__":
	main()
