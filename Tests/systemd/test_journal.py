"""What the journal says of records and files, in fields that programs can rely on."""

import json

from conftest import EVENTS, records, wait


def test_a_file_with_many_bad_lines_is_one_message(machine, service, index):
    service.start()
    lines = "".join('{"id":"bad%d"}\n' % n for n in range(100_000)) + json.dumps(records(1)[0]) + "\n"
    service.drop("bad.ndjson", lines)
    service.idle()
    [said] = service.said("recordsRefused")
    assert said["UPSERTD_FILE"] == "bad.ndjson" and said["UPSERTD_REFUSED"] == "100000"
    assert said["UPSERTD_SPOOL"] == "/var/spool/upsertd" and said["PRIORITY"] == "4"
    errors = said["UPSERTD_ERRORS_FILE"]
    assert len((machine.root / errors.lstrip("/")).read_text().splitlines()) == 100_000
    assert len(service.said()) < 50
    assert index.count() == 1


def test_a_file_that_cannot_be_read_is_named(machine, service):
    service.start()
    service.drop("broken.json", "[{]")
    said = service.wait_said("fileRefused")
    assert said["UPSERTD_FILE"] == "broken.json" and said["UPSERTD_CODE"] and said["UPSERTD_REASON"]


def test_a_quarantined_record_is_named(machine, service, index):
    service.start()
    index.fault(effect="refuse", id="r7", message="no such colour")
    service.drop("a.ndjson", records(20))
    said = service.wait_said("recordQuarantined")
    assert (said["UPSERTD_TARGET"], said["UPSERTD_ID"], said["UPSERTD_NAMESPACE"]) == ("main", "r7", "")
    assert "no such colour" in said["UPSERTD_REASON"] and int(said["UPSERTD_BATCH"]) > 0
    assert said["SYSLOG_IDENTIFIER"] == "upsertd" and said["_SYSTEMD_UNIT"] == service.unit
    service.idle()
    assert index.count() == 19


def test_the_catalog_explains_an_event(machine, service, index):
    service.start()
    index.fault(effect="unauthorized")
    service.drop("a.ndjson", records(1))
    service.wait_said("targetHeld")
    text = machine.run("journalctl", "-x", "-o", "short", f"MESSAGE_ID={EVENTS['targetHeld']}").stdout
    assert " Defined-By: upsertd" in text and "@UPSERTD" not in text, text
    assert "main" in text.split(" Subject:")[1].splitlines()[0]


def test_every_event_is_explained(machine):
    listed = machine.run("journalctl", "--list-catalog").stdout
    for name, identifier in EVENTS.items():
        assert identifier in listed, name


def test_nothing_is_said_that_is_no_event_at_a_quiet_start(machine, service):
    """A start is a handful of lines: what anybody else writes to standard error would show here."""
    service.start()
    ours = [entry for entry in service.said() if entry.get("_COMM") == "upsertd"]
    assert [entry.get("MESSAGE_ID") for entry in ours] == [EVENTS["started"], EVENTS["ready"]], ours
