#!/usr/bin/env python3
"""What ./run demo shows: four validators, two wallets, 0.50 from one to the other, its receipt verified offline, one
validator lost and paid again. Usage: demo.py BIN. Leaves nothing running and nothing behind."""
import json
import os
import signal
import subprocess
import sys
import tempfile


class Demo:
    def __init__(self, bin_dir, directory):
        self.bin = bin_dir
        self.dir = directory
        self.network = os.path.join(directory, "net", "network.conf")
        self.step_number = 0

    def step(self, text):
        self.step_number += 1
        print(f"\n{self.step_number}. {text}", flush=True)

    def uncia(self, wallet, *words, json_output=True):
        command = [f"{self.bin}/uncia", "--wallet", os.path.join(self.dir, wallet), "--network", self.network, *words]
        print("   $ uncia --wallet", wallet, *[w if len(w) < 60 else w[:40] + "…" for w in words], flush=True)
        if not json_output:
            subprocess.run(command, check=True)
            return None
        out = subprocess.run(command + ["--json"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return json.loads(out.stdout.strip().splitlines()[-1])

    def send(self, sender, address, amount):
        result = self.uncia(sender, "send", address, amount)
        assert result["state"] == "final", result
        print(f"     final in {result['elapsed_ms']:.1f} ms, in block {result['height']}")
        return result

    def show_balances(self):
        for name in ("alice", "bob"):
            print(f"     {name}: {self.uncia(name, 'balance')['balance']}")

    def run(self, devnet):
        ready = json.loads(devnet.stdout.readline() or sys.exit("demo: the network did not start"))
        for v in ready["validators"]:
            print(f"   validator on port {v['port']}, process {v['pid']}")
        self.step("Two wallets; the treasury gives Alice 10.")
        for name in ("alice", "bob"):
            self.uncia(name, "init", "--no-passphrase")
        alice = self.uncia("alice", "address")["address"]
        bob = self.uncia("bob", "address")["address"]
        self.send("net/treasury", alice, "10")
        self.step("Alice sends Bob 0.50.")
        payment = self.send("alice", bob, "0.50")
        self.show_balances()
        self.step("The receipt, verified offline: with the network file alone, no validator asked.")
        verified = self.uncia("bob", "receipt", "verify", payment["receipt"])
        print(f"     {len(payment['receipt'])} characters; payment {verified['id'][:16]}… of block {verified['height']} holds")
        self.step("One validator is killed; Alice pays again.")
        os.kill(ready["validators"][3]["pid"], signal.SIGKILL)
        self.send("alice", bob, "0.25")
        self.show_balances()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="uncia-demo-") as directory:
        demo = Demo(os.path.abspath(sys.argv[1]), directory)
        demo.step("Four validators on this machine.")
        devnet = subprocess.Popen([f"{demo.bin}/unciad", "devnet", "--dir", os.path.join(directory, "net")],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            demo.run(devnet)
        finally:
            devnet.send_signal(signal.SIGTERM)
            devnet.wait(timeout=30)
        demo.step("Stopped in order; nothing is left running.")


if __name__ == "__main__":
    main()
