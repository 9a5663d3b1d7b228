"""A long outage: millions of records wait, the daemon is restarted, then they are delivered. Takes long and much disk."""

import hashlib
import time

import data
from pairs import Row
from processes import Daemon, Sink


def sequential(number):
    return f"rec-{number:012d}"


def random(number):
    """36 characters, as a UUID."""
    digest = hashlib.blake2b(number.to_bytes(8, "little"), digest_size=16).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"


def phase(bench, records, ids, part=100_000):
    """Queues the records, restarts, drains. Short number text keeps the files small; 128 dimensions all the same."""
    daemon = Daemon(bench.binaries, bench.directory, bench.port, 128)
    path = bench.directory / "part.ndjson"
    part = min(part, records)
    for number, start in enumerate(range(0, records, part)):
        data.write(path, part, 128, digits=3, start=start, ids=ids, seed=number)
        daemon.drop(path, f"part-{number:05d}.ndjson")
        daemon.until(lambda s: s["accepted"]["records"] >= start + part)
    path.unlink()
    status = daemon.status()
    payload = status["accepted"]["bytes"]
    disk = daemon.queue_bytes()
    cpu = daemon.stop(keep=True)
    ready = daemon.start()
    resident, peak = daemon.memory("VmRSS"), daemon.memory()
    sink = Sink(bench.sink, bench.port)
    daemon.until(lambda s: s["queued"]["records"] == 0)
    deadline = time.monotonic() + 60
    while (left := daemon.queue_bytes()) > 64 << 20 and time.monotonic() < deadline:
        time.sleep(1)
    received = sink.vectors
    cpu += daemon.stop()
    sink.stop()
    return dict(cpu=cpu * 1e6 / records, ready=ready, resident=resident, peak=peak, left=left / 1e6, received=received,
                disk=disk / (payload + records * (len(ids(0)) + 64)))


def rows(bench, records, small=10_000):
    result = []
    for name, ids in (("sequential", sequential), ("random 36-character", random)):
        few = sorted((phase(bench, small, ids) for _ in range(3)), key=lambda f: f["cpu"])[1]
        many = phase(bench, records, ids)
        bench.say(f"  {name}: {small:,}: {few}\n  {records:,}: {many}")
        memory = 64 + 24 * records / (1 << 20)
        work = f"{records:,} × 128-d queued, {name} ids"
        result += [
            Row(work + ": ready", "", f"{many['ready']:.1f} s", "", "≤ 3 s", many["ready"] <= 3),
            Row("… RSS when ready", "", f"{many['resident']:.0f} MB (peak {many['peak']:.0f})", "", f"≤ {memory:.0f} MB",
                many["peak"] <= memory),
            Row("… CPU a record, queued and drained", f"{small:,} records: {few['cpu']:.1f} µs", f"{many['cpu']:.1f} µs",
                f"{many['cpu'] / few['cpu']:.2f} ×", "≤ 1.2 ×", many["cpu"] <= 1.2 * few["cpu"]),
            Row("… disk", "", f"{many['disk']:.2f} × (payload + id + 64 B)", f"{many['left']:.1f} MB after the drain",
                "≤ 1.3 ×; shrinks", many["disk"] <= 1.3 and many["left"] < 64 and many["received"] == records),
        ]
    return result
