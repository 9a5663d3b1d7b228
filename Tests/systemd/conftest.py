"""upsertd installed in a booted machine, and an index in it to deliver to."""

import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import pytest

import container as machines

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("UPSERTD_BIN", ROOT / ".build" / "release"))
KEY = "pcsk_First-Key-0123456789abcdef"
OTHER_KEY = "pcsk_Second-Key-fedcba9876543210"

CONFIG = """
spools:
  - directory: /var/spool/upsertd
    target: main
    settle: 200ms
queue:
  directory: /var/lib/upsertd
status:
  socket: /run/upsertd/status.sock
targets:
  main:
    host: {host}
    transport: {transport}
    dimension: 4
    linger: {linger}
    request_timeout: {request_timeout}
    connect_timeout: 2s
    ambiguous_hold: 20s
{target}
{top}
"""

# Message ids and fields by name, as the daemon has them, and priorities, as the page for operators has them.
SOURCE = (ROOT / "Sources/UpsertDaemon/Report/OperatorEvent.swift").read_text()
EVENTS = dict(re.findall(r'case (\w+) = "([0-9a-f]{32})"', SOURCE))
FIELDS = {name: {"UPSERTD_" + field.upper() for field in re.findall(r'"(\w+)"', fields)}
          for names, fields in re.findall(r"case ((?:\.\w+(?:,\s*)?)+): \[(.*?)\]", SOURCE)
          for name in re.findall(r"\w+", names)}
PRIORITIES = dict(re.findall(r"^\| `([0-9a-f]{32})` \| (\d) \|", (ROOT / "docs/operations.md").read_text(), re.M))


def wait(condition, seconds=20, what="it"):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"timed out waiting for {what}")


class Index:
    """The embedded index inside, as a unit of its own: with a new name each time, since a stopped one may stay loaded."""

    starts = itertools.count(1)

    def __init__(self, machine):
        self.machine = machine
        self.port = 7700
        self.key = KEY

    def start(self, key=KEY, fresh=True):
        self.stop()
        self.key = key
        if fresh:
            self.machine.run("rm", "-rf", "/var/lib/index")
        path = self.machine.root / "etc/index.key"
        path.write_text(key)
        self.machine.run("systemd-run", "--quiet", "--collect", f"--unit=index-{next(Index.starts)}", "upsertd", "index",
                         "--port", self.port, "--dimension", 4, "--metric", "euclidean", "--directory", "/var/lib/index",
                         "--api-key-file", "/etc/index.key", "--fault-control", "--journal")
        wait(lambda: self.machine.run("curl", "-s", self.url, check=False).returncode == 0, 20, "the index")

    def stop(self):
        self.machine.run("systemctl", "stop", "index-*.service", check=False)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def call(self, method, path, body=None):
        # Options go over standard input, so that the key is in no command line.
        options = [f'url = "{self.url}{path}"', f'request = "{method}"', f'header = "Api-Key: {self.key}"',
                   'header = "Content-Type: application/json"', 'header = "X-Pinecone-Api-Version: 2026-07"']
        if body is not None:
            options.append("data = " + json.dumps(json.dumps(body)))
        done = self.machine.run("curl", "-sS", "-K", "-", input="\n".join(options))
        return json.loads(done.stdout or "{}")

    def fault(self, **fault):
        self.call("POST", "/_faults", fault)

    def heal(self):
        self.call("DELETE", "/_faults")

    def count(self):
        return self.call("POST", "/describe_index_stats", {})["totalVectorCount"]


class Service:
    """upsertd.service inside."""

    unit = "upsertd.service"

    def __init__(self, machine):
        self.machine = machine

    # What it is set up as

    def configure(self, host="http://127.0.0.1:7700", transport="grpc", target="", top="", linger="20ms",
                  request_timeout="5s"):
        text = CONFIG.format(host=host, transport=transport, target=target, top=top, linger=linger,
                             request_timeout=request_timeout)
        (self.machine.root / "etc/upsertd/upsertd.yaml").write_text(text)

    def key(self, key=KEY):
        path = self.machine.root / "etc/upsertd/main.key"
        path.touch(mode=0o600)
        path.write_text(key + "\n")

    def drop_in(self, name, text):
        directory = self.machine.root / "etc/systemd/system/upsertd.service.d"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{name}.conf").write_text(text)
        self.machine.systemctl("daemon-reload")

    def reset(self):
        """Stopped, as installed, with nothing in queue and spool."""
        machine = self.machine
        machine.run("systemctl", "kill", "-s", "CONT", self.unit, check=False)
        machine.run("systemctl", "stop", self.unit, "upsertd.socket", "upsertd-control.socket", check=False)
        machine.run("sh", "-c", "umount /var/lib/upsertd 2>/dev/null; "
                    "rm -rf /etc/systemd/system/upsertd*.d /var/lib/upsertd /var/spool/upsertd /etc/upsertd/*.key*; "
                    "systemd-tmpfiles --create upsertd.conf; systemctl daemon-reload; systemctl reset-failed")
        self.key()
        self.configure()
        self.mark = self.now()

    # What it does

    def start(self):
        self.machine.systemctl("start", self.unit)

    @property
    def pid(self):
        return int(self.machine.show(self.unit, "MainPID"))

    @property
    def restarts(self):
        return int(self.machine.show(self.unit, "NRestarts"))

    @property
    def state(self):
        return self.machine.show(self.unit, "ActiveState")

    def status(self):
        done = self.machine.run("upsertctl", "status", "--json", check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def idle(self, seconds=30):
        status = wait(lambda: (s := self.status()) and s["idle"] and s, seconds, f"idle; {self.status()}")
        total = sum(status[name]["records"] for name in ("delivered", "coalesced", "no_effect", "dropped", "queued"))
        assert status["accepted"]["records"] == total + status["quarantined"]["current"], status
        return status

    def drop(self, name, lines, user="producer"):
        """Drops a file as a producer does: hidden, then renamed, under the strictest umask."""
        data = lines if isinstance(lines, str) else "".join(json.dumps(line) + "\n" for line in lines)
        script = f'umask 077; cd /var/spool/upsertd/incoming && cat >.{name} && mv .{name} {name}'
        self.machine.run("sh", "-c", script, user=user, input=data)

    # What it said

    def now(self):
        """Marks a place in the journal."""
        self.machine.run("journalctl", "--sync")
        entries = self.machine.journal("-n", "1")
        return entries[-1]["__CURSOR"] if entries else None

    def said(self, event=None, since=None):
        """Entries of the daemon since the test began, or since a mark."""
        entries = self.machine.journal("-u", self.unit, f"--after-cursor={since or self.mark}")
        return [entry for entry in entries if event is None or entry.get("MESSAGE_ID") == EVENTS[event]]

    def wait_said(self, event, seconds=20, since=None):
        return wait(lambda: self.said(event, since), seconds, f"the event {event}")[-1]


    def explained(self, event, seconds=30):
        """Waits for an event; it has its fields and its priority, and the catalog explains it, with nothing left to fill in."""
        said = self.wait_said(event, seconds)
        assert FIELDS[event] <= said.keys(), (FIELDS[event], said)
        assert said["PRIORITY"] == PRIORITIES[EVENTS[event]], said
        assert said["SYSLOG_IDENTIFIER"] == "upsertd" and said["_SYSTEMD_UNIT"] == self.unit
        text = self.machine.run("journalctl", "-x", "-n", "1", f"MESSAGE_ID={EVENTS[event]}").stdout
        assert "Defined-By: upsertd" in text and "Subject: " in text and "@UPSERTD" not in text, text
        return said


def records(count, start=0, prefix="r"):
    return [{"id": f"{prefix}{n}", "values": [float(n % 8192), 1.0, 0.5, float(n // 8192)]}
            for n in range(start, start + count)]


@pytest.fixture(scope="session")
def machine():
    if reason := machines.obstacle():
        pytest.fail(f"no container can boot here: {reason}", pytrace=False)
    tree = pathlib.Path(tempfile.mkdtemp(prefix="upsertd-tree-"))
    tree.chmod(0o755)  # it becomes the mode of the root directory
    subprocess.run(["make", "-s", "-C", ROOT, "install", f"DESTDIR={tree}", "PREFIX=/usr", f"BUILD={BINARIES}"], check=True,
                   stdout=subprocess.DEVNULL)
    machine = machines.Container(tree)
    shutil.rmtree(tree)
    # As a package does after unpacking.
    machine.run("systemd-sysusers", "upsertd.conf")
    machine.run("systemd-tmpfiles", "--create", "upsertd.conf")
    machine.run("journalctl", "--update-catalog")
    machine.systemctl("daemon-reload")
    for user, group in (("producer", "upsertd-spool"), ("admin", "upsertd-admin"), ("stranger", None)):
        machine.run("useradd", "-M", "-s", "/bin/sh", user)
        if group:
            machine.run("usermod", "-aG", group, user)
    yield machine
    machine.close()


@pytest.fixture
def index(machine):
    index = Index(machine)
    index.start()
    yield index
    index.stop()


@pytest.fixture
def service(machine, index):
    service = Service(machine)
    service.reset()
    yield service
    machine.run("systemctl", "kill", "-s", "CONT", service.unit, check=False)
    machine.run("systemctl", "stop", service.unit, "upsertd.socket", "upsertd-control.socket", check=False)
