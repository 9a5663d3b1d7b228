"""Starts real processes for the tests: the daemon, the embedded index, NeedleDB. Everything lives in a directory of its own."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("UPSERTD_BIN", ROOT / ".build" / "release"))
KEY = "test-key-0123456789"


class Index:
    """The embedded index in a process of its own, with fault injection and a journal of applied writes."""

    address = "127.0.0.1"
    command_prefix = ()

    def __init__(self, directory, dimension, metric="euclidean", port=0, options=()):
        self.directory, self.dimension, self.metric = directory, dimension, metric
        self.options = options
        self.port = port
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [*self.command_prefix, BINARIES / "upsertd", "index", "--port", str(self.port), "--dimension", str(self.dimension),
             "--metric", self.metric, "--directory", str(self.directory), "--fault-control", "--journal",
             *map(str, self.options)],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("index: http://"), line
        self.port = int(line.split("http://")[1].split(" ")[0].rsplit(":", 1)[1])

    @property
    def url(self):
        return f"http://{self.address}:{self.port}"

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method,
                                         headers={"Content-Type": "application/json", "Api-Key": KEY,
                                                  "X-Pinecone-Api-Version": "2026-07"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    def count(self, namespace=None):
        stats = self.call("POST", "/describe_index_stats", {})
        if namespace is None:
            return stats["totalVectorCount"]
        names = stats["namespaces"]
        return names.get(namespace, names.get("__default__" if namespace == "" else namespace, {})).get("vectorCount", 0)

    def fetch(self, ids, namespace=""):
        found = {}
        for start in range(0, len(ids), 100):
            query = "&".join(f"ids={urllib.parse.quote(i, safe='')}" for i in ids[start:start + 100])
            path = f"/vectors/fetch?{query}&namespace={urllib.parse.quote(namespace, safe='')}"
            found.update(self.call("GET", path)["vectors"])
        return found

    def journal(self):
        return self.call("GET", "/_journal")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Daemon:
    """upsertd with a configuration file, a spool and a status socket in one directory."""

    def __init__(self, directory, host, transport="grpc", api="vectors", extra_target="", extra="", namespace=""):
        self.directory = pathlib.Path(directory)
        self.spool = self.directory / "spool"
        self.incoming = self.spool / "incoming"
        self.socket = self.directory / "status.sock"
        self.log = self.directory / "daemon.log"
        self.config = self.directory / "upsertd.yaml"
        key = self.directory / "main.key"
        key.write_text(KEY + "\n")
        key.chmod(0o600)
        self.config.write_text(f"""
spools:
  - directory: {self.spool}
    target: main
    namespace: "{namespace}"
    settle: 300ms
queue:
  directory: {self.directory}/queue
status:
  socket: {self.socket}
targets:
  main:
    host: {host}
    api: {api}
    transport: {transport}
    api_key_file: {key}
    linger: 20ms
    request_timeout: 5s
    ambiguous_hold: 10s
{extra_target}
{extra}
""")
        self.process = None

    def start(self, wait=True):
        self.process = subprocess.Popen([BINARIES / "upsertd", "run", "--config", self.config],
                                        stderr=open(self.log, "ab"), stdout=subprocess.DEVNULL)
        if wait:
            self.wait(lambda s: s["state"] in ("running", "paused"), 30)
        return self

    def status(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(str(self.socket))
        connection.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
        connection.close()
        return json.loads(data.split(b"\r\n\r\n", 1)[1])

    def wait(self, condition, seconds=60):
        """Waits until the status satisfies `condition`; returns that status."""
        deadline, last = time.monotonic() + seconds, None
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"daemon ended: {self.log.read_text()[-3000:]}"
            try:
                last = self.status()
                if condition(last):
                    return last
            except (OSError, ValueError, IndexError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"timed out; status {json.dumps(last)}; log {self.log.read_text()[-3000:]}")

    def idle(self, seconds=60):
        status = self.wait(lambda s: s["idle"], seconds)
        total = (status["delivered"]["records"] + status["coalesced"]["records"] + status["no_effect"]["records"]
                 + status["dropped"]["records"] + status["quarantined"]["current"] + status["queued"]["records"])
        assert status["accepted"]["records"] == total, status
        return status

    def drop(self, name, lines, namespace=None):
        """Drops a file as a producer should: hidden name, fsync, rename."""
        place = self.incoming if namespace is None else self.incoming / namespace
        place.mkdir(parents=True, exist_ok=True)
        data = lines if isinstance(lines, bytes) else "".join(json.dumps(line) + "\n" for line in lines).encode()
        hidden = place / ("." + name[:200])
        with open(hidden, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        hidden.rename(place / name)

    def ctl(self, *arguments, check=True, input=None):
        done = subprocess.run([BINARIES / "upsertctl", "--socket", self.socket, *map(str, arguments)],
                              capture_output=True, text=True, timeout=120, input=input)
        assert not check or done.returncode == 0, (done.args, done.returncode, done.stdout, done.stderr)
        return done

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(40)
        return self.process.returncode if self.process else None

    def errors(self, name):
        return [json.loads(line) for line in (self.spool / "rejected" / name).read_text().splitlines()]

    def peak_rss_mb(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024


@pytest.fixture
def directory():
    path = pathlib.Path(tempfile.mkdtemp(prefix="upsertd-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def index(directory):
    server = Index(directory / "index", 4)
    yield server
    server.stop()


@pytest.fixture
def daemon(directory, index):
    daemon = Daemon(directory, index.url).start()
    yield daemon
    daemon.stop()


def vector(number, dimension=4):
    """A vector that nobody else has and that float32 holds exactly."""
    return [float(number % 8192), 1.0, 0.5, float(number // 8192)][:dimension] + [0.25] * max(0, dimension - 4)
