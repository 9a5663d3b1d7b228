"""What only upsertd does: latency, many files, the outbox, overwriting, idling."""

import sqlite3
import statistics
import subprocess
import sys
import time
import uuid

import data
from pairs import Row, spread
from processes import Daemon, Sink


def latency_row(bench, drops):
    """A one-record file in an idle daemon: from its rename until the server has acknowledged it."""
    sink = Sink(bench.sink, bench.port)
    daemon = Daemon(bench.binaries, bench.directory, bench.port, 768, settings="linger: 0ms")
    record = next(data.lines(1, 768))
    times = []
    for number in range(drops):
        start = daemon.drop_bytes(record, f"one-{number:05d}.ndjson")
        sink.wait(number + 1)
        times.append((time.monotonic() - start) * 1000)
        time.sleep(0.05)  # idle again
    daemon.empty(drops)
    daemon.stop()
    sink.stop()
    times = sorted(times[1:])  # the first one connects
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99) - 1]
    return Row("one-record file, drop → acknowledged, idle", "", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
               f"{drops} drops, longest {times[-1]:.1f} ms", "p50 ≤ 15 ms, p99 ≤ 60 ms", p50 <= 15 and p99 <= 60)


def many_files_row(bench, files, records_per_file, dimension):
    """Many small files against one file with the same records."""
    records = files * records_per_file
    blocks = list(data.lines(records, dimension, block=records_per_file))
    path = bench.directory / "one.ndjson"
    path.write_bytes(b"".join(blocks))
    one, many = [], []
    for _ in range(bench.pairs):
        for costs, drop in ((one, lambda d: d.drop(path)), (many, lambda d: drop_all(d, blocks))):
            sink = Sink(bench.sink, bench.port)
            daemon = Daemon(bench.binaries, bench.directory, bench.port, dimension)
            drop(daemon)
            daemon.empty(records)
            costs.append(daemon.stop())
            sink.stop()
    path.unlink()
    ratios = [b / a for a, b in zip(one, many)]
    micro = 1e6 / records
    return Row(f"{files:,} files × {records_per_file}, {dimension}-d", "", spread([c * micro for c in many], "{:.1f}") + " µs/record",
               f"{spread(ratios)} × one file", "≤ 1.5 ×", statistics.median(ratios) <= 1.5)


def drop_all(daemon, blocks):
    for number, block in enumerate(blocks):
        daemon.drop_bytes(block, f"part-{number:05d}.ndjson")


INSERT = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
with open(sys.argv[2]) as lines:
    while True:
        block = [(line,) for _, line in zip(range(500), lines)]
        if not block: break
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO upsertd_outbox (record) VALUES (?)", block)
        database.execute("COMMIT")
"""


def outbox_row(bench, path, records, dimension):
    """Rows inserted by another process, against the same records as a file."""
    spool, outbox = [], []
    for _ in range(bench.pairs):
        sink = Sink(bench.sink, bench.port)
        daemon = Daemon(bench.binaries, bench.directory, bench.port, dimension)
        daemon.drop(path)
        daemon.empty(records)
        spool.append(daemon.stop())
        sink.stop()
        database = bench.directory / f"app-{uuid.uuid4().hex}.db"
        sqlite3.connect(database).execute("PRAGMA journal_mode = WAL").close()
        subprocess.run([bench.binaries / "upsertctl", "outbox", "init", database], check=True, stdout=subprocess.DEVNULL)
        sink = Sink(bench.sink, bench.port)
        daemon = Daemon(bench.binaries, bench.directory, bench.port, dimension, outbox=database)
        subprocess.run([sys.executable, "-c", INSERT, database, path], check=True)
        daemon.empty(records)
        outbox.append(daemon.stop())
        sink.stop()
        for name in bench.directory.glob(database.name + "*"):
            name.unlink()
    ratios = [b / a for a, b in zip(spool, outbox)]
    micro = 1e6 / records
    return Row(f"outbox, {records:,} rows by another process", "", spread([c * micro for c in outbox], "{:.1f}") + " µs/record",
               f"{spread(ratios)} × the spool", "≤ 2 ×", statistics.median(ratios) <= 2)


def overwrite_row(bench, writes, ids):
    """Writes that pile up while the target is down: over few ids, and each with its own."""
    costs, delivered = {}, {}
    for kind, make in (("distinct", "rec-{:08d}".format), ("over", lambda n: f"rec-{n * 7919 % ids:08d}")):
        daemon = Daemon(bench.binaries, bench.directory, bench.port, 128)
        for number, start in enumerate(range(0, writes, 100_000)):
            part = bench.directory / "part.ndjson"
            data.write(part, min(100_000, writes - start), 128, digits=6, start=start, ids=make)
            daemon.drop(part, f"part-{number:03d}.ndjson")
            daemon.until(lambda s: s["accepted"]["records"] >= min(writes, start + 100_000))
        sink = Sink(bench.sink, bench.port)
        daemon.until(lambda s: s["queued"]["records"] == 0)
        delivered[kind] = daemon.status()["delivered"]["records"]
        costs[kind] = daemon.stop()
        sink.stop()
    ratio = costs["over"] / costs["distinct"]
    micro = 1e6 / writes
    # What was in flight or on its way when a write came is sent too, so a few more than the ids may be delivered.
    return Row(f"{writes:,} writes over {ids:,} ids, target down", "", f"{costs['over'] * micro:.1f} µs/write",
               f"{ratio:.2f} × distinct ids; {delivered['over']:,} delivered", f"≤ 2 ×; {ids:,} delivered",
               ratio <= 2 and delivered["over"] == ids)


def idle_row(bench, seconds):
    """A daemon that has delivered something and waits, with a spool and an outbox."""
    database = bench.directory / "idle.db"
    subprocess.run([bench.binaries / "upsertctl", "outbox", "init", database], check=True, stdout=subprocess.DEVNULL)
    sink = Sink(bench.sink, bench.port)
    daemon = Daemon(bench.binaries, bench.directory, bench.port, 128, outbox=database)
    daemon.drop_bytes(next(data.lines(1000, 128)), "some.ndjson")
    daemon.empty(1000)
    # For some seconds more the status line says how the rate falls, and memory is given back.
    time.sleep(5 if bench.quick else 20)
    cpu, start = daemon.cpu(), time.monotonic()
    rate = daemon.wakeups(seconds)
    share = 100 * (daemon.cpu() - cpu) / (time.monotonic() - start)
    resident = daemon.memory("VmRSS")
    daemon.stop()
    sink.stop()
    return Row(f"idle for {seconds} s, spool and outbox", "", f"{share:.2f} % CPU, {rate:.2f} wake-ups/s, RSS {resident:.0f} MB", "",
               "< 0.1 % CPU, < 2 wake-ups/s, RSS ≤ 45 MB", share < 0.1 and rate < 2 and resident <= 45)
