"""A relay between the daemon and the index that cuts, stalls and garbles on command; with TLS if wanted."""

import socket
import ssl
import struct
import threading
import time

HEADERS, GOAWAY = 1, 7


def go_away(last_stream, code=0):
    """An HTTP/2 GOAWAY frame (RFC 9113 §6.8)."""
    return b"\x00\x00\x08\x07\x00" + struct.pack(">III", 0, last_stream, code)


class Wire:
    """Relays connections to `port`. `fault` is what happens from now on; "" is nothing.

    cut_request   after `after` more bytes from the client both sides are reset
    cut_answer    after `after` more bytes from the server both sides are reset
    trickle       answers come a byte at a time, two a second
    freeze        nothing is read or written on any connection that is open, and none is closed
    no_answers    requests arrive, answers do not
    refuse_stream HTTP/2: the next request is not passed on; GOAWAY says that it was not looked at
    leave         HTTP/2: GOAWAY before the next answer, which still comes
    leave_silent  HTTP/2: GOAWAY instead of the next answer, then the connection is closed
    """

    def __init__(self, port, tls=None):
        self.port, self.tls = port, tls
        self.fault, self.after = "", 0
        self.connections = 0
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.listener.getsockname()[1]}"

    def arm(self, fault, after=0):
        self.after = after
        self.fault = fault

    def close(self):
        self.is_closed = True
        self.listener.close()
        for client, server in self.open:
            client.close()
            server.close()

    def go_away_now(self):
        """Says GOAWAY on every connection, between requests."""
        for client, _ in self.open:
            try:
                client.sendall(go_away(0x7FFFFFFF))
            except OSError:
                pass

    def _accept(self):
        while not self.is_closed:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client):
        self.connections += 1
        try:
            if self.tls:
                client = self.tls.wrap_socket(client, server_side=True)
            server = socket.create_connection(("127.0.0.1", self.port))
        except OSError:
            client.close()
            return
        pair = (client, server)
        self.open.append(pair)
        shared = {"refused": False}
        for source, sink, is_request in ((client, server, True), (server, client, False)):
            threading.Thread(target=self._pump, args=[source, sink, is_request, pair, shared], daemon=True).start()

    def _pump(self, source, sink, is_request, pair, shared):
        try:
            first = source.recv(65536)
            http2 = first.startswith(b"PRI * HTTP/2") if is_request else first[3:5] == b"\x04\x00"
            frames = Frames(24 if is_request else 0) if http2 else None
            data = first
            while data:
                while self.fault == "freeze":
                    time.sleep(0.02)
                pieces = frames.split(data) if frames else [(None, 0, data)]
                for kind, stream, piece in pieces:
                    if not self._relay(kind, stream, piece, sink, is_request, pair, shared):
                        return
                data = source.recv(65536)
        except (OSError, ValueError):
            pass
        finally:
            self._end(pair, reset=False)

    def _relay(self, kind, stream, piece, sink, is_request, pair, shared):
        """Passes one piece on, or does what the fault says; False when the connection is over."""
        fault = self.fault
        if shared["refused"] and is_request:
            return True
        if fault == ("cut_request" if is_request else "cut_answer"):
            if len(piece) >= self.after:
                self.fault = ""
                sink.sendall(piece[:self.after])
                self._end(pair, reset=True)
                return False
            self.after -= len(piece)
        elif fault == "refuse_stream" and is_request and kind == HEADERS:
            self.fault = ""
            shared["refused"] = True
            pair[0].sendall(go_away(max(0, stream - 2)))
            return True
        elif fault in ("leave", "leave_silent") and not is_request and kind == HEADERS:
            self.fault = ""
            sink.sendall(go_away(stream))
            if fault == "leave_silent":
                self._end(pair, reset=False)
                return False
        elif fault == "no_answers" and not is_request:
            return True
        elif fault == "trickle" and not is_request:
            for byte in piece:
                sink.sendall(bytes([byte]))
                time.sleep(0.5)
            return True
        sink.sendall(piece)
        return True

    def _end(self, pair, reset):
        if pair in self.open:
            self.open.remove(pair)
        for end in pair:
            try:
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            except OSError:
                pass


class Frames:
    """Cuts a stream of bytes into HTTP/2 frames: (type, stream, bytes). What is not a whole frame waits."""

    def __init__(self, preface):
        self.preface, self.rest = preface, b""

    def split(self, data):
        self.rest += data
        if self.preface and len(self.rest) >= self.preface:
            yield None, 0, self.rest[:self.preface]
            self.rest, self.preface = self.rest[self.preface:], 0
        while not self.preface and len(self.rest) >= 9:
            size = 9 + int.from_bytes(self.rest[:3], "big")
            if len(self.rest) < size:
                return
            frame, self.rest = self.rest[:size], self.rest[size:]
            yield frame[3], int.from_bytes(frame[5:9], "big") & 0x7FFFFFFF, frame


def server_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    return context
