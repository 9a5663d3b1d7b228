"""What the daemon tells systemd, and what it does without one. Here this test is systemd: it owns the notification socket."""

import os
import socket
import subprocess
import threading
import time

import pytest

from conftest import BINARIES, KEY, Daemon, Index, vector


def records(count, start=0):
    return [{"id": f"r{n:04d}", "values": vector(n)} for n in range(start, start + count)]


class Notifications:
    """A notification socket; keeps what arrives, and what was true when READY=1 did."""

    def __init__(self, directory, at_ready=lambda: None):
        self.path = str(directory / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.seen, self.at_ready, self.found = [], at_ready, []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            text = self.socket.recv(65_536).decode()
            if "READY=1" in text.split("\n"):
                self.found.append(self.at_ready())
            self.seen.append(text)

    def words(self):
        return [line for text in self.seen for line in text.split("\n")]


class Supervised(Daemon):
    """A daemon that is started as systemd would, by `command`."""

    def supervise(self, environment, *command):
        self.process = subprocess.Popen([*command, BINARIES / "upsertd", "run", "--config", self.config],
                                        stderr=open(self.log, "ab"), stdout=subprocess.DEVNULL,
                                        env={**os.environ, **environment})
        self.wait(lambda s: s["state"] in ("running", "paused"), 60)
        return self


def can_connect(path):
    client = socket.socket(socket.AF_UNIX)
    try:
        client.connect(str(path))
        client.sendall(b"GET /healthz HTTP/1.1\r\nhost: l\r\nconnection: close\r\n\r\n")
        client.settimeout(20)
        return client.recv(100)
    except OSError as error:
        return error
    finally:
        client.close()


def test_ready_is_said_only_once_the_socket_is_bound_and_answers(directory, index):
    daemon = Supervised(directory, index.url)
    systemd = Notifications(directory, lambda: can_connect(daemon.socket))
    # Binding takes its time, so that who says it is ready too early is caught.
    slow = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "inject=listen:delay_enter=1500000"]
    daemon.supervise({"NOTIFY_SOCKET": systemd.path}, *slow)
    try:
        daemon.drop("a.ndjson", records(10))
        daemon.idle()
        for found in systemd.found:
            assert isinstance(found, bytes) and found.startswith(b"HTTP/1.1 200"), found
        assert len(systemd.found) == 1
    finally:
        daemon.stop()
    words = systemd.words()
    assert "STOPPING=1" in words[words.index("READY=1"):]
    # More time to stop is asked for after that.
    assert any(word.startswith("EXTEND_TIMEOUT_USEC=") for word in words[words.index("STOPPING=1"):])


def test_the_status_line_follows_at_a_sane_rate(directory, index):
    daemon = Supervised(directory, index.url)
    systemd = Notifications(directory)
    daemon.supervise({"NOTIFY_SOCKET": systemd.path})
    try:
        began = time.monotonic()
        for number in range(40):
            daemon.drop(f"{number}.ndjson", records(100, start=100 * number))
            time.sleep(0.2)
        daemon.idle()
        took = time.monotonic() - began
        lines = [word for word in systemd.words() if word.startswith("STATUS=running")]
        assert 2 <= len(lines) <= 3 + took / 2, (took, lines)
        assert all(" in flight, " in line and " rec/s, " in line and line.endswith("no holds") for line in lines), lines
    finally:
        daemon.stop()


def test_a_reload_is_told_from_its_beginning_to_its_end(directory, index):
    daemon = Supervised(directory, index.url)
    systemd = Notifications(directory)
    daemon.supervise({"NOTIFY_SOCKET": systemd.path})
    try:
        daemon.ctl("reload")
        daemon.config.write_text(daemon.config.read_text() + "nonsense: 1\n")
        assert daemon.ctl("reload", check=False).returncode == 78
        words = [word for word in systemd.words() if word in ("READY=1", "RELOADING=1")]
        assert words == ["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1"]
    finally:
        daemon.stop()


def test_without_systemd_it_works_and_says_what_it_says_on_standard_error(directory, index):
    """No NOTIFY_SOCKET, then one that nobody serves; and no journal."""
    for environment in ({"NOTIFY_SOCKET": "", "JOURNAL_STREAM": "", "WATCHDOG_USEC": ""},
                        {"NOTIFY_SOCKET": str(directory / "nobody"), "WATCHDOG_USEC": "2000000"}):
        daemon = Supervised(directory, index.url)
        daemon.supervise(environment)
        daemon.drop("a.ndjson", records(10))
        daemon.idle()
        assert daemon.stop() == 0
        lines = daemon.log.read_text().splitlines()
        for said in ("starts", "ready", "stopping", "stopped"):
            assert any(said in line and " notice " in line for line in lines), said
        daemon.log.unlink()


def test_where_the_journal_has_no_socket_the_log_goes_to_standard_error(directory, index):
    """As in a container or a root directory that has systemd's variables, but not its sockets."""
    daemon = Supervised(directory, index.url)
    daemon.log.touch()
    status = daemon.log.stat()
    hidden = ["unshare", "--mount", "sh", "-c",
              'mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && exec "$@"', "sh"]
    daemon.supervise({"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}, *hidden)
    assert daemon.stop() == 0
    assert "ready: taking records" in daemon.log.read_text()


@pytest.fixture
def first(daemon):
    """A daemon that has its queue and its socket."""
    return daemon


def refused(daemon):
    """Starts what cannot start; returns its status and what it said."""
    done = subprocess.run([BINARIES / "upsertd", "run", "--config", daemon.config], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_what_is_in_use_is_a_status_that_says_try_again(first, index, directory):
    (directory / "second").mkdir()
    second = Daemon(directory / "second", index.url)
    text = second.config.read_text()
    second.config.write_text(text.replace(str(second.socket), str(first.socket)))
    status, said = refused(second)
    assert status == 75 and f"another process listens on the socket {first.socket}" in said, said
    second.config.write_text(text.replace(f"{second.directory}/queue", f"{first.directory}/queue"))
    status, said = refused(second)
    assert status == 75 and f"the queue in {first.directory}/queue is in use by another process" in said, said
    # The first one is none the worse.
    first.drop("a.ndjson", records(10))
    first.idle()
    # Neither is a file that is no socket, which waiting does not mend.
    second.config.write_text(text)
    second.socket.write_text("mine")
    status, said = refused(second)
    assert status == 78 and f"socket {second.socket}: not a socket" in said, said
    assert second.socket.read_text() == "mine"


def test_a_reload_that_fails_for_one_target_changes_nothing_of_another(directory):
    """Key, settings and log level of the first target stay, although they were good: everything is checked before anything
    is taken over."""
    key = directory / "index.key"
    key.write_text(f"{KEY}\n")
    key.chmod(0o600)
    index = Index(directory / "index", 4, options=["--api-key-file", key])
    other = directory / "other.key"
    other.write_text("other-key-0123456789\n")
    other.chmod(0o600)
    daemon = Daemon(directory, index.url, extra=f"""
  other:
    host: {index.url.replace('127.0.0.1', 'localhost')}
    transport: rest
    api_key_file: {other}
    dimension: 4
log_level: info
""", extra_target="    dimension: 4")
    main = directory / "main.key"
    main.write_text(f"{KEY}\n")
    daemon.start()
    try:
        before = daemon.config.read_text()
        daemon.drop("a.ndjson", records(10))
        daemon.idle()
        trusting = before.replace("transport: rest", f"transport: rest\n    ca_file: {directory}/other.pem")
        (directory / "other.pem").write_text("not a certificate")
        broken = {
            "a key file that is not there": (before.replace(str(other), f"{other}.gone"), "other.key.gone"),
            "authorities that are none": (trusting, "other.pem"),
        }
        for name, (text, named) in broken.items():
            # All good for the first target: another key, another wait, another level.
            main.write_text("wrong-key-0123456789\n")
            daemon.config.write_text(text.replace("linger: 20ms", "linger: 1h").replace("log_level: info", "log_level: trace"))
            done = daemon.ctl("reload", check=False)
            assert done.returncode == 78 and named in done.stderr, (name, done)
            # Only the first of some failures is said at the old level.
            index.call("POST", "/_faults", {"effect": "unavailable", "times": 3})
            daemon.drop(f"{len(text)}.ndjson", records(10, start=len(text)))
            began = time.monotonic()
            status = daemon.idle(20)
            assert time.monotonic() - began < 10 and not status["targets"]["main"].get("hold"), name
            assert " debug " not in daemon.log.read_text() and " trace " not in daemon.log.read_text(), name
        assert index.count() == 30
        # And once all of it is good, all of it is taken over.
        daemon.config.write_text(before.replace("log_level: info", "log_level: trace"))
        daemon.ctl("reload")
        daemon.drop("b.ndjson", records(10, start=9_000))
        daemon.wait(lambda s: (s["targets"]["main"].get("hold") or {}).get("kind") == "unauthorized", 20)
    finally:
        daemon.stop()
        index.stop()
