#!/usr/bin/env python3
"""What ./run demo shows: four validators, two wallets, 0.50 from one to the other, its receipt verified offline, one
validator lost and paid again. Usage: demo.py BIN. Leaves nothing running and nothing behind."""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile


PORTS = 8  # a validator's for others and its one for browsers


def base_port():
    """devnet's own, or the next ones that nobody listens on."""
    for base in range(7400, 8400, PORTS):
        listeners = []
        try:
            for port in range(base, base + PORTS):
                listeners.append(socket.create_server(("127.0.0.1", port)))
            return base
        except OSError:
            pass
        finally:
            for listener in listeners:
                listener.close()
    sys.exit("demo: there are no eight free ports from 7400 to 8399")


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
        line = devnet.stdout.readline()
        if not line:
            devnet.wait()
            with open(os.path.join(self.dir, "errors")) as said:
                sys.exit(f"demo: the network did not start: {said.read().strip()}")
        ready = json.loads(line)
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
        with open(os.path.join(directory, "errors"), "w") as errors:
            devnet = subprocess.Popen([f"{demo.bin}/unciad", "devnet", "--dir", os.path.join(directory, "net"),
                                       "--base-port", str(base_port())], stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            demo.run(devnet)
        finally:
            devnet.send_signal(signal.SIGTERM)
            devnet.wait(timeout=30)
        demo.step("Stopped in order; nothing is left running.")


if __name__ == "__main__":
    main()
