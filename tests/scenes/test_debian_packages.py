"""What ./run package makes: the same bytes in another directory and at another time; as lintian wants it; installed, run,
upgraded, removed and purged in a Debian that has nothing else, after which nothing is left but what its operator made."""
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from debian_root import Root
from service_manager import ServiceManager
from unciad import free_ports

ROOT = pathlib.Path(__file__).parent.parent.parent
NAMES = ["libuncia-dev", "libuncia0", "python3-uncia", "uncia", "uncia-indexer", "uncia-notifier", "uncia-purple", "uncia-weechat", "unciad"]
HOME = "/var/lib/unciad"
INSTANCES = ["v1", "v2", "v3"]
# Tags that lintian may have for our packages, and why.
ALLOWED = {
	"no-symbols-control-file": "until 1.0 a program is built for one version of the library, which its shlibs file says",
	"package-supports-alternative-init-but-no-init.d-script": "the programs say when they are ready, to systemd alone",
}


def output(*command, **options):
	done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
		text=True, **options)
	assert done.returncode == 0, f"{command}: {done.stdout[-6000:]}"
	return done.stdout


def build(folder, **environment):
	"""All packages, of a copy of the sources in a folder of its own and without git. Returns them by name."""
	folder.mkdir()
	names = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], stdout=subprocess.PIPE).stdout.decode().split("\0")
	for name in filter(None, names):
		if (ROOT / name).is_file():
			(folder / name).parent.mkdir(parents=True, exist_ok=True)
			shutil.copy2(ROOT / name, folder / name)
	# The compiler's own work is what is compared.
	output(folder / "run", "package", "--plugins", timeout=2400, env={**os.environ, "CCACHE_DISABLE": "1", **environment})
	return {path.name.split("_")[0]: path for path in (folder / "build-package").glob("*.deb") if "-dbgsym_" not in path.name}


def setUpModule():
	global folder, packages
	folder = pathlib.Path(tempfile.mkdtemp(prefix="uncia-packages-"))
	unittest.addModuleCleanup(shutil.rmtree, folder)
	packages = build(folder / "first")


def field(package, name):
	return output("dpkg-deb", "-f", packages[package], name).strip()


def listing(deb, folder):
	"""Each file of a package: its mode, owner and time as tar has them, and its bytes' sum."""
	output("dpkg-deb", "-R", deb, folder)
	lines = output("dpkg-deb", "-c", deb).splitlines()
	sums = [f"{output('sha256sum', path).split()[0]}  {path.relative_to(folder)}" for path in sorted(folder.rglob("*"))
		if path.is_file() and not path.is_symlink()]
	return lines + sums


class PackagesTest(unittest.TestCase):
	def setUp(self):
		directory = tempfile.TemporaryDirectory(prefix="uncia-test-")
		self.addCleanup(directory.cleanup)
		self.dir = pathlib.Path(directory.name)


class Packages(PackagesTest):
	def unpacked(self, *names):
		for name in names:
			output("dpkg-deb", "-x", packages[name], self.dir / name)
			output("dpkg-deb", "-e", packages[name], self.dir / name / "DEBIAN")
		return [self.dir / name for name in names]

	def test_all_are_there_of_one_version_and_need_what_they_use(self):
		self.assertEqual(sorted(packages), NAMES)
		version = re.search(r'UNCIA_VERSION\s+"([^"]+)"', (ROOT / "include/uncia/version.h").read_text())[1]
		for name in NAMES:
			self.assertEqual(field(name, "Version"), version)
			self.assertRegex(field(name, "Installed-Size"), r"^\d+$")
		for name, needed in {"unciad": "liblmdb0 libuv1 libsodium23 libjansson4 libpopt0 systemd-standalone-tmpfiles systemd-sysusers",
			"uncia": "libsodium23 libc-ares2 libqrencode4", "uncia-notifier": "libcurl4", "uncia-indexer": "libpq5 libmicrohttpd12 liblmdb0", "libuncia0": "libsodium23 libprotobuf-c1 libutf8proc2 "
			"libc-ares2", "libuncia-dev": f"libuncia0 (= {version})", "uncia-weechat": f"libuncia0 (= {version})",
			"uncia-purple": f"libuncia0 (= {version})", "python3-uncia": f"libuncia0 (>= {version})"}.items():
			depends = field(name, "Depends")
			for one in [needed] if "(" in needed else needed.split():
				self.assertIn(one, depends, name)
		# libuncia needs these and nothing else: what tells a service manager is no part of it.
		libraries = {one.split()[0] for one in field("libuncia0", "Depends").split(", ")}
		self.assertEqual(libraries, {"libc6", "libc-ares2", "libprotobuf-c1", "libsodium23", "libutf8proc2"})

	def test_they_hold_what_they_say(self):
		unciad, uncia, library, development = self.unpacked("unciad", "uncia", "libuncia0", "libuncia-dev")
		self.assertIn("signatures: batch", output(unciad / "usr/bin/unciad", "version"))
		batch = (ROOT / "node/verify/batch/COPYRIGHT").read_text().rstrip("\n")
		self.assertIn(batch, (unciad / "usr/share/doc/unciad/copyright").read_text())
		indexer, = self.unpacked("uncia-indexer")
		self.assertIn(batch, (indexer / "usr/share/doc/uncia-indexer/copyright").read_text())
		self.assertTrue((indexer / "usr/share/man/man8/uncia-indexer.8.gz").exists())
		for name, folder in (("uncia", uncia), ("libuncia0", library)):
			self.assertIn("Apache-2.0", (folder / f"usr/share/doc/{name}/copyright").read_text())
		version = field("libuncia0", "Version")
		self.assertEqual((library / "DEBIAN/shlibs").read_text(), f"libuncia 0 libuncia0 (= {version})\n")
		self.assertIn("ldconfig", (library / "DEBIAN/triggers").read_text())
		for path, program in ((unciad, "unciad"), (uncia, "uncia")):
			self.assertTrue((path / f"usr/share/bash-completion/completions/{program}").exists())
			self.assertTrue((path / f"usr/share/zsh/vendor-completions/_{program}").exists())
			self.assertTrue((path / f"usr/share/fish/vendor_completions.d/{program}.fish").exists())
		self.assertTrue((uncia / "usr/share/man/man1/uncia-receipt-verify.1.gz").exists())
		self.assertTrue((unciad / "usr/share/man/man8/unciad-start.8.gz").exists())
		self.assertEqual((unciad / "DEBIAN/conffiles").read_text().split(), ["/etc/unciad/unciad.conf"])
		self.assertEqual([path.name for path in development.rglob("libuncia.a")], ["libuncia.a"])

	def test_a_program_is_built_against_what_they_hold(self):
		library, development = self.unpacked("libuncia0", "libuncia-dev")
		shutil.copytree(library, self.dir / "root", symlinks=True)
		shutil.copytree(development, self.dir / "root", symlinks=True, dirs_exist_ok=True)
		found = next((self.dir / "root").rglob("uncia.pc"))
		environment = {**os.environ, "PKG_CONFIG_PATH": str(found.parent), "LD_LIBRARY_PATH": str(found.parent.parent)}
		flags = output("pkg-config", "--cflags", "--libs", "uncia", env=environment).split()
		source = self.dir / "every_function.c"
		source.write_text("#include <stddef.h>\nsize_t every_function(void);\nsize_t every_function(void)\n{\n\treturn 1;\n}\n")
		output("cc", "-std=c11", ROOT / "tests/packages/consumer.c", source, *flags, "-o", self.dir / "program", env=environment)
		self.assertIn(str(self.dir / "root"), output("ldd", self.dir / "program", env=environment))
		self.assertRegex(output(self.dir / "program", self.dir / "home", env=environment), r"^[0-9.]+ unc1[0-9a-z]+\n$")

	def test_lintian_finds_what_is_allowed_and_nothing_else(self):
		changes = next(packages["unciad"].parent.glob("*.changes"))
		done = subprocess.run(["lintian", "--allow-root", "--display-info", "--pedantic", "--tag-display-limit=0", "--fail-on=none", changes],
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1200)
		found = re.findall(r"^([A-Z]): ([\w-]+)[^:]*: ([\w.-]+)", done.stdout, re.M)
		self.assertEqual((done.returncode, [line for line in found if line[2] not in ALLOWED]), (0, []), done.stdout[-6000:])
		self.assertEqual(set(ALLOWED) - {tag for _, _, tag in found}, set(), "allowed, and not found any more")

	def test_another_directory_and_time_make_the_same_bytes(self):
		again = build(folder / "another-directory-with-a-longer-name", TZ="Pacific/Kiritimati", LC_ALL="C")
		self.assertEqual(sorted(again), NAMES)
		different = []
		for name in NAMES:
			if packages[name].read_bytes() == again[name].read_bytes():
				continue
			both = [listing(made[name], self.dir / f"{name}-{i}") for i, made in enumerate((packages, again))]
			different.append("\n".join(difflib.unified_diff(*both, f"first/{name}", f"again/{name}", lineterm="", n=0)))
		self.assertEqual(different, [], "\n".join(different))


class Installed(PackagesTest):
	"""One root for all steps, which are those of a machine's life."""

	def needed(self):
		"""What ours depend on, of Debian; what is there without systemd where there is a choice."""
		found = set()
		for name in ("unciad", "uncia", "uncia-indexer", "uncia-notifier", "libuncia0", "python3-uncia"):
			for alternatives in field(name, "Depends").split(","):
				choices = [choice.split()[0].split(":")[0] for choice in alternatives.split("|")]
				chosen = next((choice for choice in choices if "standalone" in choice), choices[0])
				if chosen not in NAMES:
					found.add(chosen)
		return sorted(found)

	def start(self, name):
		"""As systemd would: the unit's program, as its user, and told where to say how it is doing."""
		unit = dict(self.root.unit(name))
		self.assertEqual((unit["Type"], unit["UMask"]), ("notify", "0077"))
		self.assertTrue((self.root.path / unit["AssertPathExists"].lstrip("/")).exists(), name)
		# A name that has no path is seen from within the root as well.
		self.starts += 1
		manager = ServiceManager(self, name=f"@uncia-packages-{os.getpid()}-{self.starts}")
		process = self.root.start(unit["ExecStart"].split(), unit["User"], NOTIFY_SOCKET=manager.name)
		self.addCleanup(process.stderr.close)
		self.addCleanup(process.wait)
		self.addCleanup(process.kill)
		self.managers.append((name, process, manager))

	def all_vote(self):
		for name, process, manager in self.managers:
			said = manager.until(lambda message: message.get("STATUS", "").startswith("votes;"), 90)
			self.assertIsNotNone(said, f"{name}: {manager.told[-2:]} {process.poll()}")
			self.assertTrue(any("READY" in message for message in manager.told), name)

	def stop(self):
		for name, process, manager in self.managers:
			process.terminate()
		for name, process, manager in self.managers:
			self.assertEqual((process.wait(60), process.stderr.read()[-2000:] if process.returncode else ""), (0, ""), name)
			self.assertIsNotNone(manager.until(lambda message: "STOPPING" in message, 5), name)
		self.managers.clear()

	def unciad(self, *words, user="unciad", **options):
		return self.root.run("unciad", *words, user=user, **options)

	def make_network(self):
		"""As docs/operating.md says, "From the packages to a validator that votes"; the others are instances here."""
		ports = free_ports(4)
		for name in INSTANCES:
			self.root.run("install", "-d", "-o", "unciad", "-g", "unciad", "-m", "700", f"{HOME}-{name}")
		homes = [HOME, *(f"{HOME}-{name}" for name in INSTANCES)]
		keys = [re.search(r"--validator (\S+)", self.unciad("keygen", "--home", home))[1] for home in homes]
		self.root.run("useradd", "--create-home", "alice")
		said = self.root.run("uncia", "--wallet", "/home/alice/w", "init", "--no-passphrase", "--json", user="alice")
		alice = re.search(r'"address":"(\w+)"', said)[1]
		self.unciad("genesis", "--name", "town", "--account", f"{alice}=1000", *(word for key in keys for word in ("--validator", key)),
			*(word for i in range(4) for word in ("--at", f"{i}=127.0.0.1:{ports + i}")), "--output", "/tmp/genesis", "--network", "/tmp/network.conf")
		path = self.root.path / "etc/unciad/unciad.conf"
		text = path.read_text().replace("listen = 0.0.0.0:7400", f"listen = 127.0.0.1:{ports}")
		path.write_text(text + "".join(f"[peer.{i}]\naddress = 127.0.0.1:{ports + i}\n" for i in (1, 2, 3)))
		self.unciad("init", "--home", HOME, "--genesis", "/tmp/genesis", "--first-start")
		for i, name in enumerate(INSTANCES, 1):
			peers = [word for j in range(4) if j != i for word in ("--peer", f"{j}=127.0.0.1:{ports + j}")]
			self.unciad("init", "--home", f"{HOME}-{name}", "--genesis", "/tmp/genesis", "--listen", f"127.0.0.1:{ports + i}", *peers, "--first-start")

	def pays(self):
		bob = self.root.run("uncia", "--wallet", "/home/alice/b", "address", "--json", user="alice")
		said = self.root.run("uncia", "--wallet", "/home/alice/w", "--network", "/tmp/network.conf", "send", re.search(r'"address":"(\w+)"', bob)[1],
			"0.50", "--json", user="alice")
		self.assertIn('"state":"final"', said)

	def newer(self, name):
		"""The same package, of the version after this one."""
		output("dpkg-deb", "-R", packages[name], self.dir / f"{name}-newer")
		control = self.dir / f"{name}-newer" / "DEBIAN" / "control"
		version = field(name, "Version")
		control.write_text(control.read_text().replace(f"Version: {version}", f"Version: {version}+1").replace(f"(= {version})", f"(= {version}+1)"))
		path = self.dir / f"{name}_newer.deb"
		output("dpkg-deb", "--root-owner-group", "-b", self.dir / f"{name}-newer", path)
		return path

	def private_files(self):
		return {name: value for name, value in self.root.files().items() if name.startswith("var/lib/unciad") and
			("key" in name or "genesis" in name or name.endswith("started"))}

	def check_installation(self):
		self.assertEqual(self.root.run("stat", "-c", "%U:%G %a", HOME), "unciad:unciad 700\n")
		self.assertIn("is not a validator's home", self.unciad("status", "--home", HOME, code=1))
		self.assertEqual(self.root.run("readlink", "-f", f"{HOME}/unciad.conf"), "/etc/unciad/unciad.conf\n")
		said = self.root.run("python3", "-c", "import uncia; print(uncia.__name__)")
		self.assertEqual(said, "uncia\n")

	def test_a_machine_from_the_first_installation_to_the_purge(self):
		if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
			self.skipTest("only root can make a root, and mmdebstrap has to be there")
		self.managers, self.starts = [], 0
		self.root = Root(self.dir / "root")
		self.root.make(self.needed())
		ours = [name for name in NAMES if name not in ("uncia-weechat", "uncia-purple", "libuncia-dev")]
		before = self.root.files()
		self.root.install(*(packages[name] for name in ours))
		self.check_installation()
		with self.subTest("purged at once, nothing is left"):
			self.root.run("dpkg", "--purge", *ours)
			self.left_behind(before, {})
		self.root.install(*(packages[name] for name in ours))
		self.make_network()
		self.root.run("uncia", "--wallet", "/home/alice/b", "init", "--no-passphrase", user="alice")
		for name in ("unciad", *(f"unciad@{instance}" for instance in INSTANCES)):
			self.start(name)
		self.all_vote()
		self.pays()
		private = self.private_files()
		self.assertEqual(len([name for name in private if name.endswith(".key")]), 8)
		self.root.install(*map(self.newer, ours))  # while they run
		self.stop()
		self.assertIn("[peer.3]", (self.root.path / "etc/unciad/unciad.conf").read_text())
		self.assertEqual(self.private_files(), private)
		for name in ("unciad", *(f"unciad@{instance}" for instance in INSTANCES)):
			self.start(name)
		self.all_vote()
		self.pays()
		self.stop()
		self.root.run("dpkg", "--remove", *ours)
		self.assertEqual(self.private_files(), private)
		self.assertTrue((self.root.path / "etc/unciad/unciad.conf").exists())
		self.root.run("dpkg", "--purge", *ours)
		self.assertEqual(self.private_files(), private)
		self.left_behind(before, {"home/alice", "var/lib/unciad", *(f"var/lib/unciad-{name}" for name in INSTANCES)})

	def test_the_image_of_the_container_file_has_a_validator_without_rights(self):
		"""No builder of images runs here: what makes the last stage is run in a root, and its program as its user."""
		if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
			self.skipTest("only root can make a root, and mmdebstrap has to be there")
		stage = (ROOT / ".packaging/Containerfile").read_text().split("\nFROM debian:bookworm-slim\n")[1]
		lines = [line.split(" ", 1) for line in stage.splitlines() if line and not line.startswith("#")]
		said = dict(lines)
		self.root = Root(self.dir / "image")
		self.root.make([])
		for instruction, text in lines:
			if instruction == "COPY":
				source, *patterns, target = text.split()
				self.assertEqual((source, target), ("--from=build", "/packages/"))
				for pattern in patterns:
					for path in packages["unciad"].parent.glob(pathlib.PurePath(pattern).name):
						shutil.copy2(path, self.root.path / "packages" / path.name)
			elif instruction == "RUN":
				self.root.run("sh", "-c", text)
		self.assertFalse((self.root.path / "packages").exists())
		self.assertEqual(said["USER"], "unciad")
		program, command = (json.loads(said[name]) for name in ("ENTRYPOINT", "CMD"))
		self.assertEqual(self.root.run("id", "-u", user="unciad"), "7400\n")
		self.assertIn("consensus key", self.root.run(*program, "keygen", "--home", said["VOLUME"], user="unciad"))
		self.assertIn("fill it with  unciad init", self.root.run(*program, *command, user="unciad", code=1))
		check = json.loads(said["HEALTHCHECK"].split("CMD ")[1])
		self.assertIn("fill it with  unciad init", self.root.run(*check, user="unciad", code=1))

	def left_behind(self, before, made):
		"""Nothing but these, with what is in them, is there that was not; and all that was is as it was."""
		after = self.root.files()
		more = {name for name in after if name not in before and not any(name == own or name.startswith(own + "/") for own in made)}
		self.assertEqual(more, set())
		changed = {name for name in before if after.get(name) != before[name] and not name.endswith("/__pycache__")}
		self.assertEqual(changed, set())


if __name__ == "__main__":
	unittest.main()
