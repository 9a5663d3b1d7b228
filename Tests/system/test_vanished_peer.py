"""A peer that is gone without FIN or RST, as when a machine loses its power or a cable is cut, and what comes back of it."""

import subprocess
import sys
import threading
import time

import pytest

import own_network
from conftest import Daemon, Index, vector
from own_network import FAR
from test_hostile_server import applied, hasty, last_error, overlaps_of_versions, records, target, version, wait_for


@pytest.fixture(params=["grpc", "rest"])
def far(request, directory):
    """A daemon on this end of a cable, the index on the other; a record has gone through."""
    with own_network.cable() as end:
        end.index = FarIndex(directory / "index", 4, end.prefix)
        end.daemon = hasty(Daemon(directory, end.index.url, transport=request.param, extra_target="""
    allow_plaintext: true
    connect_timeout: 1s
    dimension: 4""")).start()
        end.daemon.drop("warm.ndjson", [{"id": "warm", "values": vector(9)}])
        end.daemon.idle()
        yield end
        end.daemon.stop()
        end.index.stop()


class FarIndex(Index):
    """The embedded index at the far end of a cable."""

    address = FAR

    def __init__(self, directory, dimension, prefix):
        self.command_prefix = prefix
        super().__init__(directory, dimension)

    def start(self):
        super().start()
        self.relay = subprocess.Popen([*self.command_prefix, sys.executable, own_network.__file__, str(self.port)],
                                      stdout=subprocess.PIPE, text=True)
        assert self.relay.stdout.readline() == "ready\n"

    def stop(self):
        self.relay.kill()
        self.relay.wait()
        super().stop()

    def kill(self):
        self.relay.kill()
        self.relay.wait()
        super().kill()


def journal(far):
    return far.index.journal()["entries"]


def test_a_request_that_vanished_with_its_peer_cannot_overwrite_a_newer_version_when_it_turns_up(far):
    """The kernel sends the bytes of the lost request again, for minutes, also after the daemon has given it up."""
    far.vanish()
    far.daemon.drop("1.ndjson", version(1))
    wait_for(lambda: last_error(far.daemon), 20)
    status = far.daemon.status()
    assert target(status)["unresolved"] == 1 and status["queued"]["records"] == 1
    far.daemon.drop("2.ndjson", version(2))
    status = far.daemon.wait(lambda s: s["accepted"]["records"] == 3)
    assert status["delivered"]["records"] == 1 and status["queued"]["records"] == 2 and target(status)["hold"] is None
    far.come_back()
    status = far.daemon.idle()
    versions = applied(far.index, "a")
    assert versions[-1] == 2 and versions.count(2) == 1 and 1 <= versions.count(1), versions
    assert overlaps_of_versions(far.index) == [] and far.index.fetch(["a"])["a"]["values"] == vector(2)
    assert status["delivered"]["records"] == 3 and status["quarantined"]["records"] == 0


def test_a_peer_that_restarted_without_a_word_leaves_a_half_open_connection(far):
    """Its old kernel's connections are open here and unknown there: the first bytes on them are answered with RST."""
    before = far.daemon.log.read_text().count("request failed")
    far.vanish()
    far.index.kill()
    far.come_back()
    far.index.start()
    far.daemon.drop("a.ndjson", records(100))
    status = far.daemon.idle(30)
    assert status["delivered"]["records"] == 101 == far.index.count() and status["quarantined"]["records"] == 0
    assert len(journal(far)) == 100, "nothing of the request on the dead connection was applied"
    assert far.daemon.log.read_text().count("request failed") - before <= 2


def test_a_large_request_is_cut_off_in_its_middle_by_silence(far):
    """Some of it has arrived, some is on the way; everything is delivered when the peer is back."""
    far.daemon.ctl("pause")
    far.daemon.drop("a.ndjson", records(1000, metadata={"text": "x" * 1500}))
    far.daemon.wait(lambda s: s["accepted"]["records"] == 1001)
    # 1.5 MB take a second and a half, so that the silence comes while bytes are under way.
    slow = ["root", "tbf", "rate", "8mbit", "burst", "64kb", "latency", "1s"]
    subprocess.run(["tc", "qdisc", "add", "dev", "near", *slow], check=True)
    vanishing = threading.Timer(0.5, far.vanish)
    vanishing.start()
    far.daemon.ctl("resume")
    wait_for(lambda: last_error(far.daemon), 20)
    vanishing.join()
    status = far.daemon.status()
    assert status["delivered"]["records"] == 1 and target(status)["unresolved"] == 1
    subprocess.run(["tc", "qdisc", "delete", "dev", "near", "root"], check=True)
    far.come_back()
    status = far.daemon.idle(30)
    assert status["delivered"]["records"] == 1001 == far.index.count() and status["quarantined"]["records"] == 0
    assert overlaps_of_versions(far.index) == []


def test_while_a_peer_is_silent_attempts_are_bounded_and_the_daemon_stops_in_time(far):
    far.vanish()
    far.daemon.drop("a.ndjson", records(100))
    wait_for(lambda: last_error(far.daemon), 20)
    time.sleep(3)
    status = far.daemon.status()
    assert target(status)["unresolved"] <= 1 and status["queued"]["records"] == 100
    started = time.monotonic()
    assert far.daemon.stop() == 0
    assert time.monotonic() - started < 15
    far.come_back()
    far.daemon.start()
    assert far.daemon.idle(30)["delivered"]["records"] == 101 == far.index.count()
