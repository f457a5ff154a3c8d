"""Finds the shared library, and checks that it is the one that this package was built for: its version, its functions,
the sizes and places of its structures, which it says itself (uncia/structures.h)."""
import os
import pathlib
import subprocess
import sys
from typing import Any, Iterator

from . import _constants as constants
from ._declarations import ffi

SONAME = "libuncia.0.dylib" if sys.platform == "darwin" else "libuncia.so.0"
ADVICE = ("install it (Debian: libuncia0), or set UNCIA_LIBRARY to the file, or PKG_CONFIG_PATH to the folder that has uncia.pc")


class LibraryError(ImportError):
	"""libuncia was not found, or is not the one that this package was built for. The message says what was tried."""


def candidates() -> Iterator[tuple[str, str]]:
	"""What to load, and who named it. UNCIA_LIBRARY is a decision: nothing else is tried then."""
	given = os.environ.get("UNCIA_LIBRARY")
	if given:
		yield given, "UNCIA_LIBRARY"
		return
	directory = pkg_config_directory()
	if directory:
		yield str(pathlib.Path(directory) / SONAME), "pkg-config"
	yield SONAME, "the system's loader"


def pkg_config_directory() -> str:
	"""Where pkg-config says that the library is; "" where it knows of none, or is not there itself."""
	try:
		asked = subprocess.run(["pkg-config", "--variable=libdir", "uncia"], stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False, timeout=10)
	except (OSError, subprocess.TimeoutExpired):
		return ""
	return asked.stdout.strip() if asked.returncode == 0 else ""


def load() -> Any:
	"""The library, open and checked."""
	tried = []
	for path, who in candidates():
		try:
			found = ffi.dlopen(path)
		except OSError as error:
			tried.append(f"{path} (named by {who}): {error}")
			continue
		check_version(found, path)
		check_functions(found, path)
		check_structures(found, path)
		return found
	raise LibraryError(f"libuncia cannot be loaded; {ADVICE}. Tried: " + "; ".join(tried))


def has(library: Any, name: str) -> bool:
	try:
		getattr(library, name)
	except (AttributeError, ffi.error):
		return False
	return True


def check_version(library: Any, path: str) -> None:
	"""Until 1.0 another minor number may be another interface; from then on it can only be more of it."""
	if not has(library, "uncia_version_number"):
		raise LibraryError(f"{path} is no libuncia: it has no uncia_version_number; {ADVICE}")
	number = int(library.uncia_version_number())
	built = constants.VERSION_NUMBER
	kept = 1000000 if built >= 1000000 else 1000
	if number < built or number // kept != built // kept:
		version = f"{number // 1000000}.{number // 1000 % 1000}.{number % 1000}"
		raise LibraryError(f"{path} is libuncia {version}, and this package was built for {constants.VERSION}: install that "
			"one, or build the package anew with the headers of the library")


def check_functions(library: Any, path: str) -> None:
	missing = [name for name in constants.FUNCTIONS if not has(library, name)]
	if missing:
		raise LibraryError(f"{path} has no {', '.join(missing)}: it is older than the headers that this package was built with; "
			"install the library of those, or build the package anew with the headers of the library")


def members(library: Any, name: str) -> dict[str, tuple[int, int]]:
	"""Member: (offset, size), as the library says."""
	found: dict[str, tuple[int, int]] = {}
	member, kind = ffi.new("const char **"), ffi.new("int *")
	offset, size = ffi.new("size_t *"), ffi.new("size_t *")
	while library.uncia_struct_member(name.encode(), len(found), member, kind, offset, size) == 0:
		found[ffi.string(member[0]).decode()] = (int(offset[0]), int(size[0]))
	return found


def check_structures(library: Any, path: str) -> None:
	"""Each member is where cffi has put it. A structure that says its size may have grown at its end."""
	for name, expected in constants.STRUCTURES.items():
		ours = ffi.typeof(f"struct {name}")
		told = members(library, name)
		fields = dict(ours.fields)
		fits = all(told.get(member) == (fields[member].offset, ffi.sizeof(fields[member].type)) for member in expected)
		size = int(library.uncia_struct_size(name.encode()))
		if not fits or size < ffi.sizeof(ours) or (size > ffi.sizeof(ours) and "size" not in expected):
			raise LibraryError(f"{path}: struct {name} is not what the headers say that this package was built with; "
				"build the package anew with the headers of the library")


lib: Any = load()
