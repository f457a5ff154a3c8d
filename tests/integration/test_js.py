"""The package for JavaScript: its tests in Node against a network, and its types. `./run js` makes the package."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import clocks
from uncia import UnciaTest
from unciad import BIN, Devnet, free_ports

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGE = pathlib.Path(os.environ.get("UNCIA_JS", ROOT / "build-js" / "js"))
MODULES = "/usr/share/nodejs"  # Debian's


class JavaScript(UnciaTest):
	def run_node(self, scenarios, **more):
		environment = {**os.environ, "UNCIA_JS": str(PACKAGE), "UNCIA_NETWORK": str(self.dir / "net/network.conf"),
			"UNCIA": str(BIN / "uncia"), "UNCIA_TREASURY": str(self.dir / "net/treasury"), "UNCIA_WS": f"{MODULES}/ws",
			"UNCIA_SCRATCH": str(self.dir), **more}
		done = subprocess.run(["node", "--test", ROOT / "tests/js" / scenarios], env=environment, capture_output=True, text=True,
			timeout=600)
		self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
		self.assertRegex(done.stdout, r"pass [1-9]")

	def test_wallets_in_node(self):
		self.start_devnet()
		self.run_node("scenarios.mjs")

	@unittest.skipUnless(clocks.LIBRARIES, "libfaketime is not installed")
	def test_holds_in_node(self):
		clock = self.dir / "clock"
		net = Devnet(self.dir, clocks.under(clock, str(BIN / "unciad"), "devnet", "--dir", "net", "--base-port", str(free_ports(8)),
			"--smallest", "0.000001"), program="env")
		self.addCleanup(net.kill)
		self.assertTrue(net.first_line(120), net.errors())
		self.run_node("holds.mjs", UNCIA_CLOCK=str(clock))

	def test_where_memory_ends_in_node(self):
		self.start_devnet()
		self.run_node("memory.mjs")

	def test_an_older_node_is_told_its_version(self):
		(self.dir / "older.cjs").write_text('Object.defineProperty(process, "versions", { value: { ...process.versions, node: "16.20.2" } });')
		for options, said in (([], ""), (["--require", self.dir / "older.cjs"], "uncia needs Node 18 or newer, and this is Node 16.20.2")):
			done = subprocess.run(["node", *options, "--input-type=module", "-e", f"await import({json.dumps(str(PACKAGE / 'node.js'))})"],
				capture_output=True, text=True, timeout=60)
			self.assertEqual((done.returncode == 0, said in done.stderr), (not said, True), done.stderr)

	def test_types_hold(self):
		folder = self.dir / "types"
		shutil.copytree(PACKAGE, folder)
		shutil.copy(ROOT / "tests/js/types.ts", folder)
		(folder / "tsconfig.json").write_text(json.dumps({"files": ["types.ts"], "compilerOptions": {"noEmit": True, "strict": True,
			"target": "es2022", "module": "es2022", "moduleResolution": "node", "lib": ["es2022", "dom"], "types": []}}))
		done = subprocess.run(["tsc", "-p", "tsconfig.json"], cwd=folder, capture_output=True, text=True, timeout=120)
		self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
	unittest.main()
