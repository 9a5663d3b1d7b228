"""The script and upsertd in turn, on the same file, against the same sink."""

import dataclasses
import statistics

import data
from processes import Daemon, Sink, append_rate, script


@dataclasses.dataclass
class Row:
    """One line of the table."""

    work: str
    script: str
    upsertd: str
    result: str
    goal: str
    met: bool


def spread(values, form="{:.2f}"):
    """Median, with the extremes where there are several."""
    text = form.format(statistics.median(values))
    return text if len(values) == 1 else f"{text} ({form.format(min(values))}–{form.format(max(values))})"


@dataclasses.dataclass
class Pair:
    """CPU seconds, wall seconds and peak MB of both."""

    script: tuple
    daemon: tuple


def daemon_once(bench, path, records, dimension, wire, delay=0):
    """From drop to the last acknowledgement and an empty queue; the CPU of its whole life."""
    sink = Sink(bench.sink, bench.port, delay)
    daemon = Daemon(bench.binaries, bench.directory, bench.port, dimension, wire)
    start = daemon.drop(path)
    sink.wait(records)
    wall = daemon_seconds(daemon, records, start)
    peak = daemon.memory()
    bench.stages = daemon.status().get("stages")
    cpu = daemon.stop()
    sink.stop()
    return cpu, wall, peak


def daemon_seconds(daemon, records, start):
    import time

    daemon.empty(records, poll=0.02)
    return time.monotonic() - start


def run_pairs(bench, path, records, dimension, wire):
    pairs = []
    for number in range(bench.pairs):
        sink = Sink(bench.sink, bench.port)
        ours = script(wire, path, sink)
        if sink.vectors != records:
            raise RuntimeError(f"the sink counted {sink.vectors} vectors of {records}")
        sink.stop()
        pair = Pair(ours, daemon_once(bench, path, records, dimension, wire))
        pairs.append(pair)
        bench.say(f"  pair {number + 1}: script {pair.script[0]:.2f} CPU s, {pair.script[1]:.1f} s, {pair.script[2]:.0f} MB; "
                  f"upsertd {pair.daemon[0]:.2f} CPU s, {pair.daemon[1]:.1f} s, {pair.daemon[2]:.0f} MB; "
                  f"ratio {pair.daemon[0] / pair.script[0]:.3f}")
    return pairs


def cpu_row(work, pairs, records, goal, must=None):
    """The CPU of both a record, and the ratio of each pair."""
    micro = 1e6 / records
    ratios = [pair.daemon[0] / pair.script[0] for pair in pairs]
    text = f"≤ {goal:.2f}" + (f", at least ≤ {must:.2f}" if must else "")
    return Row(work, spread([p.script[0] * micro for p in pairs], "{:.1f}") + " µs/record",
               spread([p.daemon[0] * micro for p in pairs], "{:.1f}") + " µs/record",
               spread(ratios), text, statistics.median(ratios) <= goal)


def compare(bench, work, path, records, dimension, wire, goal, must=None):
    pairs = run_pairs(bench, path, records, dimension, wire)
    return cpu_row(work, pairs, records, goal, must), pairs


def memory_row(pairs, size):
    """Peak memory of the pairs, for a file of `size` bytes."""
    peaks = [pair.daemon[2] for pair in pairs]
    return Row(f"peak RSS, {size / 1e9:.2f} GB file", spread([p.script[2] for p in pairs], "{:.0f}") + " MB",
               spread(peaks, "{:.0f}") + " MB", "", "≤ 64 MB", statistics.median(peaks) <= 64)


def wall_row(bench, pairs, records, payload_bytes):
    """Throughput without delay, against the script and against what the disk takes."""
    appends = [append_rate(bench.directory, payload_bytes) / (payload_bytes / records) for _ in range(3)]
    ours = [records / pair.daemon[1] for pair in pairs]
    theirs = [records / pair.script[1] for pair in pairs]
    bound = min(2.5 * statistics.median(theirs), 0.8 * statistics.median(appends))
    return Row("wall throughput, no delay", spread(theirs, "{:,.0f}") + " rec/s", spread(ours, "{:,.0f}") + " rec/s",
               f"{statistics.median(ours) / statistics.median(theirs):.2f} ×; durable append "
               f"{statistics.median(appends):,.0f} rec/s",
               f"≥ 2.5 ×, or 80 % of the append rate: {bound:,.0f} rec/s", statistics.median(ours) >= bound)


def delay_row(bench, records, dimension):
    """Throughput with a server that takes 100 ms to answer, each run beside one with a server that takes none.

    Long enough that the first and the last answer, for which nothing can be sent meanwhile, weigh little.
    """
    path = data.write(bench.directory / "long.ndjson", records, dimension)
    quick, slow = [], []
    for _ in range(bench.pairs):
        for rates, delay in ((quick, 0), (slow, 100)):
            rates.append(records / daemon_once(bench, path, records, dimension, "grpc", delay=delay)[1])
    path.unlink()
    shares = [100 * b / a for a, b in zip(quick, slow)]
    return Row(f"wall throughput, {records:,} × {dimension}-d, 100 ms server delay", "", spread(slow, "{:,.0f}") + " rec/s",
               f"{spread(shares, '{:.0f}')} % of no delay", "≥ 90 %", statistics.median(shares) >= 90)
