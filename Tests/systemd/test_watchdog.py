"""A daemon that hangs is restarted, and the journal says what hung."""

import json
import time

from conftest import records, wait

WATCHDOG = "[Service]\nWatchdogSec=4s\n"


def test_a_stopped_process_is_restarted(machine, service, index):
    service.drop_in("watchdog", WATCHDOG)
    service.start()
    machine.run("kill", "-STOP", service.pid)
    wait(lambda: service.restarts == 1 and service.state == "active", 30, "the watchdog")
    assert any("Watchdog timeout" in entry["MESSAGE"] for entry in service.said())
    service.drop("a.ndjson", records(10))
    service.idle()


def test_a_daemon_with_nothing_to_do_is_left_alone(machine, service):
    service.drop_in("watchdog", WATCHDOG)
    service.start()
    machine.run("upsertctl", "pause", "main")
    machine.run("sleep", "9")
    assert service.restarts == 0 and service.state == "active"


def hang(machine, pid, call):
    """Holds a process in every such call from now on."""
    machine.run("systemd-run", "--quiet", "--collect", "--unit=tracer", "strace", "-f", "-qq", "-o", "/dev/null", "-p", pid,
                "-e", f"inject={call}:delay_enter=60000000")
    wait(lambda: "TracerPid:\t0" not in (machine.root / f"proc/{pid}/status").read_text(), what="the tracer")


def restarted(machine, service, index, before, count):
    """The watchdog ends it, and it comes back and does its work."""
    wait(lambda: any("Watchdog timeout" in entry["MESSAGE"] for entry in service.said()), 30, "the watchdog")
    # The signal reaches the process once nobody holds it.
    machine.run("systemctl", "kill", "-s", "KILL", "tracer", check=False)
    wait(lambda: service.restarts == 1 and service.state == "active", 60, "the restart")
    assert service.pid != before
    service.idle(60)
    assert index.count() == count


def hanging(machine, service, call):
    """A daemon of which one system call hangs, with ten records dropped; returns its process id."""
    service.drop_in("watchdog", WATCHDOG)
    service.start()
    before = service.pid
    hang(machine, before, call)
    service.drop("a.ndjson", records(10))
    return before


def test_a_delivery_that_hangs_is_named_and_restarted(machine, service, index):
    """Only the queue's disk hangs: the process, its other threads and the status socket go on."""
    before = hanging(machine, service, "fdatasync")
    assert service.explained("deliveryStalled")["UPSERTD_TARGET"] == "main"
    restarted(machine, service, index, before, 10)


def test_an_intake_that_hangs_is_named_and_restarted(machine, service, index):
    """Only the spool's disk hangs: what is in the queue is delivered, and still it would be no daemon any more."""
    before = hanging(machine, service, "renameat2")
    assert service.explained("intakeStalled")["UPSERTD_SOURCE"] == "/var/spool/upsertd"
    assert service.status()["state"] == "running"
    assert not service.said("deliveryStalled")
    restarted(machine, service, index, before, 10)


def test_a_huge_file_on_a_slow_disk_is_no_hang(machine, service, index):
    """One turn of the intake takes several times as long as the watchdog waits, since a .json is read whole first."""
    claim = "/var/spool/upsertd/claimed/000000000001-a.json"
    service.drop_in("watchdog", WATCHDOG + f"""SystemCallFilter=
ExecStart=
ExecStart=strace -D -f -qq -o /dev/null -P {claim} -e inject=pread64:delay_enter=200000 \
    /usr/bin/upsertd run --config /etc/upsertd/upsertd.yaml
""")
    service.start()
    began = time.monotonic()
    # Blanks, since every record of such a file is one more read.
    service.drop("a.json", "[" + " " * 8_000_000 + json.dumps(records(20))[1:])
    status = service.idle(60)
    assert time.monotonic() - began > 10, "the disk was not slow"
    assert status["delivered"]["records"] == 20 == index.count()
    assert service.restarts == 0 and not service.said("intakeStalled")


def test_a_full_disk_is_no_hang(machine, service, index):
    service.drop_in("watchdog", WATCHDOG)
    machine.run("mkdir", "-p", "/var/lib/upsertd")
    machine.run("mount", "-t", "tmpfs", "-o", "size=40m,mode=700,uid=upsertd,gid=upsertd", "queue", "/var/lib/upsertd")
    config = machine.root / "etc/upsertd/upsertd.yaml"
    config.write_text(config.read_text().replace("queue:\n", "queue:\n  disk_reserve: 16MiB\n"))
    service.start()
    machine.run("upsertctl", "pause", "main")
    wide = [{"id": f"r{n}", "values": [1.0, 2.0, 3.0, float(n)], "metadata": {"text": "x" * 20_000}} for n in range(2_000)]
    service.drop("a.ndjson", wide)
    assert service.explained("diskFull", 60)["UPSERTD_PLACE"] == "/var/lib/upsertd"
    machine.run("sleep", "9")
    assert service.restarts == 0 and service.state == "active" and not service.said("intakeStalled")
    machine.run("upsertctl", "resume", "main")
    assert service.explained("diskOK", 60)["UPSERTD_PLACE"] == "/var/lib/upsertd"
    service.idle(120)
    assert index.count() == 2_000
