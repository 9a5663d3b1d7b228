"""A server that answers every request with bytes of the test's choosing, over HTTP/1.1 or HTTP/2; nothing is applied."""

import socket
import struct
import threading

DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload=b""):
    """An HTTP/2 frame (RFC 9113 §4.1)."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def header_block(fields):
    """Fields as HPACK literals without indexing or Huffman coding (RFC 7541 §6.2.2)."""
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in fields)


def _text(text):
    data = text.encode("latin-1")
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, size = len(data) - 127, b"\x7f"
    while rest >= 128:
        size, rest = size + bytes([rest % 128 + 128]), rest // 128
    return size + bytes([rest]) + data


def grpc(stream, message=b"", trailers=(("grpc-status", "0"),), head=()):
    """A unary gRPC answer."""
    opening = [(":status", "200"), ("content-type", "application/grpc"), *head]
    prefixed = b"\x00" + struct.pack(">I", len(message)) + message
    return (frame(HEADERS, END_HEADERS, stream, header_block(opening)) + frame(DATA, 0, stream, prefixed)
            + _trailers(stream, header_block(trailers)))


def _trailers(stream, block):
    """The end of a stream: a HEADERS frame and as many CONTINUATION frames as the block needs (RFC 9113 §6.10)."""
    parts = [block[start:start + 16_384] for start in range(0, len(block), 16_384)]
    frames = [frame(HEADERS if number == 0 else CONTINUATION,
                    (END_STREAM if number == 0 else 0) | (END_HEADERS if number == len(parts) - 1 else 0), stream, part)
              for number, part in enumerate(parts)]
    return b"".join(frames)


def http(status, body=b"", kind="application/json", head=()):
    """An HTTP/1.1 answer."""
    fields = [("content-type", kind), ("content-length", len(body)), *head]
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body


class ScriptedServer:
    """Hands each request, read whole, to `answer(stream)`, an iterable of bytes to send; HTTP/1.1 requests have stream 0.

    HTTP/2 requests are answered side by side; `streams_most` is how many one connection had open at once.
    `greet()`, if given, is sent as soon as a client has connected, and takes the place of everything else.
    """

    def __init__(self, answer=None, greet=None, settings=b""):
        self.answer, self.greet, self.settings = answer, greet, settings
        self.requests = self.connections = self.sent = self.streams_most = 0
        self.is_closed, self.open = False, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        """Frees the port, so that a real index can take it."""
        if self.is_closed:
            return
        self.is_closed = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for client in self.open:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            client.close()

    def _accept(self):
        while not self.is_closed:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(client)
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client):
        try:
            if self.greet:
                self._send(client, self.greet())
            else:
                start = client.recv(1, socket.MSG_PEEK)
                self._serve_http2(client) if start == b"P" and client.recv(4, socket.MSG_PEEK)[:3] == b"PRI" \
                    else self._serve_http1(client)
        except (OSError, ValueError):
            pass
        finally:
            client.close()

    def _send(self, client, pieces):
        for piece in pieces:
            client.sendall(piece)
            self.sent += len(piece)

    def _serve_http1(self, client):
        with client.makefile("rb") as reader:
            while reader.readline():
                size = 0
                while (line := reader.readline()) not in (b"\r\n", b""):
                    name, _, value = line.partition(b":")
                    size = int(value) if name.lower() == b"content-length" else size
                reader.read(size)
                self.requests += 1
                self._send(client, self.answer(0))

    def _serve_http2(self, client):
        streams = set()
        with client.makefile("rb") as reader:
            reader.read(24)
            client.sendall(frame(SETTINGS, 0, 0, self.settings))
            while len(head := reader.read(9)) == 9:
                size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
                stream = int.from_bytes(head[5:9], "big") & 0x7FFFFFFF
                payload = reader.read(size)
                if kind == SETTINGS and not flags:
                    client.sendall(frame(SETTINGS, 1, 0))
                elif kind == PING and not flags:
                    client.sendall(frame(PING, 1, 0, payload))
                elif kind == DATA and size:
                    more = struct.pack(">I", size)
                    client.sendall(frame(WINDOW_UPDATE, 0, 0, more) + frame(WINDOW_UPDATE, 0, stream, more))
                if kind == HEADERS:
                    streams.add(stream)
                    self.streams_most = max(self.streams_most, len(streams))
                if kind in (HEADERS, DATA) and flags & END_STREAM:
                    self.requests += 1
                    threading.Thread(target=self._answer, args=[client, stream, streams], daemon=True).start()

    def _answer(self, client, stream, streams):
        """Answers a request of HTTP/2; it stops counting as open just before its last piece."""
        pieces = iter(self.answer(stream))
        try:
            piece = next(pieces, None)
            while piece is not None:
                following = next(pieces, None)
                if following is None:
                    streams.discard(stream)
                client.sendall(piece)
                self.sent += len(piece)
                piece = following
        except (OSError, ValueError):
            pass
