"""A daemon that hangs is restarted, and the journal says what hung."""

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


def test_a_loop_that_hangs_is_named_and_restarted(machine, service, index):
    """Only the queue's disk hangs: the process, its other threads and the status socket go on."""
    service.drop_in("watchdog", WATCHDOG)
    service.start()
    before = service.pid
    machine.run("systemd-run", "--quiet", "--collect", "--unit=tracer", "strace", "-f", "-qq", "-o", "/dev/null", "-p", before,
                "-e", "inject=fdatasync:delay_enter=60000000")
    wait(lambda: "TracerPid:\t0" not in (machine.root / f"proc/{before}/status").read_text(), what="the tracer")
    service.drop("a.ndjson", records(10))
    said = service.wait_said("deliveryStalled", 30)
    assert said["UPSERTD_TARGET"] == "main" and said["PRIORITY"] == "2"
    wait(lambda: any("Watchdog timeout" in entry["MESSAGE"] for entry in service.said()), 30, "the watchdog")
    # The signal reaches the process once nobody holds it.
    machine.run("systemctl", "kill", "-s", "KILL", "tracer", check=False)
    wait(lambda: service.restarts == 1 and service.state == "active", 60, "the restart")
    assert service.pid != before
    service.idle(60)
    assert index.count() == 10
