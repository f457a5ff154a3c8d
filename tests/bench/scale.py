"""A validator of a network for everybody: worked out from what was measured, by the formulae beside each row. Nothing of it
was run."""
ACCOUNTS = 3_000_000_000
RATES = (20_000, 200_000)  # payments a second
COMMITTEE = 10
DAY = 86_400
PAYMENT_RECORD = 32 + 36 + 13 + 10  # in the state: id; its place and those before it; the record's head; LMDB's
PAGE_FILL = 0.69  # of a page of a table that grows at random
KEPT = 2  # layers of changes: the one that is written, and the one that grows
FLUSH_TOUCHES = 196_608  # node/replica/replica_state.h
TOUCH_BYTES = 900  # a group's copy, and half of a payment's record
GIB = 2**30


def of_loop(result, accounts):
    """The loop of four validators with about so many accounts and blocks of some hundreds."""
    fitting = [c for c in result.get("loop", []) if c["validators"] == 4 and 300 <= c["block"] <= 1000]
    return min(fitting, key=lambda c: abs(c["accounts"] - accounts), default=None)


def check_us(result, keys):
    found = [value for name, (value, _) in result.get("parts", {}).items() if "32 at once, keys " + keys in name]
    return found[0] if found else None


def memory_per_account(result):
    """Between the largest two sizes that were measured: what does not follow from the load."""
    sizes = {row["accounts"]: row["memory_mib"]["median"] for row in result.get("accounts_series", [])}
    if "hundred_million" in result:
        sizes[result["hundred_million"]["accounts"]] = result["hundred_million"]["full"]["memory_mib"]["median"]
    if len(sizes) < 2:
        return None
    small, large = sorted(sizes)[-2:]
    return (sizes[large] - sizes[small]) * 2**20 / (large - small), small, large


def amount(value, unit):
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}" if value >= 1 else f"{value:.2g} {unit}"


class Scale:
    """The lines of the table: what, how it follows, for each rate, what would have to change."""

    def __init__(self, result):
        self.result = result
        self.lines = []
        self.huge = result.get("hundred_million")

    def row(self, what, formula, values, change):
        self.lines.append([what, formula, *values, change])

    def processor(self):
        loop, new = of_loop(self.result, 1_000_000), check_us(self.result, "new")
        full, small = self.result.get("full"), of_loop(self.result, 100_000)
        if new:
            self.row("signature checks", f"{new:.1f} µs each, 32 at once, keys decoded anew: of {ACCOUNTS:,} accounts few payers are "
                     "among the 65,536 that are kept", [amount(rate * new / 1e6, "cores") for rate in RATES],
                     "nothing: they are independent of each other. A larger cache, 200 bytes a key, saves a fifth")
        if loop:
            self.row("loop, one thread", f"{loop['us']:.1f} µs, with {loop['accounts']:,} accounts",
                     [amount(rate * loop["us"] / 1e6, "of one core") for rate in RATES],
                     "above 1 it is divided: decoding, hashing, looking up and the pool by sender on threads of their own, "
                     "digests of groups on several; execution and order stay")
        known = check_us(self.result, "known")
        if full and small and known:
            rest = full["cpu_us_per_payment_per_validator"]["median"] - known - small["us"]
            self.row("sockets, links, the two storage threads, what caches cost",
                     f"{rest:.1f} µs: all that was measured at full load, without the two above",
                     [amount(rate * rest / 1e6, "cores") for rate in RATES],
                     f"links are sealed and opened by the loop's thread{self.links(small)}: on threads of their own")

    def links(self, loop):
        """What of it that is, by the part that seals and opens a payment."""
        part = self.result.get("parts", {}).get("link: a payment sealed and opened")
        if not part:
            return ""
        through = sum(loop["bytes"][way] for way in ("received", "sent", "answered")) / loop["bytes"]["journal"]
        return f", {through * part[0] / 2:.1f} µs of these"

    def memory(self):
        measured = memory_per_account(self.result)
        if measured:
            each, small, large = measured
            self.row("memory: digests of the state tree, places of changed groups",
                     f"{each:.0f} bytes an account, between {small:,} and {large:,}", [amount(each * ACCOUNTS / GIB, "GiB")] * 2,
                     "the lowest two levels of digests, 15 of 16, on the disk beside their groups, read with them: a tenth")
        bounded = KEPT * FLUSH_TOUCHES * TOUCH_BYTES
        every = [amount(FLUSH_TOUCHES / (2 * rate), "s") for rate in RATES]
        self.row("memory: changes that are not stored", f"{KEPT} layers, each handed over at {FLUSH_TOUCHES:,} entries touched, "
                 f"{TOUCH_BYTES} bytes each: every {every[0]} and every {every[1]}", [amount(bounded / GIB, "GiB")] * 2,
                 "more memory for longer flushes, which write a page once for many changes")

    def disk(self):
        if self.huge:
            state = self.huge["making"]["state"] / self.huge["accounts"]
            self.row("disk: state", f"{state:.0f} bytes an account, of {self.huge['accounts']:,} created in the order of their addresses: at random, the "
                     "table that finds them has fuller pages, some 30 bytes less",
                     [amount(state * ACCOUNTS / GIB, "GiB")] * 2, "nothing")
            self.row("start after kill -9, page cache cold", f"{self.huge['start']['cold_s']:.0f} s with {self.huge['accounts']:,}: every "
                     "group is read, its checksum looked at, and hashed", [amount(
                         self.huge["start"]["cold_s"] * ACCOUNTS / self.huge["accounts"] / 60, "minutes")] * 2,
                     "the digests stored with the state, read instead of made; or made by all cores")
        loop = of_loop(self.result, 1_000_000)
        if loop:
            self.row("disk: journal, a day", f"{loop['bytes']['journal']:.0f} bytes a payment",
                     [amount(rate * loop["bytes"]["journal"] * DAY / GIB, "GiB") for rate in RATES],
                     "blocks older than some weeks kept by archives: receipts are with wallets, catching up begins from a state "
                     "that a committee has signed")
        record = PAYMENT_RECORD / PAGE_FILL
        self.row("disk: index of payments, a day", f"{record:.0f} bytes a payment: {PAYMENT_RECORD} in pages {PAGE_FILL:.0%} full",
                 [amount(rate * record * DAY / GIB, "GiB") for rate in RATES],
                 "to refuse a payment that was made before, its id has to be known until it expires, an hour; histories go with "
                 "the blocks")
        if self.huge:
            written = self.huge["full"]["written_bytes_per_payment_per_validator"]["median"]
            self.row("disk: written", f"{written:,.0f} bytes a payment, with {self.huge['accounts']:,} accounts: a page of 4 KiB for each "
                     "group that is touched, and its table's", [amount(rate * written / 1e6, "MB/s") for rate in RATES],
                     "entries in a log, found by an index that is merged from time to time, in place of pages that are written "
                     "anew: some 200 bytes a payment")

    def network(self):
        loop = of_loop(self.result, 1_000_000)
        if not loop:
            return
        size = loop["bytes"]["journal"]
        for count in (COMMITTEE, 100):
            faulty = (count - 1) // 3
            out = [rate * (size * (count - 1) / count + 8 * (count - 1) / count) / 125_000 for rate in RATES]
            self.row(f"network out, {count} validators", f"{size:.0f} bytes a payment to each other one by the validator that has it from "
                     f"the wallet, 8 by the leader: (n - 1) / n of both; wallets that send to F + 1 = {faulty + 1} at once, up to "
                     "as many times", [f"{amount(one, 'Mbit/s')} to {amount(one * (faulty + 1), 'Mbit/s')}" for one in out],
                     "wallets that wait a moment before they send to the next validator" if count == COMMITTEE else
                     "the leader's burst of 8 bytes a payment to everybody: a tree of relays, or blocks in coded pieces")

    def table(self):
        self.processor()
        self.memory()
        self.disk()
        self.network()
        return self.lines


HEADS = ["", "how it follows", *(f"{rate:,} payments/s" for rate in RATES), "what would have to change"]


def lines(result):
    """Of the table; none where neither the loop nor many accounts were measured."""
    return Scale(result).table() if result.get("loop") or result.get("hundred_million") else []
