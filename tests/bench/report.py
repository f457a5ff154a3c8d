#!/usr/bin/env python3
"""Writes what was measured into docs/performance.md, between its two marks, and draws the chart beside it.

Usage: report.py RESULT.json, as ./run bench --save leaves it. Whatever it has no result for is left out."""
import json
import pathlib
import subprocess
import sys

import scale
from figures import rows

DOCS = pathlib.Path(__file__).resolve().parent.parent.parent / "docs"
BEGIN, END = "<!-- results: written by tests/bench/report.py -->", "<!-- end of results -->"
CHART = "performance.svg"
COUNTS = {"validators", "accounts", "outputs", "links", "copies", "clients", "standbys", "transfers_a_call"}


def number(value):
    if isinstance(value, dict):
        return number(value["median"])
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}"


def span(value):
    """Median, and the extremes of several runs where they differ."""
    if not isinstance(value, dict) or value["min"] == value["max"]:
        return number(value)
    return f"{number(value)} ({number(value['min'])} … {number(value['max'])})"


def markdown(heads, lines):
    out = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    return out + ["| " + " | ".join(line) + " |" for line in lines] + [""]


def about(result):
    """Which machine and revision; parts that were measured together in one sentence."""
    together = {}
    for part, a in result["about"].items():
        m = a["machine"]
        cpu = ", ".join(filter(None, [m["cpu"], m.get("vectors")]))
        key = (f"{m['cores']} processors ({cpu}), {m['memory_gib']:g} GiB of memory, Linux {m['kernel']}, "
               f"a disk that flushes 4 KiB in {m['fdatasync_ms']:.2f} ms; revision "
               f"{a['revision']}, {a['date']}; {a['runs']} runs of {a['seconds']:g} s each, load of the machine before "
               f"{m['load_before']:.1f}")
        together.setdefault(key, []).append(part)
    return [f"{', '.join(parts)}: {key}.\n" for key, parts in together.items()]


def figures(result):
    lines = list(rows(result.get("figures", {})))
    return ["### Against the aims\n", *markdown(["", "median", "least … most", "aim", "met"], lines)] if lines else []


FULL = [("payments/s", "tps"), ("µs a payment and validator", "cpu_us_per_payment_per_validator"),
        ("in signature checks", "cpu_ratio"), ("of the bound", "throughput_ratio")]


def series(result, name, title, heads, more=()):
    if not result.get(name):
        return []
    columns = [*heads, *FULL, *more]
    lines = []
    for row in result[name]:
        cells = []
        for _, key in columns:
            value = row
            for step in key.split("."):
                value = value[step]
            cells.append(number(value) if key in COUNTS else span(value))
        lines.append(cells)
    return [f"### {title}\n", *markdown([head for head, _ in columns], lines)]


def builds(result):
    """The two builds that base measures in turn, and how many signatures were taken at once."""
    lines = []
    for name, of in (("in batches", result.get("full")), ("one by one (--plain)", result.get("plain"))):
        if of and "checks" in of:
            lines.append([name, *(span(of[key]) for _, key in FULL), number(of["checks"]["signatures_at_once"]),
                          number(of["checks"]["votes_at_once"]), number(of["checks"]["key_mib"]), span(of["memory_mib"])])
    heads = ["signatures are checked", *(head for head, _ in FULL), "payments' at once", "votes' at once", "decoded keys, MiB",
             "MiB beside the page cache"]
    return ["### With the batch of signature checks, and without\n", *markdown(heads, lines)] if lines else []


def loop(result):
    """One column for each committee: what steps take, and what they go through."""
    columns = result.get("loop", [])
    if not columns:
        return []
    heads = ["", *(f"{c['validators']} validators, {c['accounts']:,} accounts, blocks of {c['payments_a_block']:.0f}" for c in columns)]
    lines = [["**all**", *(f"**{c['us']:.2f} ({c['checks']:.3f})**" for c in columns)],
             ["payments/s that one such thread orders", *(number(float(c["payments_per_second"])) for c in columns)]]
    for kind in ("steps", "sections"):
        names = list(dict.fromkeys(name for c in columns for name in c[kind]))
        lines.append(["*a step for*" if kind == "steps" else "*of which*", *("" for _ in columns)])
        for name in names:
            lines.append([name, *(f"{c[kind][name]['us']:.2f} ({c[kind][name]['checks']:.3f})" if name in c[kind] else ""
                                  for c in columns)])
    lines.append(["bytes: received, sent, in answers, journaled", *(", ".join(
        number(round(c["bytes"][name])) for name in ("received", "sent", "answered", "journal")) for c in columns)])
    return ["### The loop by itself\n", "Microseconds of one thread a payment, and in signature checks of the same run.\n",
            *markdown(heads, lines)]


def latency(result):
    if not result.get("latency_series"):
        return []
    lines = [[number(r["rate"]), span(r["tps"]), span(r["p50_ms"]), span(r["p90_ms"]), span(r["p99_ms"]), span(r["p999_ms"]),
              number(r["refused"])] for r in result["latency_series"]]
    return ["### Latency against throughput\n", *markdown(
        ["sent/s", "final/s", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "refused or given up"], lines)]


def beside(result):
    if "postgres" not in result:
        return []
    columns = ["standbys", "transfers_a_call", "clients", "tps", "cpu_us_per_transfer", "p50_ms", "p99_ms"]
    lines = [[number(r[c]) if c in COUNTS else span(r[c]) for c in columns] for r in result["postgres"]["series"]]
    return [f"### PostgreSQL {result['postgres']['version'].split()[0]} beside it\n",
            *markdown(["standbys", "transfers a call", "clients", "transfers/s", "µs of all servers a transfer", "p50 ms a call",
                       "p99 ms a call"], lines)]


def parts(result):
    if "parts" not in result:
        return []
    return ["### The parts by themselves\n",
            *markdown(["", ""], [[name, f"{value:,.2f} {unit}"] for name, (value, unit) in result["parts"].items()])]


def others(result):
    lines = []
    if "payer" in result:
        lines.append(["payer alone (libuncia)", result["payer"]["latency_ms"]])
        lines.append(["the same below libuncia", result["single_ms"]])
        lines.append(["payer at half load", result["half"]["payer"]["latency_ms"]])
    if "delay" in result:
        lines.append([f"payer, {result['delay']['delay_ms']} ms one way", result["delay"]["payer"]["latency_ms"]])
        lines.append(["the same below libuncia", result["delay"]["single_ms"]])
    for row in result.get("committee_series", []):
        lines.append([f"one at a time, {row['validators']} validators (below libuncia)", row["single_ms"]])
    if not lines:
        return []
    keys = ["mean", "p50", "p90", "p99", "max"]
    return ["### One payment at a time\n",
            *markdown(["ms", *keys], [[name, *(number(values[k]) for k in keys)] for name, values in lines])]


def gap(result):
    if "gap" not in result:
        return []
    names = [("MiB missed", "mib"), ("blocks", "blocks"), ("seconds", "seconds"), ("MiB beside the page cache", "memory_mib"),
             ("with mapped files", "mapped_too_mib"), ("longest that the height stood, s", "stood_s")]
    return ["### Catching up\n", *markdown([head for head, _ in names], [[number(result["gap"][key]) for _, key in names]])]


def watchers(result):
    if "watchers" not in result:
        return []
    w = result["watchers"]
    names = ["wallets", "KiB each, silent", "KiB each, after payments", "processor while nothing comes, %", "payments/s",
             "told p50 ms", "told p99 ms", "receipt p50 ms", "receipt p99 ms", "bytes told"]
    values = [w["watchers"], w["kib_per_watcher"], w["kib_per_watcher_after"], w["idle_cpu_percent"], w["rate"], w["push_ms"]["p50"],
              w["push_ms"]["p99"], w["receipt_ms"]["p50"], w["receipt_ms"]["p99"], w["push_bytes"]]
    return ["### Wallets that watch\n", *markdown(names, [[number(value) for value in values]])]


def hundred_million(result):
    h = result.get("hundred_million")
    if not h:
        return []
    making, full, start = h["making"], h["full"], h["start"]
    lines = [
        ["created by payments of 255 outputs, in the order of their addresses: minutes", number(making["seconds"] / 60)],
        ["accounts created a second", number(h["accounts"] / making["seconds"])],
        ["written meanwhile, GiB", number(making["written"] / 2**30)],
        ["state on the disk, GiB; bytes an account", f"{number(making['state'] / 2**30)}; {number(making['state'] / h['accounts'])}"],
        ["journal on the disk, GiB", number(making["journal"] / 2**30)],
        ["memory beside the page cache, the most while they were created, MiB", number(making["memory_mib"])],
        ["the same at full load, MiB", span(full["memory_mib"])],
        *([head + " at full load", span(full[key])] for head, key in FULL),
        ["bytes written a payment", span(full["written_bytes_per_payment_per_validator"])],
        ["start after kill -9 behind 20 s of full load, until it votes: s", number(start["warm_s"])],
        ["the same with nothing in the page cache: s", number(start["cold_s"])],
    ]
    return [f"### One validator with {h['accounts']:,} accounts\n", *markdown(["", ""], lines)]


def to_scale(result):
    lines = scale.lines(result)
    return [f"### To the scale of the internet, worked out: {scale.ACCOUNTS:,} accounts\n", *markdown(scale.HEADS, lines)] if lines else []


def floods(result):
    if "floods" not in result:
        return []
    f = result["floods"]
    return ["### Wrong signatures of one address\n",
            *markdown(["", "payments/s", "p50 ms", "p99 ms", "wrong ones sent/s", "links made/s", "processors that the flood took", "µs a payment and validator"],
                      [[name, span(f[key]["tps"]), span(f[key]["p50_ms"]), span(f[key]["p99_ms"]), span(f[key]["sent_per_second"]),
                        span(f[key]["links_per_second"]), span(f[key]["flood_cpu"]),
                        span(f[key]["cpu_us_per_payment_per_validator"])] for name, key in (("without", "without"), ("with", "flooded"))])]


def tables(result):
    """All but the figures."""
    return "\n".join([
        *builds(result), *latency(result), *others(result), *loop(result),
        *series(result, "accounts_series", "Accounts", [("accounts", "accounts")],
                [("MiB beside the page cache", "memory_mib"), ("bytes written a payment and validator",
                 "written_bytes_per_payment_per_validator"), ("restart s", "restart_s")]),
        *series(result, "committee_series", "Validators", [("validators", "validators")]),
        *series(result, "outputs_series", "Outputs of a payment", [("outputs", "outputs")]),
        *series(result, "wallets_series", "Links, and copies of each payment", [("links", "links"), ("copies", "copies")],
                [("µs a payment in the generator", "load_cpu_us_per_payment")]),
        *hundred_million(result), *gap(result), *watchers(result), *floods(result), *beside(result), *parts(result), *to_scale(result)])


def results(result):
    chart = [f"![Latency against throughput]({CHART})\n"] if result.get("latency_series") else []
    return "\n".join([*about(result), *figures(result), *chart, tables(result)])


def curve(lines, x, y):
    return "\n".join(f"{r[x]['median']} {r[y]['median']}" for r in lines)


def draw(result, path):
    """The chart, by gnuplot: throughput across, latency upwards, both as measured."""
    lines = result["latency_series"]
    blocks, plots = [], []
    for name, color, dash, data in (
            ("p50", "#1f4e8c", 1, curve(lines, "tps", "p50_ms")), ("p99", "#6fa8dc", 1, curve(lines, "tps", "p99_ms"))):
        blocks.append((f"$d{len(blocks)}", data))
        plots.append(f"$d{len(blocks) - 1} with linespoints lw 2 pt 7 ps 0.6 dt {dash} lc rgb '{color}' title 'Uncia, {name}'")
    for standbys, color in ((0, "#b0b0b0"), (3, "#d98032")):
        data = [r for r in result.get("postgres", {}).get("series", [])
                if r["standbys"] == standbys and r["transfers_a_call"] == 1]
        if data:
            blocks.append((f"$d{len(blocks)}", curve(data, "tps", "p50_ms")))
            plots.append(f"$d{len(blocks) - 1} with linespoints lw 1.5 pt 5 ps 0.6 dt 2 lc rgb '{color}' "
                         f"title 'PostgreSQL, {standbys or 'no'} standbys, p50'")
    right = max(float(line.split()[0]) for _, data in blocks for line in data.splitlines())
    full = result.get("full")
    bound = ""
    if full:
        most = result["about"]["base"]["machine"]["cores"] / (result["validators"] * full["verify_us"]["median"] * 1e-6)
        right = max(right, most)
        bound = (f"set arrow from first {most}, graph 0 to first {most}, graph 1 nohead dt 3 lc rgb '#808080'\n"
                 f"set label 'signatures alone' at first {most}, graph 0.97 right offset -0.7,0 tc rgb '#808080'\n")
    script = (f"set terminal svg size 880,500 font 'sans-serif,13' background '#ffffff'\nset output '{path}'\n"
              "set logscale y\nset grid ytics lc rgb '#e6e6e6'\nset border 3 lc rgb '#808080'\nset tics nomirror\n"
              "set xlabel 'payments a second'\nset ylabel 'milliseconds'\n"
              f"set xrange [0:{right * 1.04}]\n"
              "set key left top Left reverse\n" + bound
              + "".join(f"{name} << EOD\n{data}\nEOD\n" for name, data in blocks) + "plot " + ", ".join(plots) + "\n")
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def main():
    if sys.argv[1:] in (["--help"], ["-h"]):
        print(__doc__)
        return
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        result = json.loads(pathlib.Path(sys.argv[1]).read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"report: {sys.argv[1]}: {error}: it is to be what ./run bench --save has left")
    if not isinstance(result, dict) or not result.get("about"):
        sys.exit(f"report: {sys.argv[1]} has no measurements: it is to be what ./run bench --save has left")
    page = DOCS / "performance.md"
    text = page.read_text()
    if BEGIN not in text or END not in text:
        sys.exit(f"report: {page} has lost its marks")
    head, rest = text.split(BEGIN, 1)
    page.write_text(f"{head}{BEGIN}\n{results(result)}\n{END}{rest.split(END, 1)[1]}")
    if result.get("latency_series"):
        draw(result, DOCS / CHART)


if __name__ == "__main__":
    main()
