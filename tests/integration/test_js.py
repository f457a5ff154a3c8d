"""The package for JavaScript: its tests in Node against a network, and its types. `./run js` makes the package."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from uncia import UnciaTest
from unciad import BIN

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGE = pathlib.Path(os.environ.get("UNCIA_JS", ROOT / "build-js" / "js"))
MODULES = "/usr/share/nodejs"  # Debian's


class JavaScript(UnciaTest):
	def test_wallets_in_node(self):
		self.start_devnet()
		environment = {**os.environ, "UNCIA_JS": str(PACKAGE), "UNCIA_NETWORK": str(self.dir / "net/network.conf"),
			"UNCIA": str(BIN / "uncia"), "UNCIA_TREASURY": str(self.dir / "net/treasury"), "UNCIA_WS": f"{MODULES}/ws",
			"UNCIA_SCRATCH": str(self.dir)}
		done = subprocess.run(["node", "--test", ROOT / "tests/js/scenarios.mjs"], env=environment, capture_output=True, text=True,
			timeout=600)
		self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
		self.assertRegex(done.stdout, r"pass [1-9]")

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
