"""Compiles libuncia as other systems do: Windows, Linux with musl, a big-endian processor, and the part for BSD and macOS
against declarations of a kqueue. Run by ./run test --cross with a build of this system, whose generated sources it uses. It
only compiles: what it finds is a header, a function or a type that some system lacks, and a part that cannot be left out."""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "integration"))
import c_source  # noqa: E402

# What knows POSIX: a host on another system drives by bytes, and brings its own storage.
POSIX_ONLY = ["wallet/driver.c", "wallet/poller_epoll.c", "wallet/poller_poll.c", "wallet/poller_kqueue.c", "wallet/lookup.c",
	"wallet/host_directory.c", "wallet/host_files.c", "wallet/host_log.c", "wallet/host_checkpoint.c", "wallet/host_follow.c",
	"wallet/host_store.c"]
LIBRARY = [*sorted((ROOT / "proto").glob("*.c")), *sorted((ROOT / "wallet").glob("*.c"))]
PORTABLE = [path for path in LIBRARY if str(path.relative_to(ROOT)) not in POSIX_ONLY]
DRIVER = [ROOT / name for name in POSIX_ONLY if name not in ("wallet/poller_epoll.c", "wallet/lookup.c")]
FLAGS = ["-std=c11", "-O1", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wshadow", "-Wstrict-prototypes",
	"-Wmissing-prototypes", "-Wvla", "-Werror"]
# Name: compiler, flags, sources, whether generated sources are compiled as well.
SYSTEMS = {
	"windows": (["x86_64-w64-mingw32-gcc", "-D__USE_MINGW_ANSI_STDIO=1", "-DSODIUM_STATIC"], PORTABLE, True),
	"musl": (["musl-gcc"], LIBRARY, True),
	"big-endian": (["s390x-linux-gnu-gcc"], LIBRARY, True),
	"kqueue": (["gcc", "-DUNCIA_LIBKQUEUE", "-DUNCIA_DRIVER_KQUEUE"], DRIVER, False),
	"poll": (["gcc", "-DUNCIA_DRIVER_POLL"], DRIVER, False),
}
# Of libraries whose headers say nothing of the system.
HEADERS = ["sodium.h", "sodium", "protobuf-c", "utf8proc.h", "uthash.h", "utlist.h", "ares.h", "ares_version.h", "ares_rules.h",
	"ares_build.h", "ares_nameser.h"]


def header(name):
	"""Where a header of this system is."""
	folders = [pathlib.Path("/usr/include"), *pathlib.Path("/usr/include").glob("*-linux-gnu")]
	return next((folder / name for folder in folders if (folder / name).exists()), None)


def copy_headers(to):
	shutil.rmtree(to, ignore_errors=True)
	to.mkdir(parents=True)
	for name in HEADERS:
		found = header(name)
		if found:
			(shutil.copytree if found.is_dir() else shutil.copy)(found, to / name)


def compile_one(command, source, to):
	done = subprocess.run([*command, "-c", source, "-o", to], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
	return done.stdout if done.returncode != 0 else ""


def left_open(compiler, objects):
	"""Functions of files that are left out, of which the others have need."""
	nm = compiler.replace("gcc", "nm")
	done = subprocess.run([nm, "-u", "-P", *objects], stdout=subprocess.PIPE, check=True, text=True)
	needed = {line.split()[0].lstrip("_") for line in done.stdout.splitlines() if not line.endswith(":")}
	return sorted(f.name for name in POSIX_ONLY for f in c_source.functions((ROOT / name).read_text()) if f.name in needed)


def compile_system(name, build):
	(compiler, *flags), sources, with_generated = SYSTEMS[name]
	generated = [*sorted(build.glob("*/generated/*.c"))]
	out = build / "cross" / name
	shutil.rmtree(out, ignore_errors=True)
	out.mkdir(parents=True)
	includes = ["-I", ROOT / "include", "-I", ROOT / "proto", "-I", ROOT / "wallet", "-isystem", build / "proto/generated",
		"-isystem", build / "wallet/generated", "-isystem", build / "headers"]
	work = [([compiler, *FLAGS, *flags, *includes], source) for source in sources]
	if with_generated:
		work += [([compiler, "-std=c11", "-O1", "-w", *flags, *includes], source) for source in generated]
	objects = [out / f"{source.parent.name}-{source.stem}.o" for _, source in work]
	with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
		errors = [text for text in pool.map(compile_one, *zip(*work), objects) if text]
	if not errors and sources is PORTABLE:
		errors = [f"{name}: {function} is called, and is in no file that {name} has\n" for function in left_open(compiler, objects)]
	print(f"{name}: {len(work)} files" + (f", {len(errors)} findings" if errors else ""))
	sys.stdout.write("".join(errors))
	return not errors


def main():
	build = pathlib.Path(sys.argv[1]).resolve()
	copy_headers(build / "headers")
	kqueue = ROOT / "tests" / "cross" / "event.h"
	(build / "headers" / "sys").mkdir(exist_ok=True)
	shutil.copy(kqueue, build / "headers" / "sys" / "event.h")
	names = sys.argv[2:] or list(SYSTEMS)
	return 0 if all([compile_system(name, build) for name in names]) else 1


if __name__ == "__main__":
	sys.exit(main())
