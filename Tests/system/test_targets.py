"""Targets that change their host or go: records are held, listed, and moved or dropped by command."""

import subprocess

from conftest import BINARIES, Index, vector


def records(count, start=0):
    return [{"id": f"r{n:04d}", "values": vector(n)} for n in range(start, start + count)]


def offline(daemon, *arguments):
    return subprocess.run([BINARIES / "upsertctl", "target", *arguments, "--queue", daemon.directory / "queue"],
                          capture_output=True, text=True, timeout=60)


def waiting(daemon, count=100):
    """Leaves records waiting in the queue of a stopped daemon."""
    daemon.ctl("pause")
    daemon.drop("a.ndjson", records(count))
    daemon.wait(lambda s: s["queued"]["records"] == count)
    daemon.stop()


def test_a_changed_host_is_held_until_it_is_accepted(daemon, index, directory):
    waiting(daemon)
    other = Index(directory / "other", 4)
    try:
        daemon.config.write_text(daemon.config.read_text().replace(index.url, other.url))
        daemon.start()
        daemon.ctl("resume")
        held = daemon.wait(lambda s: s["targets"]["main"].get("hold"))["targets"]["main"]["hold"]
        assert held["kind"] == "host_changed" and "upsertctl target accept main" in held["reason"]
        daemon.drop("b.ndjson", records(10, 100))
        daemon.wait(lambda s: s["queued"]["records"] == 110)
        assert other.count() == 0 and daemon.log.read_text().count("target held") == 1
        daemon.ctl("target", "accept", "main")
        daemon.idle()
        assert other.count() == 110
        assert daemon.ctl("target", "accept", "main", check=False).returncode == 65
        daemon.stop()
        daemon.start()
        assert not daemon.status()["targets"]["main"].get("hold"), "once accepted it stays so"
    finally:
        other.stop()


def test_a_reload_with_another_host_holds_and_the_old_host_lifts_the_hold(daemon, index, directory):
    index.stop()
    daemon.drop("a.ndjson", records(50))
    daemon.wait(lambda s: s["queued"]["records"] == 50 and s["targets"]["main"].get("last_error"))
    text = daemon.config.read_text()
    daemon.config.write_text(text.replace(index.url, "http://127.0.0.1:9"))
    daemon.ctl("reload")
    daemon.wait(lambda s: (s["targets"]["main"].get("hold") or {}).get("kind") == "host_changed")
    index.start()
    daemon.config.write_text(text)
    daemon.ctl("reload")
    assert daemon.idle()["delivered"]["records"] == 50 == index.count()


def test_records_of_a_removed_target_are_kept_listed_and_moved(daemon, index, directory):
    waiting(daemon)
    text = daemon.config.read_text().replace("target: main", "target: other").replace("  main:\n", "  other:\n")
    daemon.config.write_text(text)
    daemon.start()
    status = daemon.status()
    assert status["orphaned"] == {"main": {"queued_records": 100, "quarantined_records": 0}}
    assert not status["idle"] and "not configured: main, 100 records wait" in daemon.ctl("target", "list").stdout
    assert "records wait for a target that is not configured" in daemon.log.read_text()
    assert offline(daemon, "move", "main", "other").returncode == 75, "the daemon must be stopped"
    daemon.drop("b.ndjson", records(10, 95))
    daemon.wait(lambda s: s["delivered"]["records"] == 10)
    daemon.stop()
    moved = offline(daemon, "move", "main", "other")
    assert moved.returncode == 0 and moved.stdout == "moved 100 records from main to other\n", moved.stderr
    daemon.start()
    daemon.idle()
    assert index.count() == 105


def test_records_of_a_removed_target_are_dropped_only_when_really_meant(daemon, index):
    waiting(daemon)
    assert offline(daemon, "drop", "main").returncode == 64
    assert offline(daemon, "drop", "main", "--yes").stdout == "dropped 100 records of main\n"
    daemon.start()
    assert daemon.idle()["dropped"]["records"] == 100
