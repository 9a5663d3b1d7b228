"""HTTP/2 peers that give little or break the protocol: requests wait or go elsewhere, and nothing is believed or lost."""

import struct
import time

import pytest

from scripted_server import DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, grpc, header_block
from test_hostile_answers import RECORDS, Storm

STREAMS_MAX, WINDOW, FRAME_SIZE = 3, 4, 5
PUSH_PROMISE, GOAWAY = 5, 7
HEAD = header_block([(":status", "200"), ("content-type", "application/grpc")])


def setting(number, value):
    return struct.pack(">HI", number, value)


def target(status):
    return status["targets"]["main"]


def test_a_server_without_room_for_streams_gets_none_and_nothing_is_uncertain(directory):
    with Storm(directory, "grpc", answer=lambda stream: [grpc(stream)], settings=setting(STREAMS_MAX, 0)) as storm:
        status = storm.wait_for_trouble()
        assert storm.server.requests == 0 and status["held_keys"] == 0 and target(status)["unresolved"] == 0
        storm.end()


def test_one_stream_at_a_time_is_enough(directory):
    def answer(stream):
        time.sleep(0.2)
        yield grpc(stream, message=b"\x08\x01")

    with Storm(directory, "grpc", answer=answer, settings=setting(STREAMS_MAX, 1)) as storm:
        for number in range(20):
            storm.daemon.drop(f"{number}.ndjson", [{"id": f"other-{number}", "values": [1, 2, 3, 4], "namespace": str(number)}])
        status = storm.daemon.idle()
        assert storm.server.streams_most == 1
        assert status["delivered"]["records"] == RECORDS + 20 and status["delivered"]["requests"] == 21


def test_a_server_that_never_opens_its_window_is_given_up_at_the_timeout(directory):
    with Storm(directory, "grpc", answer=lambda stream: [grpc(stream)], settings=setting(WINDOW, 0)) as storm:
        # On a busy machine the connection itself may be given up first, with nothing sent and nothing uncertain.
        storm.daemon.wait(lambda s: target(s)["unresolved"])
        assert storm.server.requests == 0
        storm.end()


BROKEN = {
    "a window beyond 2^31": lambda _: frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7FFFFFFF)) * 2,
    "a window that grows by nothing": lambda stream: frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", 0)),
    "a setting out of range": lambda _: frame(SETTINGS, 0, 0, setting(WINDOW, 0xFFFFFFFF)),
    "frames of no size": lambda _: frame(SETTINGS, 0, 0, setting(FRAME_SIZE, 0)),
    "half a setting": lambda _: frame(SETTINGS, 0, 0, b"\x00\x03\x00"),
    "data on no stream": lambda _: frame(DATA, 0, 0, b"x"),
    "data before headers": lambda stream: frame(DATA, END_STREAM, stream, b"x"),
    "an answer to nobody": lambda _: frame(HEADERS, END_HEADERS | END_STREAM, 0x7FFFFFFD, header_block([(":status", "200")])),
    "fields that are not HPACK": lambda stream: frame(HEADERS, END_HEADERS, stream, b"\xff" * 30),
    "no status": lambda stream: frame(HEADERS, END_HEADERS | END_STREAM, stream, header_block([("grpc-status", "0")])),
    "a push": lambda stream: frame(PUSH_PROMISE, END_HEADERS, stream, struct.pack(">I", 2) + header_block([(":path", "/")])),
    "padding longer than its frame": lambda stream: frame(DATA, 8, stream, b"\xff"),
    "a frame beyond the size allowed": lambda stream: frame(DATA, 0, stream, b"x" * 100_000),
    "a reset of no stream": lambda _: frame(RST_STREAM, 0, 0, struct.pack(">I", 8)),
    "half a GOAWAY": lambda _: frame(GOAWAY, 0, 0, b"\x00"),
    "a head and no more": lambda stream: frame(HEADERS, END_HEADERS, stream, HEAD),
    "a head that ends without a status of gRPC": lambda stream: frame(HEADERS, END_HEADERS | END_STREAM, stream, HEAD),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_frame_acknowledges_nothing(directory, name):
    with Storm(directory, "grpc", answer=lambda stream: [BROKEN[name](stream)]) as storm:
        storm.daemon.wait(lambda s: storm.reason() or s["delivered"]["records"])
        storm.end()
