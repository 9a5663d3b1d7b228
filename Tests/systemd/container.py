"""A machine booted under systemd for the tests: this one's files, nothing of it started, gone when it is over."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def obstacle():
    """Why no container can boot here; None where one can."""
    if os.geteuid() != 0:
        return "not root"
    for program in ("systemd-nspawn", "unshare", "nsenter", "systemctl"):
        if not shutil.which(program):
            return f"{program} is missing: apt-get install systemd-container util-linux"
    if "overlay" not in pathlib.Path("/proc/filesystems").read_text():
        return "the kernel has no overlayfs"
    namespaces = subprocess.run(["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "true"],
                                capture_output=True, text=True)
    if namespaces.returncode != 0:
        return "namespaces are not permitted: " + namespaces.stderr.strip()
    return None


class Container:
    """One booted machine. `root` is its file system as seen from here."""

    def __init__(self, tree, name=None):
        self.state = pathlib.Path(tempfile.mkdtemp(prefix="upsertd-machine-"))
        (self.state / "fs").mkdir()
        self.name = name or f"upsertd{os.getpid()}"
        self.log = self.state / "log"
        self.leader = None
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
             HERE / "boot.sh", self.state, self.name, tree],
            stdin=subprocess.DEVNULL, stdout=open(self.log, "wb"), stderr=subprocess.STDOUT)
        try:
            self.wait_booted()
        except BaseException:
            self.close()
            raise

    @property
    def root(self):
        return pathlib.Path(f"/proc/{self.leader}/root")

    def _find_leader(self):
        """PID 1 of the container: the innermost pid is 1, one level below our own wrapper's, and systemd answers."""
        todo = [self.process.pid]
        while todo:
            pid = todo.pop()
            try:
                tasks = os.listdir(f"/proc/{pid}/task")
                children = [int(c) for t in tasks for c in open(f"/proc/{pid}/task/{t}/children").read().split()]
                for child in children:
                    status = open(f"/proc/{child}/status").read()
                    levels = next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid"))
                    if len(levels) >= 3 and levels[-1] == "1" and os.path.exists(f"/proc/{child}/root/run/systemd/private"):
                        return child
                todo += children
            except (OSError, StopIteration):
                continue
        return None

    def wait_booted(self, but_not=None):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the container ended: {self.log.read_text()[-2000:]}"
            leader = self._find_leader()
            if leader and leader != but_not:
                self.leader = leader
                state = self.run("systemctl", "is-system-running", "--wait", check=False, timeout=60).stdout.strip()
                assert state in ("running", "degraded"), f"systemd is {state}: {self.log.read_text()[-2000:]}"
                return
            time.sleep(0.02)
        raise AssertionError(f"no systemd after 60 s: {self.log.read_text()[-2000:]}")

    def run(self, *command, check=True, timeout=90, user=None, **options):
        """Runs a command inside, outside of any unit."""
        words = ["nsenter", "-t", str(self.leader), "-a", "--"]
        if user:
            words += ["runuser", "-u", user, "--"]
        done = subprocess.run([*words, *map(str, command)], capture_output=True, text=True, timeout=timeout, **options)
        assert not check or done.returncode == 0, (command, done.returncode, done.stdout[-3000:], done.stderr[-3000:])
        return done

    def systemctl(self, *arguments, check=True, **options):
        return self.run("systemctl", "--no-pager", *arguments, check=check, **options)

    def show(self, unit, name):
        return self.run("systemctl", "show", "-P", name, unit).stdout.rstrip("\n")

    def journal(self, *arguments):
        """Entries as dictionaries, oldest first."""
        text = self.run("journalctl", "--no-pager", "-o", "json", *arguments).stdout
        return [json.loads(line) for line in text.splitlines()]

    def reboot(self):
        before = self.leader
        self.run("systemctl", "reboot", check=False)
        self.wait_booted(but_not=before)

    def close(self):
        """Powers it off and removes every trace."""
        try:
            if self.leader:
                os.kill(self.leader, signal.SIGRTMIN + 4)
            self.process.wait(10)
        except (subprocess.TimeoutExpired, ProcessLookupError):
            self.process.kill()
            self.process.wait()
        for line in (self.state / "cgroups").read_text().splitlines():
            for directory, _, _ in sorted(os.walk(line), reverse=True):
                try:
                    os.rmdir(directory)
                except OSError:
                    pass  # the kernel is still ending what was in it
        shutil.rmtree(f"/run/systemd/nspawn/propagate/{self.name}", ignore_errors=True)
        shutil.rmtree(self.state, ignore_errors=True)
