"""What is measured against an aim: every figure by name, its aim, and the table that says which are met."""
import statistics

# name: what it is, unit, "<=" or ">=", aim; no aim: for information
FIGURES = {
    "payments_per_second": ("payments/s at full load", "", "", None),
    "signature_check_us": ("one signature check by libsodium", "µs", "", None),
    "cpu_ratio": ("processor per payment per validator, in signature checks, full load", "", "<=", 0.50),
    "throughput_ratio": ("payments/s at full load, of what all cores could check for every validator, one by one", "", ">=", 1.60),
    "signatures_at_once": ("signatures of payments that a thread took at once, full load", "", "", None),
    "plain_per_second": ("built --plain, signatures checked one by one: payments/s at full load", "", "", None),
    "plain_cpu_ratio": ("the same: processor per payment per validator, in signature checks", "", "<=", 1.30),
    "plain_throughput_ratio": ("the same: payments/s of what all cores could check", "", ">=", 0.72),
    "alone_per_second": ("one validator alone: payments/s", "", "", None),
    "alone_ratio": ("one validator alone: payments/s, of what all cores could check", "", "", None),
    "alone_beside_load_ratio": ("one validator alone: the same without the processor time that the load generator took", "", ">=", 2),
    "committee_7_ratio": ("7 validators: processor per payment per validator, in signature checks", "", "<=", 0.60),
    "committee_10_ratio": ("10 validators: the same", "", "<=", 0.60),
    "outputs_100_ratio": ("payments of 100 outputs: processor per payment per validator, in signature checks", "", "<=", 2.5),
    "payer_p50_ms": ("payer, nothing else running, from the call to the verified receipt: p50", "ms", "<=", 4),
    "payer_flush_ratio": ("the same, by four flushes of the disk and 1 ms", "", "<=", 2),
    "payer_p99_ms": ("payer, nothing else running: p99", "ms", "<=", 15),
    "payer_half_p50_ms": ("payer, while the network runs at 0.35 of what all cores could check one by one: p50", "ms", "<=", 12),
    "payer_half_p99_ms": ("the same: p99", "ms", "<=", 50),
    "latency_p99_ms": ("open loop, the worst of all rates up to 80 % of full load: p99", "ms", "<=", 150),
    "payer_delayed_p50_ms": ("payer with 50 ms one way between all parties: p50", "ms", "<=", 220),
    "idle_cpu_percent": ("idle network: processor of a validator", "% of a core", "<=", 0.5),
    "memory_mib": ("memory of a validator beside the page cache, full load", "MiB", "", None),
    "memory_1m_mib": ("the same with 1,000,000 accounts, without the cache of decoded keys", "MiB", "<=", 300),
    "key_cache_mib": ("the cache of decoded keys", "MiB", "", None),
    "written_bytes": ("written to disk per payment per validator, full load", "bytes", "", None),
    "written_1m_bytes": ("written to disk per payment per validator, full load, 1,000,000 accounts", "bytes", "<=", 1536),
    "accounts_1m_cpu_ratio": ("processor per payment with 1,000,000 accounts, of that with 100,000", "", "<=", 1.25),
    "accounts_10m_cpu_ratio": ("processor per payment with 10,000,000 accounts, of that with 100,000", "", "<=", 1.6),
    "accounts_1m_ratio": ("payments/s with 1,000,000 accounts, of those with 100,000", "", "", None),
    "accounts_10m_ratio": ("payments/s with 10,000,000 accounts, of those with 100,000", "", ">=", 0.6),
    "restart_1m_s": ("start of a validator with 1,000,000 accounts after kill -9, until it votes", "s", "<=", 3),
    "libuncia_kb": ("libuncia, shared and stripped, without libsodium", "KB", "<=", 400),
    "receipt_ratio": ("verifying a receipt, in signature checks, for each signature in it", "", "<=", 1),
    "wallet_cpu_percent": ("idle wallet: processor", "% of a core", "<=", 0.05),
    "wallet_mib": ("idle wallet, new: memory beyond that of the libraries alone", "MiB", "<=", 2),
    "home_balance_ratio": ("balance of a wallet with 2,000 payments, by one with two", "", "<=", 1.5),
    "home_history_ratio": ("history of the same", "", "<=", 1.5),
    "home_send_ratio": ("payment of the same", "", "<=", 1.5),
    "home_send_first_ratio": ("payment of the same to somebody new", "", "<=", 1.5),
    "watcher_kib": ("a wallet that watches, silent: memory of a validator", "KiB", "<=", 4),
    "watcher_told_p50_ms": ("from a payment to a watching payee, 10,000 watching, 200 payments/s: p50", "ms", "", None),
    "watcher_told_p99_ms": ("the same: p99", "ms", "", None),
    "flooded_ratio": ("payments/s at full load while one address sends wrong signatures, of those without", "", ">=", 0.7),
    "flooded_cpu_ratio": ("the same by the validators' processor alone: what a payment costs without, by what it costs with", "", ">=", 0.7),
    "flooded_p99_ratio": ("the same: how long a payment takes, p99, by that without", "", "", None),
    "chat_weechat_p50_ms": ("from /pay typed in one WeeChat to the other one showing the payment, over IRC: p50", "ms", "<=", 50),
    "chat_weechat_p99_ms": ("the same: p99", "ms", "", None),
    "chat_purple_p50_ms": ("from /pay typed in one client of libpurple to the other one showing the payment, over XMPP: p50", "ms", "<=", 50),
    "chat_purple_p99_ms": ("the same: p99", "ms", "", None),
    "wallet_payment_kib": ("idle wallet: memory for each payment that it has made", "KiB", "", None),
}


def digits(value):
    return round(value, 4 if abs(value) < 1 else 3 if abs(value) < 100 else 1)


class Figures:
    def __init__(self):
        self.values = {}

    def set(self, name, runs):
        """runs: one value or those of several runs, of which the median counts."""
        runs = list(runs) if isinstance(runs, (list, tuple)) else [runs]
        what, unit, relation, aim = FIGURES[name]
        value = statistics.median(runs)
        figure = {"what": what, "unit": unit, "value": digits(value), "min": digits(min(runs)), "max": digits(max(runs)),
                  "runs": len(runs)}
        if aim is not None:
            figure["aim"] = f"{relation} {aim}"
            figure["met"] = value <= aim if relation == "<=" else value >= aim
        self.values[name] = figure


def rows(figures):
    """Lines of a table: what, value, from min to max, aim, met."""
    for name in FIGURES:
        if name in figures:
            f = figures[name]
            span = f"{f['min']:g} … {f['max']:g}" if f["runs"] > 1 else ""
            yield f["what"], f"{f['value']:g} {f['unit']}".strip(), span, f.get("aim", ""), {True: "yes", False: "NO"}.get(f.get("met"), "")


def table(figures):
    lines = list(rows(figures))
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
