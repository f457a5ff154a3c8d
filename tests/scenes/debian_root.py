"""A Debian 12 of its own, in a directory, made by mmdebstrap: packages are installed in it, and programs run, as on a machine
that has nothing else. Needs root."""
import os
import pathlib
import shlex
import subprocess

MIRROR = "http://deb.debian.org/debian"
# What the installation of packages writes for itself, whatever the packages.
BOOKKEEPING = ("var/lib/dpkg/", "var/lib/apt/", "var/cache/", "var/log/", "tmp/", "run/", "proc/", "sys/", "dev/", "packages/",
	"root/.wget-hsts", "etc/ld.so.cache", "var/lib/systemd/")
# An account stays: files of its number may be anywhere.
ACCOUNTS = {f"etc/{name}{end}" for name in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid") for end in ("", "-")} | {"etc/.pwd.lock"}


class Root:
	def __init__(self, path):
		self.path = pathlib.Path(path)

	def make(self, packages):
		"""The packages that Debian always has, apt, and these."""
		include = [f"--include={','.join(packages)}"] if packages else []
		done = subprocess.run(["mmdebstrap", "--quiet", "--variant=apt", "--dpkgopt=force-unsafe-io", *include, "bookworm", self.path, MIRROR],
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
		assert done.returncode == 0, done.stdout
		(self.path / "packages").mkdir()
		(self.path / "etc/resolv.conf").write_bytes(pathlib.Path("/etc/resolv.conf").read_bytes())

	def command(self, *words, user=None):
		"""How to run this inside: the process is the program's own, and what is mounted for it goes with it."""
		mounts = "mount -t proc proc {0}/proc && mount --bind /dev {0}/dev".format(shlex.quote(str(self.path)))
		inside = ["chroot", *([f"--userspec={user}:{user}"] if user else []), str(self.path), *map(str, words)]
		return ["unshare", "--mount", "sh", "-c", f"{mounts} && exec {shlex.join(inside)}"]

	def environment(self, **more):
		return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **more}

	def run(self, *words, user=None, code=0, stdin="", **environment):
		"""Runs it to its end; fails unless it ends with this code. Returns both outputs, the standard one first."""
		done = subprocess.run(self.command(*words, user=user), input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
			timeout=300, env=self.environment(**environment))
		assert done.returncode == code, f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}"
		return done.stdout + done.stderr

	def start(self, words, user, **environment):
		return subprocess.Popen(self.command(*words, user=user), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
			stderr=subprocess.PIPE, text=True, env=self.environment(**environment))

	def install(self, *debs):
		for deb in debs:
			(self.path / "packages" / deb.name).write_bytes(deb.read_bytes())
		return self.run("dpkg", "--install", *(f"/packages/{deb.name}" for deb in debs))

	def files(self):
		"""Everything in it, but for what dpkg and apt write for themselves: path, and what it is."""
		found = {}
		for directory, folders, names in os.walk(self.path):
			for name in folders + names:
				path = pathlib.Path(directory) / name
				relative = str(path.relative_to(self.path))
				if not (relative + "/").startswith(BOOKKEEPING) and relative not in ACCOUNTS:
					status = path.lstat()
					found[relative] = (oct(status.st_mode), os.readlink(path) if path.is_symlink() else
						path.read_bytes() if path.is_file() else b"")
		return found

	def unit(self, name):
		"""(name, value) of each line of a unit that is installed, %i replaced for an instance."""
		plain, instance = (f"{name.split('@')[0]}@.service", name.split("@")[1]) if "@" in name else (f"{name}.service", "")
		text = (self.path / "usr/lib/systemd/system" / plain).read_text() if (self.path / "usr/lib/systemd/system" / plain).exists() else \
			(self.path / "lib/systemd/system" / plain).read_text()
		lines = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
		return [tuple(line.replace("%i", instance).split("=", 1)) for line in lines]
