"""The service as an operator meets it: installed, started, reloaded, stopped."""

import time

from conftest import EVENTS, KEY, records, wait


def test_the_units_are_understood_in_full(machine):
    units = machine.run("sh", "-c", "ls /usr/lib/systemd/system/upsertd*").stdout.split()
    assert len(units) == 5
    done = machine.run("systemd-analyze", "verify", "--man=no", *units)
    assert done.stderr == "", done.stderr


def test_ready_means_recovered_and_listening(machine, service):
    service.start()
    # `start` has returned: the socket answers at once, and both were said, in this order.
    assert service.status()["state"] == "running"
    names = {identifier: name for name, identifier in EVENTS.items()}
    said = [names.get(entry.get("MESSAGE_ID")) for entry in service.said()]
    assert said.index("started") < said.index("ready")
    assert machine.show(service.unit, "StatusText").startswith("running: nothing queued, ")
    assert machine.show(service.unit, "Type") == "notify"


def test_a_dropped_file_is_delivered(machine, service, index):
    service.start()
    service.drop("a.ndjson", records(250))
    service.idle()
    assert index.count() == 250
    assert machine.run("find", "/var/spool/upsertd", "-type", "f").stdout == ""


def test_the_status_line_says_what_waits(machine, service, index):
    service.start()
    index.fault(effect="unavailable")
    service.drop("a.ndjson", records(1_234))
    wait(lambda: "1,234 queued (oldest" in machine.show(service.unit, "StatusText"), what="the status line")
    machine.run("upsertctl", "pause", "main")
    wait(lambda: "paused: main" in machine.show(service.unit, "StatusText"), what="the status line")
    index.heal()
    machine.run("upsertctl", "resume", "main")
    service.idle()
    wait(lambda: "nothing queued" in machine.show(service.unit, "StatusText"), what="the status line")


def test_reload_returns_when_it_is_in_force(machine, service, index):
    service.start()
    pid = service.pid
    for linger in ("30ms", "40ms", "50ms"):
        service.configure(linger=linger, top="log_level: debug")
        mark = service.now()
        machine.systemctl("reload", service.unit)
        [said] = service.said("reloaded", since=mark)
        assert "targets.main.linger" in said["UPSERTD_CHANGED"] and said["UPSERTD_RESTART_FOR"] == "nothing"
        assert said["PRIORITY"] == "5"
        assert service.state == "active"
    assert service.pid == pid
    service.drop("a.ndjson", records(10))
    service.idle()
    # The log level was one of the changes.
    assert any(entry["PRIORITY"] == "7" for entry in service.said()) or index.count() == 10


def test_sighup_reloads_too(machine, service):
    service.start()
    service.configure(linger="77ms")
    machine.run("kill", "-HUP", service.pid)
    assert service.wait_said("reloaded")["UPSERTD_CHANGED"] == "targets.main.linger"


def test_a_wrong_configuration_changes_nothing(machine, service, index):
    service.start()
    pid = service.pid
    service.configure(target="    lingr: 3s")
    done = machine.systemctl("reload", service.unit, check=False)
    assert done.returncode != 0
    said = service.wait_said("reloadFailed")
    assert "lingr" in said["UPSERTD_REASON"] and said["PRIORITY"] == "3"
    assert service.state == "active" and service.pid == pid
    direct = machine.run("upsertctl", "reload", check=False)
    assert direct.returncode == 78 and "lingr" in direct.stderr
    service.drop("a.ndjson", records(10))
    service.idle()
    assert index.count() == 10


def test_a_wrong_configuration_is_not_tried_again_and_again(machine, service):
    service.configure(target="    lingr: 3s")
    done = machine.systemctl("start", service.unit, check=False)
    assert done.returncode != 0
    assert service.restarts == 0 and service.state == "failed"
    # Past the check before the start, by the daemon itself.
    service.drop_in("check", "[Service]\nExecStartPre=\n")
    machine.systemctl("start", service.unit, check=False)
    assert service.restarts == 0 and service.state == "failed"
    assert machine.show(service.unit, "ExecMainStatus") == "78"
    said = service.wait_said("startFailed")
    assert "lingr" in said["UPSERTD_REASON"] and said["PRIORITY"] == "2" and said["UPSERTD_STATUS"] == "78"


def test_the_last_words_are_found_with_the_unit_however_slow_the_journal(machine, service):
    """The journal asks /proc whose entry it reads, so who ends before that is nobody."""
    service.drop_in("check", "[Service]\nExecStartPre=\n")
    service.configure(target="    lingr: 3s")
    journal = machine.show("systemd-journald.service", "MainPID")
    machine.run("systemd-run", "--quiet", "--collect", "sh", "-c", f"kill -STOP {journal}; sleep 1.5; kill -CONT {journal}")
    wait(lambda: "T (stopped)" in (machine.root / f"proc/{journal}/status").read_text(), what="the journal to stop")
    machine.systemctl("start", service.unit, check=False)
    assert "lingr" in service.wait_said("startFailed")["UPSERTD_REASON"]


def test_a_damaged_queue_is_said_and_kept(machine, service):
    service.start()
    machine.systemctl("stop", service.unit)
    database = machine.root / "var/lib/upsertd/queue.db"
    damaged = b"not a database at all" * 4_000
    database.write_bytes(damaged)
    machine.systemctl("start", service.unit, check=False)
    said = service.wait_said("queueDamaged")
    assert said["PRIORITY"] == "2" and "/var/lib/upsertd/queue.db" in said["UPSERTD_REASON"]
    assert service.restarts == 0 and service.state == "failed"
    assert database.read_bytes() == damaged


def test_killed_it_comes_back_and_loses_nothing(machine, service, index):
    service.start()
    index.fault(effect="unavailable")
    service.drop("a.ndjson", records(500))
    wait(lambda: (s := service.status()) and s["queued"]["records"] == 500, what="the records to be queued")
    before = service.pid
    machine.run("kill", "-KILL", before)
    wait(lambda: service.restarts == 1 and service.state == "active", what="the restart")
    assert service.pid != before
    said = service.wait_said("recovered")
    assert said["UPSERTD_RECORDS"] == "500" and said["UPSERTD_UNCLEAN"] == "true"
    index.heal()
    service.idle(60)
    assert index.count() == 500


def test_a_stop_may_take_longer_than_the_unit_says(machine, service, index):
    service.drop_in("stop", "[Service]\nTimeoutStopSec=2s\n")
    service.configure(request_timeout="10s")
    service.start()
    index.fault(effect="delay", ms=6_000, times=1)
    service.drop("a.ndjson", records(20))
    wait(lambda: (s := service.status()) and s["in_flight"]["requests"] == 1, what="the request")
    began = time.monotonic()
    machine.systemctl("stop", service.unit)
    assert time.monotonic() - began > 3
    assert machine.show(service.unit, "Result") == "success"
    assert service.said("drained")[-1]["UPSERTD_CLEAN"] == "true"
    assert service.said("stopping")[-1]["UPSERTD_IN_FLIGHT"] == "1"
    assert index.count() == 20


def test_a_start_may_take_longer_than_the_unit_says(machine, service, index):
    service.start()
    machine.run("upsertctl", "pause", "main")
    for number in range(20):
        service.drop(f"f{number}.ndjson", records(3_000, start=3_000 * number))
        wait(lambda: (s := service.status()) and s["queued"]["records"] == 3_000 * (number + 1), what="the file")
    machine.systemctl("stop", service.unit)
    # Every read of the queue takes a while, as on a slow disk; the tracer is not part of the sandbox.
    service.drop_in("slow", """[Service]
TimeoutStartSec=3s
SystemCallFilter=
ExecStart=
ExecStart=strace -D -f -qq -o /dev/null -P /var/lib/upsertd/queue.db -e inject=pread64:delay_enter=80000 \
    /usr/bin/upsertd run --config /etc/upsertd/upsertd.yaml
""")
    began = time.monotonic()
    service.start()
    assert time.monotonic() - began > 4
    assert service.said("recovered")[-1]["UPSERTD_RECORDS"] == "60000"


def test_everything_survives_a_reboot(machine, service, index):
    machine.systemctl("enable", service.unit)
    service.start()
    machine.run("upsertctl", "pause", "main")
    service.drop("a.ndjson", records(300))
    wait(lambda: (s := service.status()) and s["queued"]["records"] == 300, what="the records to be queued")
    machine.reboot()
    index.start(fresh=False)
    wait(lambda: service.state == "active", what="the service")
    status = service.status()
    assert status["queued"]["records"] == 300 and status["targets"]["main"]["paused"]
    assert not status["queue"]["started_unclean"]
    machine.run("upsertctl", "resume", "main")
    service.idle(60)
    assert index.count() == 300
    machine.systemctl("disable", service.unit)
