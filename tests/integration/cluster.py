"""A PostgreSQL cluster of a test's own, reached by a socket in a directory of its own; nothing of it is left."""
import glob
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import time

SETTINGS = ["listen_addresses=", "fsync=on", "synchronous_commit=on", "logging_collector=off", "max_connections=40",
	"shared_buffers=64MB", "lc_messages=C"]


def programs():
	found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
	if not found:
		raise AssertionError("PostgreSQL is not installed: ./run test --scenes installs it")
	return pathlib.Path(found[-1]).parent


class Cluster:
	"""One server. It refuses to run as root: then it runs as postgres. data: where its files are, made if it is not there."""

	def __init__(self, settings=(), data=None):
		self.bin, self.settings, self.process = programs(), [*SETTINGS, *settings], None
		self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
		self.directory = pathlib.Path(tempfile.mkdtemp(prefix="uncia-pg-", dir="/tmp"))
		self.data = pathlib.Path(data) if data else self.directory / "data"
		if self.user:
			os.chown(self.directory, self.user.pw_uid, self.user.pw_gid)
			os.chmod(self.directory, 0o755)
			if data:
				os.chown(data, self.user.pw_uid, self.user.pw_gid)
		if not (self.data / "PG_VERSION").exists():
			self.run("initdb", "-D", self.data, "-U", "indexer", "-A", "trust", "--no-locale", "-E", "UTF8", "-N")
		self.connection = f"host={self.directory} port=5432 user=indexer dbname=postgres"

	def as_user(self, *command):
		prefix = ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"] if self.user else []
		return [*prefix, *map(str, command)]

	def run(self, program, *arguments, text=None):
		done = subprocess.run(self.as_user(self.bin / program, *arguments), input=text, stdout=subprocess.PIPE,
			stderr=subprocess.STDOUT, text=True, cwd=self.directory)
		if done.returncode:
			raise AssertionError(f"{program}: {done.stdout[-800:]}")
		return done.stdout

	def start(self):
		options = [text for setting in self.settings for text in ("-c", setting)]
		with open(self.directory / "log", "ab") as log:
			self.process = subprocess.Popen(self.as_user(self.bin / "postgres", "-D", self.data, "-k", self.directory, *options),
				stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory)
		deadline = time.monotonic() + 60
		while subprocess.run(self.as_user(self.bin / "pg_isready", "-q", "-h", self.directory, "-U", "indexer", "-d", "postgres")).returncode:
			if self.process.poll() is not None or time.monotonic() > deadline:
				raise AssertionError(f"PostgreSQL does not start: {(self.directory / 'log').read_text()[-1500:]}")
			time.sleep(0.05)
		return self

	def sql(self, text):
		return self.run("psql", "-h", self.directory, "-U", "indexer", "-d", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1", "-f",
			"-", text=text).strip()

	def stop(self, hard=False):
		if self.process and self.process.poll() is None:
			if hard:
				self.process.kill()
				self.process.wait(60)
				self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop") if (self.data / "postmaster.pid").exists() and \
					self.alive() else None
			else:
				self.process.send_signal(2)  # fast: sessions are ended
				self.process.wait(60)
		self.process = None

	def alive(self):
		pid = int((self.data / "postmaster.pid").read_text().split()[0])
		return os.path.exists(f"/proc/{pid}")

	def close(self):
		self.stop()
		shutil.rmtree(self.directory, ignore_errors=True)
