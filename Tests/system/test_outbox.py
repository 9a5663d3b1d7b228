"""Rows inserted by any program into a SQLite table arrive in the index, in order, and leave the table."""

import json
import sqlite3
import subprocess

from conftest import BINARIES, Daemon, Index, vector


def test_rows_from_two_programs_arrive_in_order_and_leave(directory):
    index = Index(directory / "index", 4)
    path = directory / "app.db"
    subprocess.run([BINARIES / "upsertctl", "outbox", "init", path], check=True)
    daemon = Daemon(directory, index.url, extra=f"outboxes:\n  - path: {path}\n    target: main\n").start()
    try:
        database = sqlite3.connect(path, timeout=20)
        for number in range(1000):
            record = json.dumps({"values": vector(number), "metadata": {"n": number}})
            database.execute("INSERT INTO upsertd_outbox (id, record) VALUES (?, ?)", (f"k{number % 100}", record))
        database.execute("INSERT INTO upsertd_outbox (op, id) VALUES ('delete', 'k0')")
        database.execute("INSERT INTO upsertd_outbox (id, record) VALUES ('bad', '{\"values\":[1]}')")
        database.commit()
        subprocess.run(["sqlite3", "-cmd", ".timeout 20000", path,
                        "INSERT INTO upsertd_outbox (namespace, id, record) VALUES "
                        "('shell', 's', '{\"values\":[1,2,3,4]}')"], check=True)
        status = daemon.idle()
        assert database.execute("SELECT count(*) FROM upsertd_outbox").fetchone() == (0,)
        found = index.fetch([f"k{n}" for n in range(100)])
        assert "k0" not in found and len(found) == 99
        assert all(record["metadata"]["n"] == 900 + int(name[1:]) for name, record in found.items())
        assert index.count("shell") == 1
        assert status["quarantined"]["current"] == 1
        assert "bad" in daemon.ctl("quarantine", "list").stdout
    finally:
        daemon.stop()
        index.stop()


def test_a_missing_table_is_said_with_the_command_that_makes_it(directory):
    index = Index(directory / "index", 4)
    path = directory / "app.db"
    sqlite3.connect(path).execute("CREATE TABLE mine (a)").connection.commit()
    daemon = Daemon(directory, index.url, extra=f"outboxes:\n  - path: {path}\n    target: main\n").start()
    try:
        status = daemon.wait(lambda s: s["outboxes"][0]["state"] == "failed")
        assert "upsertctl outbox init" in status["outboxes"][0]["problem"]["mend"]
        subprocess.run([BINARIES / "upsertctl", "outbox", "init", path], check=True)
        database = sqlite3.connect(path, timeout=20)
        database.execute("INSERT INTO upsertd_outbox (id, record) VALUES ('a', '{\"values\":[1,2,3,4]}')")
        database.commit()
        daemon.wait(lambda s: s["delivered"]["records"] == 1)
    finally:
        daemon.stop()
        index.stop()
