"""Answers without end, out of range or out of form: the daemon stays alive and small, loses nothing, believes nothing."""

import concurrent.futures
import itertools
import json
import struct
import time

import pytest

from conftest import Daemon, Index, vector
from scripted_server import (CONTINUATION, DATA, END_HEADERS, HEADERS, PING, RST_STREAM, SETTINGS, ScriptedServer, frame, grpc,
                             header_block, http)

RECORDS = 100
RSS_MB_MAX = 150
MEGABYTE = b"x" * 1_000_000


IDS = [f"rec-{n}" for n in range(RECORDS)]
LINES = {
    "upsert": [{"id": name, "values": vector(n)} for n, name in enumerate(IDS)],
    "update": [{"op": "update", "id": name, "set_metadata": {"n": 1}} for name in IDS],
    "delete": [{"op": "delete", "id": name} for name in IDS],
    "text": [{"_id": name, "chunk_text": name} for name in IDS],
}


class Storm:
    """A daemon in front of a scripted server, whose port an honest index takes at the end."""

    def __init__(self, directory, transport, write="upsert", **script):
        self.server = ScriptedServer(**script)
        self.index = None
        self.directory, self.write = directory, write
        if write in ("update", "delete"):
            self.make_what_is_changed()
        is_text = write == "text"
        self.daemon = Daemon(directory, self.server.url, transport=transport, api="records" if is_text else "vectors",
                             extra_target="" if is_text else "    dimension: 4")
        text = self.daemon.config.read_text().replace("request_timeout: 5s", "request_timeout: 1s")
        self.daemon.config.write_text(text.replace("ambiguous_hold: 10s", "ambiguous_hold: 2s"))
        self.daemon.start()
        self.daemon.drop("a.ndjson", LINES[write])

    def make_what_is_changed(self):
        index = Index(self.directory / "index", 4)
        index.call("POST", "/vectors/upsert", {"vectors": LINES["upsert"]})
        index.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        self.server.close()
        if self.index:
            self.index.stop()

    def reason(self):
        """What the status says is wrong with the target."""
        target = self.daemon.status()["targets"]["main"]
        return (target.get("hold") or {}).get("reason") or (target.get("last_error") or {}).get("message")

    def wait_for_trouble(self, seconds=20):
        return self.daemon.wait(lambda _: self.reason(), seconds)

    def end(self):
        """Nothing was believed and nothing lost: the honest index gets every record."""
        status = self.daemon.status()
        assert status["delivered"]["records"] == 0 and status["queued"]["records"] == RECORDS, status
        assert status["quarantined"]["records"] == 0, status
        self.server.close()
        self.index = Index(self.directory / "index", 4, port=self.server.port)
        self.daemon.ctl("reload")
        status = self.daemon.idle(60)
        assert status["delivered"]["records"] == RECORDS and self.index.count() == (0 if self.write == "delete" else RECORDS)
        if self.write == "update":
            assert all(record["metadata"] == {"n": 1} for record in self.index.fetch(IDS).values())
        assert status["quarantined"]["records"] == 0
        rss = self.daemon.peak_rss_mb()
        print(f"FIGURE rss {rss:.0f} MB; {self.server.sent >> 10} KiB of answers to {self.server.requests} requests on "
              f"{self.server.connections} connections")
        assert rss < RSS_MB_MAX


# Without end.

def endless_body(_):
    yield b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    yield from itertools.repeat(b"f4240\r\n" + MEGABYTE + b"\r\n")


def endless_header(_):
    yield b"HTTP/1.1 200 OK\r\nx: "
    yield from itertools.repeat(MEGABYTE)


def endless_headers(_):
    yield b"HTTP/1.1 200 OK\r\n"
    yield from itertools.repeat(b"x-more: again\r\n" * 10_000)


def endless_interim_answers(_):
    yield from itertools.repeat(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 1_000)


def endless_data(stream):
    yield frame(HEADERS, END_HEADERS, stream, header_block([(":status", "200"), ("content-type", "application/grpc")]))
    yield from itertools.repeat(frame(DATA, 0, stream, b"x" * 16_000) * 10)


def endless_continuation(stream):
    yield frame(HEADERS, 0, stream, header_block([(":status", "200")]))
    yield from itertools.repeat(frame(CONTINUATION, 0, stream, header_block([("x-more", "y" * 1_000)])))


def endless_pings(_):
    yield from itertools.repeat(frame(PING, 0, 0, b"12345678") * 1_000)


def endless_settings(_):
    yield from itertools.repeat(frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)) * 1_000)


def endless_interim_heads(stream):
    yield from itertools.repeat(frame(HEADERS, END_HEADERS, stream, header_block([(":status", "103")])) * 1_000)


ENDLESS = [("rest", endless_body), ("rest", endless_header), ("rest", endless_headers), ("rest", endless_interim_answers),
           ("grpc", endless_data), ("grpc", endless_continuation), ("grpc", endless_pings), ("grpc", endless_settings),
           ("grpc", endless_interim_heads)]


@pytest.mark.parametrize("transport,answer", ENDLESS, ids=lambda value: getattr(value, "__name__", value))
def test_an_answer_without_end_takes_neither_memory_nor_records(directory, transport, answer):
    with Storm(directory, transport, answer=answer) as storm:
        storm.wait_for_trouble()
        time.sleep(2)  # what would grow grows
        storm.end()


# Out of form.

@pytest.mark.parametrize("transport", ["grpc", "rest"])
@pytest.mark.parametrize("greeting", [b"", b"\x00" * 64, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n",
                                      b"\x15\x03\x01\x00\x02\x02\x28", b"HTTP/1.1 99999 OK\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n"])
def test_what_speaks_another_protocol_is_left_alone_and_not_stormed(directory, transport, greeting):
    with Storm(directory, transport, greet=lambda: [greeting]) as storm:
        storm.wait_for_trouble()
        before = storm.server.connections
        time.sleep(2)
        assert storm.server.connections - before <= 20, "reconnects without a pause"
        storm.end()


BELIEVED_BY_NOBODY = {
    "an object that says nothing": (200, b'{"status":"ok"}'), "an error with status 200": (200, b'{"error":{"code":"X"}}'),
    "a number": (200, b"100"), "a list": (200, b"[]"), "null": (200, b"null"), "nothing": (200, b""),
    "an empty object": (200, b"{}"), "half an object": (200, b'{"upsertedCount":'), "a redirect": (302, b""),
    "an unknown success": (299, b'{"upsertedCount":100}'), "no content": (204, b""), "a status of no class": (600, b"{}"),
}


@pytest.mark.parametrize("name", BELIEVED_BY_NOBODY)
def test_a_success_that_is_not_the_services_own_acknowledges_nothing(directory, name):
    status, body = BELIEVED_BY_NOBODY[name]
    with Storm(directory, "rest", answer=lambda _: [http(status, body)]) as storm:
        storm.daemon.wait(lambda s: storm.reason() or s["delivered"]["records"])
        storm.end()


# A delete or an update is answered with `{}`, or no more than a count; text records with nothing.
NOT_THE_SERVICES_OWN = {
    "an object that says nothing": b'{"status":"ok"}', "an error in words": b'{"error":"token expired"}',
    "an error of the service": b'{"code":16,"message":"who are you"}', "an upsert's": b'{"upsertedCount":100}',
    "a count that is none": b'{"matchedRecords":"all"}', "a list": b"[]", "a page": b"<html>welcome</html>",
}


@pytest.mark.parametrize("name", NOT_THE_SERVICES_OWN)
@pytest.mark.parametrize("write", ["update", "delete", "text"])
def test_a_success_of_another_verb_that_is_not_the_services_own_acknowledges_nothing(directory, write, name):
    answer = http(200, NOT_THE_SERVICES_OWN[name])
    with Storm(directory, "rest", write, answer=lambda _: [answer]) as storm:
        status = storm.daemon.wait(lambda s: s["targets"]["main"].get("hold") or s["delivered"]["records"])
        assert status["targets"]["main"]["hold"]["kind"] == "unexpected_answer", status
        storm.end()


@pytest.mark.parametrize("write", ["update", "delete"])
def test_nothing_where_an_empty_object_belongs_acknowledges_nothing(directory, write):
    with Storm(directory, "rest", write, answer=lambda _: [http(200, b"")]) as storm:
        storm.daemon.wait(lambda s: storm.reason() or s["delivered"]["records"])
        storm.end()


# Out of range: believed or not, but never a trap.

ODD_COUNTS = [b"-1", b"1e400", b"99999999999999999999999", b"1.5", b"9223372036854775807", b"-0"]
ODD_VARINTS = [b"\x08" + b"\xff" * 9 + b"\x01", b"\x08" + b"\xff" * 20, b"\x08", b"\xff" * 8, b"\x0a\xff\xff\xff\xff\x0f"]


def odd_rest():
    yield from (http(200, b'{"upsertedCount":' + count + b"}") for count in ODD_COUNTS)
    for hint in ("1e300", "-1", "nan", "inf", "", "0x10", "Sun, 99 Nov 9999999999999999999 08:49:37 GMT", "9" * 400):
        yield http(429, b"slow down", "text/plain", [("retry-after", hint)])
    yield http(400, b'{"code":99999999999999999999,"message":"x"}')
    yield http(400, b'{"code":3.5,"message":"x"}')
    yield http(200, b'{"upsertedCount":100}', head=[("x-pinecone-request-lsn", "9" * 40)])
    yield http(200, b'{"upsertedCount":100}', head=[("x-pinecone-request-lsn", "-1")])


def odd_grpc():
    yield from (lambda stream, message=message: grpc(stream, message) for message in ODD_VARINTS)
    for hint in ("1e300", "-1", "nan", "inf", "", "9" * 400):
        yield lambda stream, hint=hint: grpc(
            stream, trailers=[("grpc-status", "8"), ("grpc-retry-pushback-ms", hint), ("retry-after", hint)])
    for code in ("-1", "99", "9" * 40, "x", ""):
        yield lambda stream, code=code: grpc(stream, trailers=[("grpc-status", code), ("grpc-message", "%ZZ%F0%9F%")])
    yield lambda stream: frame(DATA, 1, stream, b"\x00\xff\xff\xff\xff")
    yield lambda stream: frame(RST_STREAM, 0, stream, struct.pack(">I", 0xFFFFFFFF))
    yield lambda stream: grpc(stream, head=[("x-pinecone-request-lsn", "9" * 40)])


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_numbers_out_of_range_do_not_end_the_daemon(directory, transport):
    answers = list(odd_grpc() if transport == "grpc" else odd_rest())

    def survive(number):
        odd, place = answers[number], directory / str(number)
        place.mkdir()
        with Storm(place, transport, answer=lambda stream: [odd(stream) if callable(odd) else odd]) as storm:
            storm.daemon.wait(lambda s: storm.reason() or s["delivered"]["records"] or s["quarantined"]["records"])
            assert storm.server.requests > 0, odd
            storm.daemon.ctl("pause")
            status = storm.daemon.status()
            total = status["delivered"]["records"] + status["quarantined"]["current"] + status["queued"]["records"]
            assert total == RECORDS, (odd, status)
            assert storm.daemon.process.poll() is None and storm.server.requests < 400, (odd, storm.server.requests)
            assert storm.daemon.stop() == 0, odd

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        list(threads.map(survive, range(len(answers))))


# Words.

@pytest.mark.parametrize("length", [12_000, 60_000])
@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_a_servers_words_reach_the_operator_escaped_and_short(directory, transport, length):
    words = "bad \x1b[2J\x1b]0;owned\x07 value\nlevel=critical forged line " + "y" * length
    if transport == "rest":
        body = json.dumps({"code": 3, "message": words, "details": []}).encode()
        answer = lambda _: [http(400, body)]  # noqa: E731
    else:
        coded = "".join(c if " " <= c <= "~" and c != "%" else f"%{ord(c):02X}" for c in words)
        answer = lambda stream: [grpc(stream, trailers=[("grpc-status", "3"), ("grpc-message", coded)])]  # noqa: E731
    with Storm(directory, transport, answer=answer) as storm:
        status = storm.daemon.wait(lambda s: s["quarantined"]["records"] > 0 and s["targets"]["main"]["held_namespaces_count"])
        log = storm.daemon.log.read_bytes()
        shown = storm.daemon.ctl("quarantine", "list").stdout + storm.daemon.ctl("status").stdout
        assert b"\x1b" not in log and b"\x07" not in log and "\x1b" not in shown and "\x07" not in shown
        assert not any(line.startswith(b"level=critical") for line in log.splitlines())
        assert max(map(len, log.splitlines())) < 5_000 and "y" * 2_000 not in shown
        assert status["delivered"]["records"] == 0
