"""Measures upsertd against the script that people write instead: same file, same sink, CPU seconds of the whole process.

usage: compare.py BINARIES SINK [--records N] [--dimension D] [--pairs P]
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("binaries")
parser.add_argument("sink")
parser.add_argument("--records", type=int, default=20_000)
parser.add_argument("--dimension", type=int, default=768)
parser.add_argument("--pairs", type=int, default=3)
options = parser.parse_args()

SCRIPT = """
import itertools, sys, orjson
from pinecone.grpc import GrpcIndex
index = GrpcIndex(host=f"http://127.0.0.1:{sys.argv[2]}", api_key="bench", secure=False, timeout=60)
with open(sys.argv[1], "rb") as file:
    while batch := [orjson.loads(line) for line in itertools.islice(file, 200)]:
        index.upsert(vectors=batch)
"""


def generate(path):
    """Unit-length gaussian vectors with all their digits, a string and a number of metadata."""
    import numpy
    random = numpy.random.default_rng(11)
    with open(path, "w") as file:
        for start in range(0, options.records, 1000):
            rows = random.standard_normal((min(1000, options.records - start), options.dimension)).astype(numpy.float32)
            rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
            for number, row in enumerate(rows.tolist(), start):
                file.write(json.dumps({"id": f"rec-{number:08d}", "values": row,
                                       "metadata": {"source": "bench", "seq": number}}) + "\n")


def cpu_of(command, **more):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(command, check=True, **more)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - start


def script(path, port):
    return cpu_of([sys.executable, "-c", SCRIPT, path, str(port)])


def daemon(path, port, directory):
    """From drop to an empty queue; the daemon's whole CPU from its start to its end."""
    home = pathlib.Path(tempfile.mkdtemp(dir=directory))
    (home / "key").write_text("bench")
    (home / "key").chmod(0o600)
    (home / "c.yaml").write_text(f"""
spools: [{{directory: {home}/spool, target: main}}]
queue: {{directory: {home}/queue}}
status: {{socket: {home}/s}}
log_level: error
targets:
  main: {{host: "http://127.0.0.1:{port}", api_key_file: {home}/key, dimension: {options.dimension}}}
""")
    process = subprocess.Popen([f"{options.binaries}/upsertd", "run", "--config", home / "c.yaml"])
    ctl = [f"{options.binaries}/upsertctl", "--socket", home / "s", "status", "--json"]

    def delivered():
        done = subprocess.run(ctl, capture_output=True)
        return json.loads(done.stdout)["delivered"]["records"] if done.returncode == 0 else -1

    while delivered() < 0:
        time.sleep(0.05)
    subprocess.run(["cp", path, home / "spool" / "incoming" / ".data"], check=True)
    start = time.monotonic()
    os.rename(home / "spool" / "incoming" / ".data", home / "spool" / "incoming" / "data.ndjson")
    while delivered() < options.records:
        time.sleep(0.1)
    wall = time.monotonic() - start
    peak = next(int(line.split()[1]) for line in open(f"/proc/{process.pid}/status") if line.startswith("VmHWM")) / 1024
    process.terminate()
    _, _, usage = os.wait4(process.pid, 0)
    subprocess.run(["rm", "-rf", home], check=True)
    return usage.ru_utime + usage.ru_stime, wall, peak


with tempfile.TemporaryDirectory() as directory:
    path = f"{directory}/data.ndjson"
    generate(path)
    port = 19090
    sink = subprocess.Popen([options.sink, str(port)])
    ratios, scripts, daemons, walls = [], [], [], []
    try:
        time.sleep(0.3)
        for pair in range(options.pairs):
            script_cpu, script_wall = script(path, port)
            daemon_cpu, daemon_wall, peak = daemon(path, port, directory)
            scripts.append(script_cpu)
            daemons.append(daemon_cpu)
            ratios.append(daemon_cpu / script_cpu)
            walls.append(daemon_wall)
            print(f"pair {pair + 1}: script {script_cpu:.2f} CPU s ({script_wall:.1f} s), upsertd {daemon_cpu:.2f} CPU s "
                  f"({daemon_wall:.1f} s, peak {peak:.0f} MB), ratio {daemon_cpu / script_cpu:.2f}", flush=True)
    finally:
        sink.terminate()
        sink.wait()
    micro = 1e6 / options.records
    print(f"{options.records} x {options.dimension}: script {statistics.median(scripts) * micro:.0f} us/record, upsertd "
          f"{statistics.median(daemons) * micro:.0f} us/record, ratio {statistics.median(ratios):.2f} "
          f"(min {min(ratios):.2f}, max {max(ratios):.2f}); upsertd {options.records / statistics.median(walls):.0f} rec/s")
