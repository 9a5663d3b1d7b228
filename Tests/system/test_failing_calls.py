"""Reads of the spool that fail, and a process without descriptors: intake waits with one message, and goes on by itself."""

import os
import resource
import signal
import socket
import subprocess
import time

import pytest

from test_full_disk import STOPPED, TightDisk
from small_disk import own_mounts


@pytest.fixture
def tight(directory):
    own_mounts()
    with TightDisk(directory) as tight:
        yield tight


class FailingCalls:
    """Lets some system calls of a running process fail as long as the context lasts."""

    def __init__(self, process, inject, *paths):
        self.command = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(process.pid), "-e", f"inject={inject}",
                        *(option for path in paths for option in ("-P", str(path)))]

    def __enter__(self):
        self.strace = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)
        assert self.strace.poll() is None, self.strace.stderr.read()

    def __exit__(self, *_):
        # Interrupted, it lets the process go on untraced.
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait(20)


def test_a_spool_that_cannot_be_read_waits_and_the_rest_goes_on(tight):
    tight.daemon.ctl("pause")
    tight.drop("early", 20)
    tight.accepted(20)
    # The second file of this queue: sequence numbers begin at 1.
    claim = tight.daemon.spool / "claimed" / "000000000002-late.ndjson"
    with FailingCalls(tight.daemon.process, "pread64,getdents64:error=EIO", claim):
        tight.drop("late", 20, bad=True)
        tight.wait_for_log(STOPPED)
        assert "Input/output error" in tight.daemon.log.read_text()
        tight.daemon.ctl("resume")
        tight.drained()
        tight.check_rests()
        assert tight.said() == 1, tight.daemon.log.read_text()
    tight.check_all_is_well()
    assert tight.said() == 1 and tight.said("intake goes on") == 1, tight.daemon.log.read_text()


def test_an_incoming_directory_that_cannot_be_listed_is_tried_again(tight):
    with FailingCalls(tight.daemon.process, "getdents64:error=EIO", tight.daemon.incoming):
        tight.drop("late", 20)
        tight.wait_for_log(STOPPED)
        tight.check_rests()
    tight.check_all_is_well()
    assert tight.said() == 1 and tight.said("intake goes on") == 1, tight.daemon.log.read_text()


def test_without_descriptors_it_waits_without_spinning_and_goes_on(tight):
    process = tight.daemon.process.pid
    used = {int(name) for name in os.listdir(f"/proc/{process}/fd")}
    first_free = next(number for number in range(1 << 20) if number not in used)
    soft, hard = resource.prlimit(process, resource.RLIMIT_NOFILE)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (first_free, hard))
    tight.drop("late", 20, bad=True)
    tight.wait_for_log(STOPPED)
    assert "no file descriptors left" in tight.daemon.log.read_text()
    # Somebody who asks for the status meanwhile gets no answer, and does no harm.
    with socket.socket(socket.AF_UNIX) as visitor:
        visitor.connect(str(tight.daemon.socket))
        tight.check_rests()
    assert tight.said() == 1, tight.daemon.log.read_text()
    resource.prlimit(process, resource.RLIMIT_NOFILE, (soft, hard))
    tight.check_all_is_well()
    assert tight.said() == 1, tight.daemon.log.read_text()
