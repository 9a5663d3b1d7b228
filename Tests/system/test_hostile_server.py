"""A server, a network or a proxy that misbehaves: each time the exact end state, over both wires where it applies."""

import collections
import signal
import subprocess
import time

import pytest

from conftest import Daemon, vector
from wire import Wire, server_context

TIMEOUT_SECONDS = 1
HOLD_SECONDS = 3


@pytest.fixture(params=["grpc", "rest"])
def transport(request):
    return request.param


@pytest.fixture
def wire(index):
    wire = Wire(index.port)
    yield wire
    wire.close()


@pytest.fixture
def impatient(directory, wire, transport):
    """A daemon behind the relay that gives a request 1 s and holds a key for 3 s; it has delivered one record."""
    daemon = hasty(Daemon(directory, wire.url, transport=transport)).start()
    daemon.drop("warm.ndjson", [{"id": "warm", "values": vector(9)}])
    daemon.idle()
    yield daemon
    daemon.stop()


def hasty(daemon):
    text = daemon.config.read_text()
    text = text.replace("request_timeout: 5s", f"request_timeout: {TIMEOUT_SECONDS}s\n    connections: 1")
    daemon.config.write_text(text.replace("ambiguous_hold: 10s", f"ambiguous_hold: {HOLD_SECONDS}s"))
    return daemon


def records(count, start=0, **more):
    return [{"id": f"rec-{n:06d}", "values": vector(n), "metadata": {"n": n}, **more} for n in range(start, start + count)]


def version(number, id="a"):
    return [{"id": id, "values": vector(number)}]


def fault(index, effect, **more):
    index.call("POST", "/_faults", {"effect": effect, **more})


def hits(index):
    return sum(entry["hits"] for entry in index.call("GET", "/_faults"))


def applied(index, id):
    """Versions of a record in the order in which the index applied them."""
    return [int(entry["first"]) for entry in index.journal()["entries"] if entry["id"] == id]


def overlaps_of_versions(index):
    return [overlap for overlap in index.journal()["overlaps"] if not overlap["same_version"]]


def target(status, name="main"):
    """A target's status; what it does not say is None."""
    return collections.defaultdict(lambda: None, status["targets"][name])


def last_error(daemon):
    return (target(daemon.status())["last_error"] or {}).get("message") or ""


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.05)


# Answers that never come, or come for something else.

def test_applied_but_not_answered_is_sent_again_and_held(impatient, index):
    fault(index, "apply_then_drop", times=1)
    impatient.drop("a.ndjson", records(100))
    status = impatient.idle()
    assert status["delivered"]["records"] == 101 and status["delivered"]["requests"] == 2
    assert status["held_keys"] == 100 and index.count() == 101
    assert applied(index, "rec-000007") == [7, 7]
    assert impatient.wait(lambda s: s["held_keys"] == 0, HOLD_SECONDS + 5)["quarantined"]["records"] == 0


def test_a_late_application_cannot_overwrite_the_newer_version(impatient, index):
    fault(index, "late_apply", ms=1500, times=1)
    impatient.drop("1.ndjson", version(1))
    impatient.wait(lambda s: s["delivered"]["records"] == 2)
    impatient.drop("2.ndjson", version(2))
    status = impatient.wait(lambda s: s["accepted"]["records"] == 3)
    assert status["held_keys"] == 1 and status["queued"]["records"] == 1
    assert impatient.idle()["delivered"]["records"] == 3
    assert applied(index, "a") == [1, 1, 2] and overlaps_of_versions(index) == []
    assert index.fetch(["a"])["a"]["values"] == vector(2)


def test_a_late_application_cannot_overwrite_the_newer_version_over_a_kill(impatient, index):
    fault(index, "late_apply", ms=2000, times=1)
    fault(index, "unavailable")
    impatient.drop("1.ndjson", version(1))
    wait_for(lambda: hits(index) >= 1)
    impatient.kill()
    index.call("DELETE", "/_faults")
    impatient.start()
    impatient.drop("2.ndjson", version(2))
    status = impatient.wait(lambda s: s["accepted"]["records"] == 3)
    assert status["queue"]["started_unclean"] is True
    impatient.idle()
    versions = applied(index, "a")
    assert versions[-1] == 2 and versions.count(2) == 1 and 1 in versions and overlaps_of_versions(index) == []


def test_a_request_cut_in_its_middle_is_sent_again_whole(impatient, index, wire):
    wire.arm("cut_request", after=20_000)
    impatient.drop("a.ndjson", records(500, metadata={"text": "x" * 200}))
    status = impatient.idle()
    assert status["delivered"]["records"] == 501 and status["delivered"]["requests"] == 2
    assert len(index.journal()["entries"]) == 501 and index.count() == 501
    assert status["held_keys"] == 500


def test_an_answer_cut_in_its_middle_counts_as_unknown(impatient, index, wire):
    wire.arm("cut_answer", after=12)
    impatient.drop("a.ndjson", records(10))
    status = impatient.idle()
    assert status["delivered"]["records"] == 11 and status["held_keys"] == 10
    assert applied(index, "rec-000003") == [3, 3]


@pytest.mark.parametrize("how", ["trickle", "no_answers"])
def test_an_answer_that_never_ends_is_given_up_at_the_timeout(impatient, index, wire, how):
    wire.arm(how)
    impatient.drop("a.ndjson", records(10))
    wait_for(lambda: "no answer" in last_error(impatient), 15)
    status = impatient.status()
    assert target(status)["unresolved"] == 1 and status["queued"]["records"] == 10
    wire.arm("")
    status = impatient.idle()
    assert status["delivered"]["records"] == 11 and status["quarantined"]["records"] == 0
    assert index.count() == 11  # whether keys are still held depends on how long the new connection took


@pytest.mark.parametrize("bytes", [10, 1500])
def test_a_server_that_vanishes_without_a_word_is_left_for_a_new_connection(impatient, index, wire, bytes):
    # 1,000 times 1,500 bytes are more than the buffers on the way take: the request stays half written.
    before = wire.connections
    wire.arm("freeze")
    impatient.drop("a.ndjson", records(1000, metadata={"text": "x" * bytes}))
    wait_for(lambda: "no answer" in last_error(impatient) or "imeout" in last_error(impatient), 15)
    dead, wire.open = wire.open, []
    wire.arm("")
    for _, server in dead:
        server.close()
    status = impatient.idle()
    assert status["delivered"]["records"] == 1001 == index.count() and status["quarantined"]["records"] == 0
    assert wire.connections > before


def test_a_stopped_server_that_wakes_up_cannot_bring_back_an_old_version(impatient, index):
    index.process.send_signal(signal.SIGSTOP)
    try:
        impatient.drop("1.ndjson", version(1))
        wait_for(lambda: "no answer" in last_error(impatient), 15)
        impatient.drop("2.ndjson", version(2))
        impatient.wait(lambda s: s["accepted"]["records"] == 3)
    finally:
        index.process.send_signal(signal.SIGCONT)
    assert impatient.idle()["quarantined"]["records"] == 0
    versions = applied(index, "a")
    assert versions[-1] == 2 and versions.count(2) == 1 and overlaps_of_versions(index) == []


def test_a_closed_port_is_not_an_unknown_outcome(directory, index, transport):
    daemon = hasty(Daemon(directory, index.url, transport=transport)).start()
    try:
        daemon.drop("warm.ndjson", [{"id": "warm", "values": vector(9)}])
        daemon.idle()
        index.stop()
        daemon.drop("1.ndjson", version(1))
        wait_for(lambda: last_error(daemon))
        daemon.drop("2.ndjson", version(2))
        status = daemon.wait(lambda s: s["accepted"]["records"] == 3)
        assert target(status)["unresolved"] == 0 and status["held_keys"] == 0 and status["coalesced"]["records"] == 1
        index.start()
        status = daemon.idle()
        assert applied(index, "a") == [2] and status["delivered"]["records"] == 2
    finally:
        daemon.stop()


# GOAWAY (RFC 9113 §6.8).

@pytest.mark.parametrize("transport", ["grpc"], indirect=True)
@pytest.mark.parametrize("how,applications,held", [("refuse_stream", 1, 0), ("leave", 1, 0), ("leave_silent", 2, 10)])
def test_goaway_during_a_request(impatient, index, wire, how, applications, held):
    wire.arm(how)
    impatient.drop("a.ndjson", records(10))
    status = impatient.idle()
    assert status["delivered"]["records"] == 11 and status["held_keys"] == held
    assert applied(index, "rec-000003") == [3] * applications


@pytest.mark.parametrize("transport", ["grpc"], indirect=True)
def test_goaway_between_requests(impatient, index, wire):
    wire.go_away_now()
    wait_for(lambda: not wire.open)
    impatient.drop("a.ndjson", records(10))
    status = impatient.idle()
    assert status["delivered"]["records"] == 11 and status["held_keys"] == 0 and wire.connections == 2
    assert "request failed" not in impatient.log.read_text()


# Answers that say no.

def test_a_wrong_count_is_acknowledged_with_one_warning(impatient, index):
    fault(index, "wrong_count", count=3, times=2)
    impatient.drop("a.ndjson", records(10))
    impatient.idle()
    impatient.drop("b.ndjson", records(10, 100))
    status = impatient.idle()
    assert status["delivered"]["records"] == 21 and len(index.journal()["entries"]) == 21
    assert impatient.log.read_text().count("acknowledged another number of records") == 1


def test_one_refused_record_is_found_with_few_requests(impatient, index):
    words = "Vector ID rec-000371 has a value that this server dislikes"
    fault(index, "refuse", id="rec-000371", message=words)
    impatient.drop("a.ndjson", records(1000))
    status = impatient.idle()
    assert status["delivered"]["records"] == 1000 and status["quarantined"] == {"records": 1, "current": 1}
    requests = hits(index) + len({entry["request"] for entry in index.journal()["entries"]}) - 1
    assert requests <= 21, requests  # 2·log2(1000) + 1
    assert words in impatient.ctl("quarantine", "list").stdout
    impatient.drop("b.ndjson", records(1000, 5000))
    impatient.idle()
    assert len({entry["request"] for entry in index.journal()["entries"] if entry["id"].startswith("rec-005")}) == 1


def test_a_server_that_refuses_everything_without_naming_a_record_holds_the_namespace(impatient, index):
    fault(index, "refuse_all", code=3, message="Something about this request is wrong")
    impatient.drop("a.ndjson", records(1000))
    status = impatient.wait(lambda s: target(s)["held_namespaces_count"] == 1, 40)
    held = target(status)["held_namespaces"][0]["hold"]
    assert held["kind"] == "refused_all" and "Something about this request is wrong" in held["reason"]
    assert status["quarantined"]["records"] == 20 and hits(index) < 150
    index.call("DELETE", "/_faults")
    impatient.ctl("reload")
    assert impatient.idle()["delivered"]["records"] == 981


def test_a_hidden_bound_on_bytes_is_learnt(impatient, index):
    fault(index, "payload_too_large", bytes=100_000)
    impatient.drop("a.ndjson", records(1000, metadata={"text": "x" * 500}))
    status = impatient.idle()
    assert status["delivered"]["records"] == 1001 and status["quarantined"]["records"] == 0
    assert target(status)["bytes_bound"] <= 100_000
    found = hits(index)
    impatient.drop("b.ndjson", records(1000, 5000, metadata={"text": "x" * 500}))
    impatient.idle()
    # The bound was learnt: what is sent from now on fits.
    assert hits(index) <= found + 2 and index.count() == 2001
    assert "requests are smaller from now on" in impatient.log.read_text()


@pytest.mark.parametrize("hint,least", [({"retry_after": 2}, 1.8), ({"pushback_ms": 1500}, 1.3), ({}, 0)])
def test_throttling_is_obeyed_and_is_not_an_unknown_outcome(impatient, index, transport, hint, least):
    if "pushback_ms" in hint and transport == "rest":
        least = 0  # a header of gRPC only
    fault(index, "throttle", times=1, **hint)
    started = time.monotonic()
    impatient.drop("a.ndjson", records(100))
    status = impatient.idle()
    assert time.monotonic() - started >= least
    assert status["delivered"]["records"] == 101 and status["held_keys"] == 0
    assert len(index.journal()["entries"]) == 101 and target(status)["concurrency"] < 12


@pytest.mark.parametrize("status_code,hold", [(200, "unexpected_answer"), (400, "unexpected_answer"), (502, None)])
def test_a_page_from_a_proxy_is_no_verdict_on_a_record(impatient, index, status_code, hold):
    fault(index, "html", status=status_code)
    impatient.drop("a.ndjson", records(100))
    if hold:
        status = impatient.wait(lambda s: target(s)["hold"])
        assert target(status)["hold"]["kind"] == hold and str(status_code) in target(status)["hold"]["reason"]
    else:
        status = impatient.wait(lambda s: target(s)["unresolved"] > 0)
    assert status["quarantined"]["records"] == 0 and status["queued"]["records"] == 100
    index.call("DELETE", "/_faults")
    impatient.ctl("reload")
    status = impatient.idle()
    assert status["delivered"]["records"] == 101 and status["quarantined"]["records"] == 0 and index.count() == 101


# TLS.

def certificate(directory, name, days_ago, days):
    """A certificate of 127.0.0.1, its own authority, and its key; valid from `days_ago` for `days`."""
    files = directory / f"{name}.pem", directory / f"{name}.key"
    clock = [] if not days_ago else ["faketime", "-f", f"-{days_ago}d"]
    subprocess.run([*clock, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", files[1], "-out",
                    files[0], "-days", str(days), "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    return files


def test_an_expired_certificate_is_named_and_nothing_is_lost(directory, index, transport):
    expired, good = certificate(directory, "old", 30, 10), certificate(directory, "new", 0, 10)
    trusted = directory / "ca.pem"
    trusted.write_bytes(expired[0].read_bytes() + good[0].read_bytes())
    wire = Wire(index.port, tls=server_context(*expired))
    daemon = Daemon(directory, wire.url, transport=transport, extra_target=f"    ca_file: {trusted}").start()
    try:
        daemon.drop("a.ndjson", records(100))
        status = daemon.wait(lambda s: s["queued"]["records"] == 100 and target(s)["last_error"])
        assert "expired" in target(status)["last_error"]["message"].lower(), target(status)
        assert status["held_keys"] == 0 and target(status)["unresolved"] == 0
        wire.tls = server_context(*good)
        assert daemon.idle()["delivered"]["records"] == 100 and len(index.journal()["entries"]) == 100
    finally:
        daemon.stop()
        wire.close()
