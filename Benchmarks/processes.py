"""The processes of a run: the neutral sink, the script, upsertd. Each reports the CPU seconds of its whole life."""

import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent


class Sink:
    """The server that both sides deliver to."""

    def __init__(self, binary, port, delay=0):
        self.port = port
        self.process = subprocess.Popen([binary, str(port), str(delay)])
        deadline = time.monotonic() + 10
        while True:
            try:
                self.ask("/count")
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def ask(self, path, timeout=3600):
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\n\r\n".encode())
            data = b""
            while not data.endswith(b"\n") or b"\r\n\r\n" not in data:
                data += connection.recv(4096)
        return [int(word) for word in data.split(b"\r\n\r\n", 1)[1].split()]

    @property
    def vectors(self):
        """Vectors acknowledged so far."""
        return self.ask("/count")[1]

    def wait(self, vectors, timeout=3600):
        """Returns once so many vectors are acknowledged in all."""
        self.ask(f"/wait/{vectors}", timeout)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def script(wire, path, sink):
    """Runs the script; returns (CPU seconds, seconds, peak MB)."""
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, HERE / "script.py", wire, path, str(sink.port)], stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        raise RuntimeError(f"the script ended with {status}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start, int(said) / 1024


class Daemon:
    """upsertd with the durability settings that it is shipped with, in a directory of its own."""

    def __init__(self, binaries, directory, port, dimension, wire="grpc", settings="", outbox=None):
        self.binaries = pathlib.Path(binaries)
        self.home = pathlib.Path(tempfile.mkdtemp(dir=directory))
        self.incoming = self.home / "spool" / "incoming"
        (self.home / "key").write_text("bench")
        (self.home / "key").chmod(0o600)
        outboxes = f"outboxes: [{{path: {outbox}, target: main}}]" if outbox else ""
        (self.home / "c.yaml").write_text(f"""
spools: [{{directory: {self.home}/spool, target: main}}]
{outboxes}
queue: {{directory: {self.home}/queue}}
status: {{socket: {self.home}/s}}
log_level: error
targets:
  main:
    host: "http://127.0.0.1:{port}"
    transport: {wire}
    api_key_file: {self.home}/key
    dimension: {dimension}
    {settings}
""")
        self.start()

    def start(self):
        """Starts it; returns the seconds until it was ready."""
        begin = time.monotonic()
        self.process = subprocess.Popen([self.binaries / "upsertd", "run", "--config", self.home / "c.yaml"])
        while True:
            try:
                if self.status()["state"] in ("running", "paused"):
                    return time.monotonic() - begin
            except (OSError, IndexError, ValueError):
                pass
            if self.process.poll() is not None:
                raise RuntimeError("upsertd ended")
            time.sleep(0.01)

    def status(self):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.home / "s"))
            connection.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            data = b""
            while block := connection.recv(65536):
                data += block
        return json.loads(data.split(b"\r\n\r\n", 1)[1])

    def until(self, condition, poll=0.1, seconds=3600):
        deadline = time.monotonic() + seconds
        while not condition(status := self.status()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"upsertd is not done after {seconds} s: {json.dumps(status)}")
            time.sleep(poll)
        return status

    def empty(self, records, poll=0.1):
        """Waits until so many records are accepted in all and the queue is empty."""
        return self.until(lambda s: s["accepted"]["records"] >= records and s["queued"]["records"] == 0, poll)

    def drop(self, path, name="data.ndjson"):
        """Makes a copy of a file appear in the spool whole, at once; returns when it did."""
        hidden = self.incoming / f".{name}"
        subprocess.run(["cp", path, hidden], check=True)
        hidden.rename(self.incoming / name)
        return time.monotonic()

    def drop_bytes(self, data, name):
        hidden = self.incoming / f".{name}"
        hidden.write_bytes(data)
        hidden.rename(self.incoming / name)
        return time.monotonic()

    def cpu(self):
        """CPU seconds so far."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, kind="VmHWM"):
        """MB: VmHWM is the peak, VmRSS what it holds now."""
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(kind):
                return int(line.split()[1]) / 1024

    def wakeups(self, seconds):
        """How often its threads wake up in a second, seen for so long. Threads that end meanwhile count with what they
        had done when seen last."""
        seen, start = self.sleeps(), time.monotonic()
        total = 0
        while time.monotonic() - start < seconds:
            time.sleep(1)
            now = self.sleeps()
            total += sum(count - seen.get(task, 0) for task, count in now.items())
            seen = now
        return total / (time.monotonic() - start)

    def sleeps(self):
        """By thread, how often it has gone to sleep so far."""
        counts = {}
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            try:
                lines = open(f"/proc/{self.process.pid}/task/{task}/status").read().splitlines()
            except FileNotFoundError:
                continue
            counts[task] = next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
        return counts

    def queue_bytes(self):
        """Bytes of the queue's database file, without the log that goes with it."""
        return (self.home / "queue" / "queue.db").stat().st_size

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, keep=False):
        """Ends it; returns the CPU seconds of its whole life."""
        self.process.terminate()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = status
        if status != 0:
            raise RuntimeError(f"upsertd ended with {status}")
        if not keep:
            shutil.rmtree(self.home)
        return usage.ru_utime + usage.ru_stime


def append_rate(directory, bytes_total, block=4_000_000):
    """Bytes a second that this disk takes durably: appended in blocks, each synced."""
    path = pathlib.Path(directory) / "append"
    data = os.urandom(block)
    start = time.monotonic()
    with open(path, "wb", buffering=0) as file:
        for _ in range(max(1, bytes_total // block)):
            file.write(data)
            os.fdatasync(file.fileno())
    rate = max(1, bytes_total // block) * block / (time.monotonic() - start)
    path.unlink()
    return rate


def machine():
    """One line about where this ran."""
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    system = next((line.split("=", 1)[1].strip().strip('"') for line in open("/etc/os-release")
                   if line.startswith("PRETTY_NAME")), "Linux")
    return f"{os.cpu_count()} × {model}, {memory:.0f} GiB, {system}, Linux {os.uname().release}"
