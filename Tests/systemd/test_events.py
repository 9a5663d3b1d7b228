"""Every event for operators, made to happen: it has its fields and its priority, and the catalog explains it."""

import contextlib
import pathlib
import re
import struct

from conftest import EVENTS, FIELDS, PRIORITIES, ROOT, records, wait

SPOOL = "/var/spool/upsertd"


def test_no_event_is_left_out():
    """Each is asked for by a test of this folder, which fails where it does not come, and has its fields and its priority."""
    here = "".join(path.read_text() for path in pathlib.Path(__file__).parent.glob("test_*.py"))
    asked = set(re.findall(r'explained\("(\w+)"', here))
    assert asked == set(EVENTS) and len(asked) > 35
    assert FIELDS.keys() == EVENTS.keys() and PRIORITIES.keys() == set(EVENTS.values())


def metrics(machine):
    """The names of the metrics that there are."""
    text = machine.run("curl", "-sS", "--unix-socket", "/run/upsertd/status.sock", "http://localhost/metrics").stdout
    return set(re.findall(r"^# TYPE (\S+)", text, re.M))


def queued(service, count):
    wait(lambda: (s := service.status()) and s["queued"]["records"] == count, what=f"{count} records to be queued")


def test_a_life(machine, service):
    service.start()
    service.explained("started")
    assert service.explained("ready")["UPSERTD_SOCKET"] == "/run/upsertd/status.sock"
    machine.systemctl("reload", service.unit)
    assert service.explained("reloaded")["UPSERTD_CHANGED"] == "nothing"
    service.configure(top="nonsense: 1")
    machine.systemctl("reload", service.unit, check=False)
    assert "nonsense" in service.explained("reloadFailed")["UPSERTD_REASON"]
    machine.systemctl("stop", service.unit)
    service.explained("stopping")
    assert service.explained("drained")["UPSERTD_CLEAN"] == "true"
    machine.systemctl("start", service.unit, check=False)
    assert service.explained("startFailed")["UPSERTD_STATUS"] == "78"


def test_an_unclean_end_with_records_waiting(machine, service):
    service.start()
    machine.run("upsertctl", "pause", "main")
    service.explained("paused")
    service.drop("a.ndjson", records(30))
    queued(service, 30)
    machine.run("kill", "-KILL", service.pid)
    assert service.explained("recovered")["UPSERTD_UNCLEAN"] == "true"
    wait(lambda: service.state == "active", what="the restart")
    machine.run("upsertctl", "resume", "main")
    service.explained("unpaused")


def test_a_damaged_queue_that_is_set_aside(machine, service):
    service.start()
    machine.systemctl("stop", service.unit)
    (machine.root / "var/lib/upsertd/queue.db").write_bytes(b"not a database at all" * 4_000)
    config = machine.root / "etc/upsertd/upsertd.yaml"
    machine.systemctl("start", service.unit, check=False)
    service.explained("queueDamaged")
    config.write_text(config.read_text().replace("queue:\n", "queue:\n  on_damage: start_fresh\n"))
    machine.systemctl("reset-failed")
    service.start()
    said = service.explained("queueSetAside")
    assert (machine.root / said["UPSERTD_SET_ASIDE"].lstrip("/")).exists()
    # The command that is given works.
    done = machine.run("sh", "-c", said["UPSERTD_SALVAGE"], check=False)
    assert done.returncode == 74 and "nothing can be read" in done.stdout + done.stderr, done


@contextlib.contextmanager
def traced(machine, pid, *inject):
    """Interferes with the calls of a process."""
    machine.run("systemd-run", "--quiet", "--collect", "--unit=tracer", "strace", "-f", "-qq", "-o", "/dev/null", "-p", pid,
                *inject)
    try:
        wait(lambda: "TracerPid:\t0" not in (machine.root / f"proc/{pid}/status").read_text(), what="the tracer")
        yield
    finally:
        machine.run("systemctl", "kill", "-s", "KILL", "tracer", check=False)


def test_a_disk_that_fails(machine, service, index):
    service.start()
    before = service.pid
    with traced(machine, before, "-e", "inject=fdatasync:error=EIO"):
        service.drop("a.ndjson", records(10))
        assert "I/O error" in service.explained("diskFailed")["UPSERTD_REASON"]
    wait(lambda: service.restarts == 1 and service.state == "active", 60, "the restart")
    service.idle(60)
    assert index.count() == 10


def test_figures_that_break_in_memory(machine, service, index):
    """A counter is changed behind the daemon's back, as by a flipped bit: it has itself restarted, and the truth is on disk."""
    service.start()
    service.drop("a.ndjson", records(4_321))
    service.idle()
    # Figures are looked at more often while something waits.
    machine.run("upsertctl", "pause", "main")
    service.drop("b.ndjson", records(10, start=4_321))
    queued(service, 10)
    status = service.status()
    # The five counters lie side by side.
    pattern = struct.pack("<5q", status["accepted"]["records"], status["accepted"]["bytes"], status["delivered"]["records"],
                          status["delivered"]["requests"], status["delivered"]["bytes"])
    before = service.pid
    changed = 0
    with open(machine.root / f"proc/{before}/mem", "r+b", buffering=0) as memory:
        for line in (machine.root / f"proc/{before}/maps").read_text().splitlines():
            span, access = line.split()[:2]
            start, end = (int(part, 16) for part in span.split("-"))
            if not access.startswith("rw") or end - start > 1 << 30:
                continue
            memory.seek(start)
            try:
                block = memory.read(end - start)
            except OSError:
                continue
            for match in re.finditer(re.escape(pattern), block):
                memory.seek(start + match.start())
                memory.write(struct.pack("<q", status["accepted"]["records"] + 1))
                changed += 1
    assert changed
    assert "accepted 4332 != delivered 4321" in service.explained("invariantBroken")["UPSERTD_REASON"]
    wait(lambda: service.restarts == 1 and service.state == "active", 30, "the restart")
    assert any("Watchdog request" in entry["MESSAGE"] or "Watchdog timeout" in entry["MESSAGE"] for entry in service.said())
    machine.run("upsertctl", "resume", "main")
    assert service.idle(60)["accepted"]["records"] == 4_331 == index.count()


def test_a_spool_that_is_moved_away_and_files_that_cannot_be_taken(machine, service):
    service.start()
    machine.run("ln", "-s", "/etc/hostname", f"{SPOOL}/incoming/link.ndjson")
    said = service.explained("fileLeftAlone")
    assert "link.ndjson" in said["UPSERTD_FILE"] and said["UPSERTD_MEND"]
    machine.run("sh", "-c", said["UPSERTD_MEND"])
    wait(lambda: not service.status()["spools"][0]["problems"], what="the mended problem to go")
    service.drop("broken.json", "[{]")
    service.explained("fileRefused")
    service.drop("bad.ndjson", "{}\n{}\n")
    assert service.explained("recordsRefused")["UPSERTD_REFUSED"] == "2"
    machine.run("mv", f"{SPOOL}/incoming", f"{SPOOL}/elsewhere")
    assert service.explained("intakeStopped")["UPSERTD_SOURCE"] == SPOOL
    machine.run("mv", f"{SPOOL}/elsewhere", f"{SPOOL}/incoming")
    service.explained("intakeResumed")


def test_a_spool_without_notification(machine, service, index):
    service.drop_in("inotify", "[Service]\nSystemCallFilter=~inotify_init1:EMFILE\n")
    service.start()
    assert service.explained("spoolPolled")["UPSERTD_SPOOL"] == SPOOL
    service.drop("a.ndjson", records(10))
    service.idle()
    assert index.count() == 10


def test_an_outbox(machine, service, index):
    """With the drop-in as it is shipped, for an application's database that only its group may write."""
    machine.run("sh", "-c", """
        getent group myapp || groupadd myapp; getent passwd myapp || useradd -M -g myapp myapp
        rm -rf /var/lib/myapp; install -d -o myapp -g myapp -m 2770 /var/lib/myapp
        cd /var/lib/myapp; runuser -u myapp -- upsertctl outbox init app.db""")
    service.drop_in("outbox", (ROOT / "systemd/examples/outbox.conf").read_text())
    service.configure(top="outboxes:\n  - path: /var/lib/myapp/app.db\n    target: main")
    service.start()

    def insert(identifier, record):
        machine.run("sqlite3", "-cmd", ".timeout 20000", "/var/lib/myapp/app.db",
                    f"INSERT INTO upsertd_outbox (id, record) VALUES ('{identifier}', '{record}')", user="myapp")

    # SQLite lets nobody but its owner write a new database.
    service.explained("outboxUnreadable")
    insert("good", '{"values": [1, 2, 3, 4]}')
    machine.run("sleep", "3")
    assert service.status()["accepted"]["records"] == 0
    machine.run("chmod", "g+w", "/var/lib/myapp/app.db")
    insert("bad", '{"values": [1, 2]}')
    said = service.explained("rowsRefused")
    assert said["UPSERTD_OUTBOX"] == "/var/lib/myapp/app.db" and said["UPSERTD_REFUSED"] == "1"
    service.idle()
    assert index.count() == 1
    # The page for operators has every metric, and no other; two are only there when there is something to tell.
    explained = set(re.findall(r"`(upsertd_\w+)`", (ROOT / "docs/operations.md").read_text()))
    assert metrics(machine) <= explained
    assert explained - metrics(machine) == {"upsertd_orphaned_records", "upsertd_target_request_bytes_max"}
    service.mark = service.now()
    machine.run("mv", "/var/lib/myapp/app.db", "/var/lib/myapp/app.db.away")
    service.explained("outboxUnreadable")
    machine.run("mv", "/var/lib/myapp/app.db.away", "/var/lib/myapp/app.db")
    service.explained("outboxReadable")
    insert("more", '{"values": [4, 3, 2, 1]}')
    service.idle()
    assert index.count() == 2
    numbers = machine.run("sh", "-c", "upsertctl quarantine list --json | grep -o '\"number\": *[0-9]*' | grep -o '[0-9]*'").stdout
    machine.run("upsertctl", "quarantine", "drop", *numbers.split())
    assert service.explained("quarantineDropped")["UPSERTD_RECORDS"] == "1"


def test_targets_that_are_held(machine, service, index):
    service.start()
    index.fault(effect="unavailable")
    service.drop("a.ndjson", records(10))
    service.explained("requestFailed")
    index.heal()
    service.explained("requestsSucceed")
    service.idle()
    index.fault(effect="unauthorized")
    service.drop("b.ndjson", records(10, start=10))
    assert service.explained("targetHeld")["UPSERTD_HOLD"] == "unauthorized"
    index.heal()
    machine.systemctl("reload", service.unit)
    service.explained("targetResumed")
    service.idle()
    assert index.count() == 20


def test_records_and_namespaces_that_the_service_refuses(machine, service, index):
    service.start()
    index.fault(effect="refuse_all", code=3, message="Vector dimension 4 does not match the dimension of the index 8")
    service.drop("a.ndjson", records(40))
    assert service.explained("recordQuarantined")["UPSERTD_ID"].startswith("r")
    assert service.explained("namespaceHeld")["UPSERTD_HOLD"] == "refused_all"
    assert int(service.explained("recordsQuarantined")["UPSERTD_RECORDS"]) == 15
    index.heal()
    machine.systemctl("reload", service.unit)
    service.explained("namespaceResumed")


def test_requests_that_are_too_large_or_have_no_outcome(machine, service, index):
    service.configure(target="    unresolved_max: 1", request_timeout="1s")
    service.start()
    index.fault(effect="payload_too_large", bytes=20_000)
    service.drop("a.ndjson", records(1_000))
    assert int(service.explained("requestsSmaller")["UPSERTD_BYTES"]) < 2_000_000
    assert "upsertd_target_request_bytes_max" in metrics(machine)
    index.heal()
    service.idle()
    index.fault(effect="delay", ms=3_000)
    service.drop("b.ndjson", records(10, start=1_000))
    assert service.explained("requestsUnresolved")["UPSERTD_UNRESOLVED"] == "1"
    index.heal()
    service.idle(60)


def test_a_target_that_is_gone(machine, service):
    service.start()
    machine.run("upsertctl", "pause", "main")
    service.drop("a.ndjson", records(10))
    queued(service, 10)
    config = machine.root / "etc/upsertd/upsertd.yaml"
    text = config.read_text()
    config.write_text(text.replace("main:", "other:").replace("target: main", "target: other"))
    machine.run("cp", "-p", "/etc/upsertd/main.key", "/etc/upsertd/other.key")
    service.drop_in("other", "[Service]\nLoadCredential=other.key:/etc/upsertd/other.key\n")
    machine.systemctl("restart", service.unit)
    said = service.explained("recordsOrphaned")
    assert said["UPSERTD_TARGET"] == "main" and said["UPSERTD_RECORDS"] == "10"
    assert "upsertd_orphaned_records" in metrics(machine)
    # The command that is given works, with the daemon stopped.
    machine.systemctl("stop", service.unit)
    machine.run("sh", "-c", said["UPSERTD_MOVE"].replace("OTHER", "other"))
    service.start()
    service.idle()
