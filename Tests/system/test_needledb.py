"""Delivery over REST to NeedleDB, an independent server from PyPI, read back with the official SDK."""

import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

from pinecone import Pinecone

from conftest import KEY, Daemon, vector


def test_needledb_receives_what_was_dropped(directory):
    needle = pathlib.Path(sys.executable).parent / "needledb"
    log = open(directory / "needledb.log", "w+")
    server = subprocess.Popen([needle, "serve", "--data", directory / "needle", "--host", "127.0.0.1", "--port", "0",
                               "--log-level", "info"], stderr=log, stdout=log,
                              env={**os.environ, "NEEDLEDB_API_KEY": KEY})
    try:
        port = None
        for _ in range(300):
            text = pathlib.Path(log.name).read_text()
            if "running on http://127.0.0.1:" in text:
                port = int(text.split("running on http://127.0.0.1:")[1].split()[0])
                break
            time.sleep(0.1)
        assert port, text
        create = urllib.request.Request(
            f"http://127.0.0.1:{port}/indexes", method="POST", headers={"Api-Key": KEY, "Content-Type": "application/json"},
            data=json.dumps({"name": "it", "dimension": 4, "metric": "euclidean", "index_type": "flat"}).encode())
        urllib.request.urlopen(create, timeout=30)
        host = f"http://127.0.0.1:{port}/indexes/it"
        daemon = Daemon(directory, host, transport="rest").start()
        try:
            lines = [{"id": f"r{n}", "values": vector(n), "metadata": {"n": n, "t": "é"}} for n in range(2000)]
            lines += [{"op": "delete", "id": "r1"}, {"op": "update", "id": "r2", "set_metadata": {"n": -2}},
                      {"op": "update", "id": "absent", "set_metadata": {"n": 0}}]
            daemon.drop("first.ndjson", lines, namespace="ns")
            status = daemon.idle()
            assert status["quarantined"]["current"] == 0, daemon.log.read_text()
            index = Pinecone(api_key=KEY).index(host=host)
            assert index.describe_index_stats().total_vector_count == 1999
            found = index.fetch(ids=["r1", "r2", "r1999"], namespace="ns").vectors
            assert "r1" not in found and found["r2"].metadata == {"n": -2, "t": "é"}
            assert list(found["r1999"].values) == vector(1999)
        finally:
            daemon.stop()
    finally:
        server.terminate()
        server.wait(20)
