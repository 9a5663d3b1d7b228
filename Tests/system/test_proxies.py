"""Other people's servers between upsertd and the index: HTTP/2 and HTTP/1.1 as they speak them, with their bounds."""

import signal

import pytest

from conftest import Daemon, vector
from proxies import Gateway, haproxy, nginx
from test_hostile_server import certificate, last_error, records, target, transport  # noqa: F401 (a fixture)


class Behind:
    """A daemon that sees the index through a proxy."""

    def __init__(self, directory, proxy, transport, more=""):
        self.proxy, self.daemon = proxy, Daemon(directory, proxy.url, transport=transport, extra_target=more)

    def __enter__(self):
        try:
            return self.daemon.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.daemon.stop()
        self.proxy.stop()


def mixed(count):
    """Writes of every kind over two namespaces; `count` of them, large enough for several frames a request."""
    lines = records(count, metadata={"text": "x" * 500})
    lines += [{**line, "namespace": "other"} for line in lines[:count // 2]]
    return lines + [{"op": "delete", "id": lines[0]["id"]},
                    {"op": "update", "id": lines[1]["id"], "set_metadata": {"u": "é\""}}]


def expect_all(daemon, index, count):
    status = daemon.idle()
    assert status["quarantined"]["records"] == 0 and status["held_keys"] == 0, status
    assert index.count("") == count - 1 and index.count("other") == count // 2
    assert index.fetch(["rec-000001"])["rec-000001"]["metadata"]["u"] == "é\""
    journal = index.journal()
    assert len(journal["entries"]) == status["delivered"]["records"] and not journal["overlaps"]


@pytest.mark.parametrize("make", [nginx, haproxy])
def test_everything_goes_through(directory, index, transport, make):
    with Behind(directory, make(directory, index, transport), transport) as daemon:
        daemon.drop("a.ndjson", mixed(10_000))
        expect_all(daemon, index, 10_000)


def test_over_tls(directory, index, transport):
    files = certificate(directory, "tls", 0, 10)
    proxy = nginx(directory, index, transport, tls=files)
    with Behind(directory, proxy, transport, f"    ca_file: {files[0]}") as daemon:
        daemon.drop("a.ndjson", mixed(10_000))
        expect_all(daemon, index, 10_000)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_connections_that_close_after_a_few_requests_cost_nothing(directory, index, transport, secure):
    # nginx says GOAWAY, or Connection: close, with every fifth answer.
    files = certificate(directory, "tls", 0, 10) if secure else None
    more = f"    ca_file: {files[0]}" if secure else ""
    proxy = nginx(directory, index, transport, tls=files, requests=5)
    with Behind(directory, proxy, transport, more) as daemon:
        for number in range(60):
            daemon.drop(f"{number}.ndjson", [{"id": f"r{number}", "values": vector(number), "namespace": f"n{number}"}])
        status = daemon.idle()
        assert status["delivered"]["records"] == 60 and status["held_keys"] == 0
        # None was sent twice, and nothing waited.
        assert len(index.journal()["entries"]) == 60 and not last_error(daemon), last_error(daemon)


def test_a_proxy_that_reads_its_configuration_again_under_load_loses_nothing(directory, index, transport):
    proxy = nginx(directory, index, transport)
    with Behind(directory, proxy, transport) as daemon:
        index.call("POST", "/_faults", {"effect": "delay", "ms": 300})
        for number in range(20):
            daemon.drop(f"{number}.ndjson", records(2_000, number * 2_000, metadata={"text": "x" * 2_000}))
        for number in range(3):
            before = daemon.status()["delivered"]["records"]
            status = daemon.wait(lambda s: s["delivered"]["records"] > before and s["in_flight"]["requests"])
            proxy.reload(signal.SIGHUP, ("keepalive_requests 1000", f"keepalive_requests {1_000 + number}"))
            assert status["queued"]["records"] > 0
        status = daemon.idle()
        assert status["delivered"]["records"] == 40_000 and index.count() == 40_000
        assert status["quarantined"]["records"] == 0


def test_a_proxy_without_its_index_is_waited_for(directory, index, transport):
    with Behind(directory, nginx(directory, index, transport), transport) as daemon:
        index.stop()
        daemon.drop("a.ndjson", records(100))
        daemon.wait(lambda s: target(s)["last_error"])
        assert "502" in last_error(daemon), last_error(daemon)
        index.start()
        assert daemon.idle()["delivered"]["records"] == 100 and index.count() == 100


def test_a_proxy_that_takes_small_bodies_is_sent_small_ones(directory, index, transport):
    with Behind(directory, nginx(directory, index, transport, bodies="100k"), transport) as daemon:
        daemon.drop("a.ndjson", records(1_000, metadata={"text": "x" * 500}))
        status = daemon.idle()
        assert status["delivered"]["records"] == 1_000 and status["quarantined"]["records"] == 0
        assert target(status)["bytes_bound"] <= 100_000 and len(index.journal()["entries"]) == 1_000


def test_a_proxy_that_allows_so_many_requests_a_second_is_obeyed(directory, index, transport):
    limits = "limit_req_zone $binary_remote_addr zone=all:1m rate=20r/s; limit_req zone=all burst=2 nodelay; limit_req_status 429;"
    with Behind(directory, nginx(directory, index, transport, more=limits), transport) as daemon:
        for number in range(40):
            daemon.drop(f"{number}.ndjson", [{"id": f"r{number}", "values": vector(number), "namespace": f"n{number}"}])
        status = daemon.idle()
        assert status["delivered"]["records"] == 40 and status["held_keys"] == 0
        # A request that was turned away was not applied, and that is known.
        assert len(index.journal()["entries"]) == 40 and "429" in last_error(daemon), last_error(daemon)


# gRPC's own server.

@pytest.mark.parametrize("options", [{"max_concurrent_streams": 1}, {"max_connection_age_ms": 300}], ids=str)
def test_a_server_in_c_is_spared_and_followed(directory, index, options):
    with Behind(directory, Gateway(index, **options), "grpc") as daemon:
        for number in range(10):
            daemon.drop(f"{number}.ndjson", records(1_000, number * 1_000, metadata={"text": "x" * 1_000}))
        status = daemon.idle()
        assert status["delivered"]["records"] == 10_000 and status["held_keys"] == 0 and index.count() == 10_000
        assert len(index.journal()["entries"]) == 10_000 and not last_error(daemon), last_error(daemon)


def test_the_bound_of_a_server_in_c_on_messages_is_learnt(directory, index):
    with Behind(directory, Gateway(index, max_receive_message_length=300_000), "grpc") as daemon:
        daemon.drop("a.ndjson", records(3_000, metadata={"text": "x" * 1_000}))
        status = daemon.idle()
        assert status["delivered"]["records"] == 3_000 and index.count() == 3_000 and status["quarantined"]["records"] == 0
        assert target(status)["bytes_bound"] <= 300_000 and "larger than max" in daemon.log.read_text()
