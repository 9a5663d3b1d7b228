"""nginx, HAProxy and gRPC's server in C in front of the index."""

import pathlib
import socket
import subprocess
import sys

from conftest import ROOT
from test_hostile_server import wait_for

BINARIES = ROOT / ".build" / "proxies" / "usr" / "sbin"


class Proxy:
    """A proxy with a configuration of its own on a port of its own, in the foreground."""

    def __init__(self, directory, name, command, configuration, scheme="http"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self.file, self.text = directory / f"{name}.conf", configuration
        self.command, self.log = [*command, self.file], open(directory / f"{name}.log", "ab")
        self.write()
        self.start()

    def write(self, *changes):
        text = self.text.replace("PORT", str(self.port))
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.file.write_text(text)

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        wait_for(self.answers)

    def answers(self):
        assert self.process.poll() is None, open(self.log.name).read()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def reload(self, signal, *changes):
        self.write(*changes)
        self.process.send_signal(signal)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def nginx(directory, index, transport, more="", tls=None, requests=1_000, bodies=0):
    """nginx that takes gRPC by its path, and everything else as REST.

    - tls: files of a certificate and its key.
    - requests: how many it takes on a connection before it closes that.
    - bodies: bytes of a request's body at most; 0 for any.
    """
    secure = f"ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]};" if tls else ""
    # Without TLS a port of this nginx speaks HTTP/2 or HTTP/1.1, not both.
    protocols = "ssl http2" if tls else "http2" if transport == "grpc" else ""
    return Proxy(directory, "nginx", [BINARIES / "nginx", "-p", directory, "-c"], f"""
daemon off;
user root;
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    client_max_body_size {bodies};
    keepalive_requests {requests};
    {more}
    server {{
        listen 127.0.0.1:PORT {protocols};
        {secure}
        location /VectorService/ {{ grpc_pass grpc://127.0.0.1:{index.port}; }}
        location / {{ proxy_pass http://127.0.0.1:{index.port}; }}
    }}
}}
""", "https" if tls else "http")


def haproxy(directory, index, transport):
    protocol = "proto h2" if transport == "grpc" else ""
    return Proxy(directory, "haproxy", [BINARIES / "haproxy", "-db", "-f"], f"""
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:PORT {protocol}
    default_backend index
backend index
    server one 127.0.0.1:{index.port} {protocol}
""")


class Gateway:
    """gRPC's server in C; options as grpc_gateway.py takes them."""

    def __init__(self, index, **options):
        program = pathlib.Path(__file__).with_name("grpc_gateway.py")
        self.process = subprocess.Popen(
            [sys.executable, program, str(index.port), *(f"{name}={value}" for name, value in options.items())],
            stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
