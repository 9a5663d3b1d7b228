"""A damaged queue: never sent, refused with the command that helps or set aside, salvaged and put back."""

import json
import subprocess

import pytest

from conftest import BINARIES, vector

FILLER = "0123456789" * 200


@pytest.fixture
def damaged(daemon, index):
    """A daemon, stopped, with 500 records waiting, one byte of which has flipped on the disk."""
    daemon.ctl("pause")
    for file in range(5):
        daemon.drop(f"{file}.ndjson", [{"id": f"r{n:04d}", "values": vector(n), "metadata": {"f": FILLER}}
                                      for n in range(file * 100, file * 100 + 100)], namespace="n")
        # One commit after the other, so that each file has a chunk of its own.
        daemon.wait(lambda s: s["queued"]["records"] == file * 100 + 100)
    assert daemon.stop() == 0
    path = daemon.directory / "queue" / "queue.db"
    data = bytearray(path.read_bytes())
    place = data.index(b"r0250") + 500
    data[place] ^= 1
    path.write_bytes(bytes(data))
    return daemon


def doctor(daemon, *arguments):
    return subprocess.run([BINARIES / "upsertctl", "doctor", "--queue", daemon.directory / "queue", *arguments],
                          capture_output=True, text=True, timeout=120)


def resume_and_end(daemon):
    """Starts the daemon, which is paused, and lets it find the damage while it delivers."""
    daemon.start()
    daemon.ctl("resume", check=False)
    assert daemon.process.wait(30) == 74, daemon.log.read_text()[:4000]


def ended(daemon):
    daemon.start(wait=False)
    return daemon.process.wait(60)


def test_a_flipped_bit_is_not_sent_and_the_daemon_says_what_to_do(damaged, index, tmp_path):
    daemon = damaged
    resume_and_end(daemon)
    assert ended(daemon) == 78, "it stays down instead of starting again and again"
    log = daemon.log.read_text()
    assert "its checksum differs" in log and f"upsertctl doctor --queue {daemon.directory}/queue --salvage" in log
    assert index.count() in (0, 100, 200, 300, 400), "no batch with the bad chunk was sent"
    out = tmp_path / "salvaged.ndjson"
    done = doctor(daemon, "--salvage", out, "--set-aside")
    assert done.returncode == 1 and "its checksum differs" in done.stdout and "set aside as" in done.stdout
    salvaged = [json.loads(line) for line in out.read_text().splitlines()]
    suspect = [json.loads(line) for line in (tmp_path / "salvaged.ndjson.suspect").read_text().splitlines()]
    assert len(suspect) == 100 and {record["namespace"] for record in salvaged} == {"n"}
    assert all(record["metadata"]["f"] == FILLER for record in salvaged)
    daemon.start()
    daemon.ctl("put", out, "--wait", "--timeout", "60s")
    assert daemon.idle()["delivered"]["records"] == len(salvaged) and index.count("n") >= 400


def test_start_fresh_sets_the_queue_aside_and_says_so(damaged, index):
    daemon = damaged
    daemon.config.write_text(daemon.config.read_text().replace("queue:\n", "queue:\n  on_damage: start_fresh\n"))
    resume_and_end(daemon)
    daemon.start()
    status = daemon.status()
    aside = status["queue"]["set_aside"]
    assert aside.startswith(f"{daemon.directory}/queue/queue.db.damaged-") and status["queued"]["records"] == 0
    assert "the queue is damaged; it is set aside" in daemon.log.read_text()
    assert "a damaged queue was set aside" in daemon.ctl("status").stdout
    daemon.drop("new.ndjson", [{"id": "new", "values": vector(1)}])
    assert daemon.idle(60)["delivered"]["records"] == 1
    done = subprocess.run([BINARIES / "upsertctl", "doctor", "--file", aside], capture_output=True, text=True)
    assert done.returncode == 1 and "its checksum differs" in done.stdout


def test_a_sound_queue_passes_the_doctor_who_needs_the_daemon_stopped(daemon, index):
    daemon.drop("a.ndjson", [{"id": "a", "values": vector(1)}])
    daemon.idle()
    assert doctor(daemon).returncode == 75, "in use"
    daemon.stop()
    done = doctor(daemon)
    assert done.returncode == 0 and "nothing is wrong" in done.stdout


def test_a_file_that_is_no_database_is_refused_at_start(daemon, index):
    daemon.stop()
    (daemon.directory / "queue" / "queue.db").write_bytes(b"A" * 100_000)
    assert ended(daemon) == 78
    assert "upsertctl doctor --queue" in daemon.log.read_text()
    done = doctor(daemon, "--set-aside")
    assert done.returncode == 1 and "set aside as" in done.stdout
    daemon.start()
