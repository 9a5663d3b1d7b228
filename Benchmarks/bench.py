"""Measures upsertd against the script that people write instead, and against its own goals.

usage: bench.py BINARIES SINK [--quick] [--backlog] [--only ROW,…] [--write docs/performance.md]
"""

import argparse
import datetime
import pathlib
import shlex
import socket
import sys
import tempfile

import backlog
import data
import single
from pairs import compare, delay_row, memory_row, wall_row
from processes import machine

MARKS = ("<!-- table: written by make bench -->", "<!-- end of table -->")


class Bench:
    """What all rows share."""

    def __init__(self, options, directory):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.binaries = pathlib.Path(options.binaries).resolve()
        self.sink = pathlib.Path(options.sink).resolve()
        self.directory = pathlib.Path(directory)
        self.quick = options.quick
        self.pairs = options.pairs or (2 if options.quick else 5)
        self.stages = None
        self.made = {}

    def say(self, text):
        print(text, flush=True)

    def file(self, records, dimension, digits=None):
        """The data, made once."""
        key = (records, dimension, digits)
        if key not in self.made:
            self.made[key] = data.write(
                self.directory / f"{records}-{dimension}-{digits}.ndjson", records, dimension, digits)
        return self.made[key]

    def forget(self):
        for path in self.made.values():
            path.unlink(missing_ok=True)
        self.made = {}


def full_digits(bench):
    records = 20_000 if bench.quick else 100_000
    path = bench.file(records, 768)
    row, pairs = compare(bench, f"{records:,} × 768-d, full digits → gRPC", path, records, 768, "grpc", 0.33, 0.45)
    yield row
    yield memory_row(pairs, path.stat().st_size)
    yield wall_row(bench, pairs, records, 3_130 * records)
    yield delay_row(bench, 3 * records, 768)


def six_digits(bench):
    records = 20_000 if bench.quick else 100_000
    yield compare(bench, f"{records:,} × 768-d, 6 digits → gRPC", bench.file(records, 768, 6), records, 768, "grpc", 0.35)[0]
    bench.forget()


def small_vectors(bench):
    records = 100_000 if bench.quick else 200_000
    yield compare(bench, f"{records:,} × 128-d, full digits → gRPC", bench.file(records, 128), records, 128, "grpc", 0.40)[0]
    bench.forget()


def rest(bench):
    records = 20_000 if bench.quick else 100_000
    yield compare(bench, f"{records:,} × 768-d, full digits → REST", bench.file(records, 768), records, 768, "rest", 0.40)[0]


def latency(bench):
    yield single.latency_row(bench, 100 if bench.quick else 500)


def files(bench):
    yield single.many_files_row(bench, 200 if bench.quick else 1000, 100, 768)
    if not bench.quick:
        yield single.many_files_row(bench, 1000, 100, 128)


def outbox(bench):
    records = 10_000 if bench.quick else 100_000
    yield single.outbox_row(bench, bench.file(records, 768), records, 768)


def overwriting(bench):
    yield single.overwrite_row(bench, 100_000 if bench.quick else 1_000_000, 10_000 if bench.quick else 100_000)


def idle(bench):
    yield single.idle_row(bench, 15 if bench.quick else 60)


def long_outage(bench):
    yield from backlog.rows(bench, bench.backlog)


ROWS = [full_digits, rest, outbox, six_digits, small_vectors, latency, files, overwriting, idle]


def table(rows):
    lines = ["| work | script | upsertd | result | goal | met |", "|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {row.work} | {row.script or '–'} | {row.upsertd} | {row.result} | {row.goal} | "
                     f"{'yes' if row.met else '**no**'} |")
    return "\n".join(lines)


def main():
    names = [row.__name__ for row in ROWS]
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries")
    parser.add_argument("sink")
    parser.add_argument("--quick", action="store_true", help="fewer records and pairs: under 5 minutes")
    parser.add_argument("--backlog", type=int, default=0, help="also this many records in a long outage")
    parser.add_argument("--only", help=f"names of rows: {', '.join(names)}; none, for --backlog alone")
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--write", type=pathlib.Path, help="the page whose table is replaced")
    options = parser.parse_args()
    only = options.only.split(",") if options.only else names
    if unknown := set(only) - {*names, "none"}:
        parser.error(f"--only: there is no row {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    chosen = [row for row in ROWS if row.__name__ in only]
    if options.backlog:
        chosen.append(long_outage)
    with tempfile.TemporaryDirectory(prefix="upsertd-bench-", dir=pathlib.Path(options.sink).resolve().parent) as directory:
        bench = Bench(options, directory)
        bench.backlog = options.backlog
        rows = []
        for make in chosen:
            bench.say(f"{make.__name__}:")
            for row in make(bench):
                rows.append(row)
                bench.say(f"  {row.work}: script {row.script or '–'}; upsertd {row.upsertd}; {row.result}; "
                          f"goal {row.goal}: {'met' if row.met else 'NOT MET'}")
    command = "make bench" + ("-quick" if options.quick else "") + (f" BACKLOG={options.backlog}" if options.backlog else "")
    if options.only or options.pairs:
        command = "Benchmarks/bench.py " + shlex.join(sys.argv[3:])
    text = (f"`{command}`, {datetime.date.today()}, on {machine()}. {bench.pairs} pairs, interleaved; median (least–most).\n\n"
            + table(rows))
    print("\n" + text)
    if options.write:
        page = options.write.read_text()
        before, rest_of_page = page.split(MARKS[0])
        after = rest_of_page.split(MARKS[1])[1]
        options.write.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
