"""Wall clocks that are set from a file while processes run (libfaketime; the monotonic clock is left alone)."""
import glob
import os
import re
import subprocess

from unciad import BIN

LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")


def preload():
	"""The sanitizer's library, where there is one, has to come first."""
	bare = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}  # it would be listed in another form
	needed = subprocess.run(["ldd", BIN / "unciad"], check=True, stdout=subprocess.PIPE, text=True, env=bare).stdout
	return " ".join(re.findall(r"=> (\S*libasan\S*)", needed) + LIBRARIES[:1])


def environment(path):
	"""Of a process whose wall clock is as far off as that file says."""
	return {"LD_PRELOAD": preload(), "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
		"FAKETIME_TIMESTAMP_FILE": str(path)}


def under(path, *command):
	"""What env runs as that process, whose clock is right until set_clock."""
	set_clock(path, "+0")
	return [*(f"{name}={value}" for name, value in environment(path).items()), *command]


def set_clock(path, offset):
	"""offset: "+11m", "-1d"."""
	fresh = path.with_name(path.name + ".fresh")
	fresh.write_text(offset + "\n")
	os.replace(fresh, path)
