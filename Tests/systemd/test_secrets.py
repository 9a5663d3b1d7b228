"""The API key: where it comes from, how it changes, and that it is nowhere else."""

import base64

from conftest import KEY, OTHER_KEY, records, wait


def test_a_new_key_is_taken_by_a_reload(machine, service, index):
    service.start()
    pid = service.pid
    service.drop("a.ndjson", records(10))
    service.idle()
    index.start(key=OTHER_KEY, fresh=False)
    service.drop("b.ndjson", records(10, start=10))
    said = service.wait_said("targetHeld")
    assert said["UPSERTD_HOLD"] == "unauthorized" and said["UPSERTD_TARGET"] == "main" and said["PRIORITY"] == "3"
    service.key(OTHER_KEY)
    mark = service.now()
    machine.systemctl("reload", service.unit)
    assert service.wait_said("reloaded", since=mark)["UPSERTD_CHANGED"] == "targets.main (API key)"
    service.wait_said("targetResumed", since=mark)
    service.idle()
    assert index.count() == 20 and service.pid == pid
    # The directory is as closed as it was.
    directory = f"/run/credentials/{service.unit}"
    assert machine.run("stat", "-c", "%A %U", f"{directory}/main.key").stdout == "-r-------- upsertd\n"
    assert " ro," in machine.run("grep", f" {directory} ", "/proc/self/mountinfo").stdout


def test_an_encrypted_key_works_and_changes(machine, service, index):
    def seal(key):
        machine.run("systemd-creds", "encrypt", "--with-key=host", "--name=main.key", "-", "/etc/upsertd/main.key.cred",
                    input=key)

    machine.run("systemd-creds", "setup", check=False)
    seal(KEY)
    (machine.root / "etc/upsertd/main.key").unlink()
    service.drop_in("encrypted", "[Service]\nLoadCredential=\nLoadCredentialEncrypted=main.key:/etc/upsertd/main.key.cred\n")
    service.start()
    service.drop("a.ndjson", records(10))
    service.idle()
    index.start(key=OTHER_KEY, fresh=False)
    seal(OTHER_KEY)
    machine.systemctl("reload", service.unit)
    service.drop("b.ndjson", records(10, start=10))
    service.idle()
    assert index.count() == 20


def test_a_missing_key_is_said_and_not_tried_again(machine, service):
    service.key("two words")
    machine.systemctl("start", service.unit, check=False)
    assert service.state == "failed" and service.restarts == 0
    said = service.wait_said("startFailed")
    assert "main.key" in said["UPSERTD_REASON"] and "two" not in said["UPSERTD_REASON"]


def test_the_key_is_nowhere(machine, service, index):
    """Errors, holds and reloads included."""
    service.configure(top="log_level: trace")
    service.start()
    service.drop("a.ndjson", records(100))
    service.idle()
    index.fault(effect="unauthorized")
    service.drop("b.ndjson", records(10, start=100))
    service.wait_said("targetHeld")
    # The other way round, the look that a reload takes could come too early, and the next one is half a minute later.
    index.heal()
    machine.systemctl("reload", service.unit)
    service.idle()

    forms = [KEY, base64.b64encode(KEY.encode()).decode().rstrip("=")]
    said = {
        "status": machine.run("upsertctl", "status", "--json").stdout,
        "metrics": machine.run("curl", "-sS", "--unix-socket", "/run/upsertd/status.sock", "http://l/metrics").stdout,
        "systemctl show": machine.systemctl("show", service.unit).stdout,
        "systemctl status": machine.systemctl("status", "--full", service.unit).stdout,
        "ps": machine.run("ps", "auxeww").stdout,
        "journal": machine.run("journalctl", "-a", "-o", "export").stdout,
        "check-config": machine.run("upsertctl", "check-config").stdout,
        "environ": machine.run("sh", "-c", "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'").stdout,
    }
    for place, text in said.items():
        assert text and not any(form in text for form in forms), place
    # Every file of the machine that was made since it was booted; the index's own copy and the key file are the only ones.
    found = machine.run("grep", "-rlFs", KEY, "/etc", "/var", "/run", "/tmp", "/root/.config", check=False).stdout.split()
    allowed = {"/etc/upsertd/main.key", "/etc/index.key", f"/run/credentials/{service.unit}/main.key"}
    assert set(found) <= allowed, found
    assert "/etc/upsertd/main.key" in found  # or the search found nothing at all
