"""What cannot succeed now is held, says why, and resumes by itself; other namespaces and targets go on."""

import signal

import pytest

from conftest import KEY, Daemon, Index, vector
from test_hostile_server import fault, hasty, hits, records, target


@pytest.fixture(params=["grpc", "rest"])
def transport(request):
    return request.param


@pytest.fixture
def daemon(directory, index, transport):
    daemon = hasty(Daemon(directory, index.url, transport=transport)).start()
    yield daemon
    daemon.stop()


def test_a_wrong_key_holds_until_a_reload_brings_the_right_one(directory, transport):
    right = directory / "index.key"
    right.write_text(KEY + "\n")
    right.chmod(0o600)
    index = Index(directory / "index", 4, options=["--api-key-file", right])
    daemon = Daemon(directory, index.url, transport=transport, extra_target="    dimension: 4")
    key = directory / "main.key"
    key.write_text("another-key\n")
    daemon.start()
    try:
        daemon.drop("a.ndjson", records(100))
        status = daemon.wait(lambda s: target(s)["hold"] and s["queued"]["records"] == 100)
        assert target(status)["hold"]["kind"] == "unauthorized" and status["quarantined"]["records"] == 0
        assert daemon.log.read_text().count("target held") == 1 and "another-key" not in daemon.log.read_text()
        key.write_text(KEY + "\n")
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.idle(10)["delivered"]["records"] == 100
        assert len(index.journal()["entries"]) == 100 and "target resumed" in daemon.log.read_text()
    finally:
        daemon.stop()
        index.stop()


def test_a_monthly_quota_is_a_hold_and_not_a_throttle(daemon, index):
    fault(index, "throttle", message="Request failed. You've reached your write unit limit for the current month (2000000).")
    daemon.drop("a.ndjson", records(100))
    status = daemon.wait(lambda s: target(s)["hold"])
    assert target(status)["hold"]["kind"] == "quota" and "write unit limit" in target(status)["hold"]["reason"]
    assert hits(index) <= 2
    index.call("DELETE", "/_faults")
    daemon.ctl("reload")
    status = daemon.idle(10)
    assert status["delivered"]["records"] == 100 and status["held_keys"] == 0


def test_a_forbidden_request_holds_the_target(daemon, index):
    fault(index, "refuse_all", code=7, message="Forbidden: this key may not write")
    daemon.drop("a.ndjson", records(10))
    status = daemon.wait(lambda s: target(s)["hold"])
    assert target(status)["hold"]["kind"] == "unauthorized" and status["queued"]["records"] == 10
    index.call("DELETE", "/_faults")
    daemon.ctl("reload")
    assert daemon.idle(10)["delivered"]["records"] == 10


def test_an_index_that_is_gone_holds_and_the_slow_probe_resumes_alone(daemon, index):
    fault(index, "html", status=404)
    daemon.drop("a.ndjson", records(100) + [{"op": "delete", "id": "gone"}, {"op": "update", "id": "absent", "values": vector(1)}])
    status = daemon.wait(lambda s: target(s)["hold"] and s["accepted"]["records"] == 102)
    assert target(status)["hold"]["kind"] == "index_not_found" and "404" in target(status)["hold"]["reason"]
    assert status["queued"]["records"] == 102 and status["quarantined"]["records"] == 0 and status["held_keys"] == 0
    found = hits(index)
    index.call("DELETE", "/_faults")
    status = daemon.idle(40)
    # One request of each verb may be on the wire when the first answer comes.
    assert found <= 3 and index.count() == 100 and status["quarantined"]["records"] == 0
    assert status["delivered"]["records"] + status["no_effect"]["records"] == 102
    log = daemon.log.read_text()
    assert log.count("target held") == 1 and log.count("target resumed") == 1


def test_a_wrong_dimension_holds_its_namespace_only(daemon, index):
    fault(index, "refuse_all", code=3, namespace="odd",
          message="Vector dimension 4 does not match the dimension of the index 8")
    daemon.drop("a.ndjson", records(300), namespace="odd")
    status = daemon.wait(lambda s: target(s)["held_namespaces_count"] == 1, 40)
    assert status["quarantined"]["records"] == 20
    daemon.drop("b.ndjson", records(1000), namespace="even")
    status = daemon.wait(lambda s: s["delivered"]["records"] == 1000, 10)
    assert status["queued"]["records"] == 280 and target(status)["hold"] is None
    index.call("DELETE", "/_faults")
    daemon.ctl("reload")
    assert daemon.idle()["delivered"]["records"] == 1280 and daemon.log.read_text().count("namespace held") == 1


def test_a_dead_target_does_not_disturb_the_other(directory, index):
    gone = Index(directory / "gone", 4)
    daemon = Daemon(directory, gone.url, extra_target=f"""
  second:
    host: {index.url}
    api_key_file: {directory}/main.key
    linger: 20ms""")
    text = daemon.config.read_text()
    daemon.config.write_text(text.replace("spools:\n", f"spools:\n  - directory: {directory}/other\n    target: second\n"))
    daemon.start()
    try:
        gone.stop()
        daemon.drop("a.ndjson", records(1000))
        daemon.wait(lambda s: target(s)["last_error"])
        other = directory / "other" / "incoming"
        for number in range(5):
            daemon.incoming, mine = other, daemon.incoming
            daemon.drop(f"{number}.ndjson", records(1000, number * 1000))
            daemon.incoming = mine
        status = daemon.wait(lambda s: s["delivered"]["records"] == 5000, 15)
        assert index.count() == 5000 and target(status)["queued_records"] == 1000
        gone.start()
        assert daemon.idle(90)["delivered"]["records"] == 6000 and gone.count() == 1000
    finally:
        daemon.stop()
        gone.stop()
