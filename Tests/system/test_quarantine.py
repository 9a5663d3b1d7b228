"""Quarantined records are listed by reason, exported, mended and retried, and an old version never overwrites a newer write."""

import json

from conftest import vector


def refused(daemon, index, ids, message="no such colour"):
    """Drops records that the server refuses, and waits until they lie in quarantine."""
    before = daemon.status()["quarantined"]["current"]
    for name in ids:
        index.call("POST", "/_faults", {"effect": "refuse", "id": name, "message": message})
    daemon.drop(f"{ids[0]}.ndjson", [{"id": name, "values": vector(1), "metadata": {"v": "old"}} for name in ids])
    daemon.wait(lambda s: s["quarantined"]["current"] == before + len(ids) and s["queued"]["records"] == 0)
    index.call("DELETE", "/_faults")


def listed(daemon, *filters):
    return json.loads(daemon.ctl("quarantine", "list", "--json", *filters).stdout)["quarantine"]


def version(index, name, namespace=""):
    record = index.fetch([name], namespace).get(name)
    return record and record["metadata"]["v"]


def test_a_group_is_exported_and_dropped_again_as_it_is(daemon, index, tmp_path):
    refused(daemon, index, ["a1", "a2", "a3"])
    text = daemon.ctl("quarantine", "list").stdout
    assert text.startswith("3 records of target main in the default namespace: ") and "no such colour" in text
    out = tmp_path / "out.ndjson"
    daemon.ctl("quarantine", "export", "--reason", "COLOUR", out)
    assert daemon.ctl("quarantine", "drop", "--reason", "colour").stdout == "dropped 3 of 3\n"
    daemon.ctl("put", out, "--wait")
    status = daemon.idle()
    assert status["dropped"]["records"] == 3 and index.count() == 3 and version(index, "a2") == "old"


def test_a_mended_record_goes_through_the_checks_and_takes_the_old_ones_place(daemon, index):
    refused(daemon, index, ["a"])
    number = listed(daemon)[0]["number"]
    bad = daemon.ctl("quarantine", "retry", number, "--from", "-", check=False, input='{"id":"a","values":[1,2]}')
    assert bad.returncode == 65 and "dimension" in bad.stderr, bad.stderr
    assert daemon.status()["quarantined"]["current"] == 1, "a refused record changes nothing"
    good = json.dumps({"id": "a", "values": vector(2), "metadata": {"v": "mended"}})
    daemon.ctl("quarantine", "retry", number, "--from", "-", input=good)
    status = daemon.idle()
    assert status["quarantined"]["current"] == 0 and version(index, "a") == "mended"
    assert "1 accepted, 1 delivered" in daemon.ctl("receipt", f"quarantine-{number}").stdout
    assert daemon.ctl("quarantine", "retry", number, "--from", "-", input=good, check=False).returncode == 66


def test_an_old_version_never_overwrites_a_newer_write(daemon, index):
    refused(daemon, index, ["a", "b"])
    daemon.drop("new.ndjson", [{"id": "a", "values": vector(3), "metadata": {"v": "new"}}])
    daemon.idle()
    daemon.kill()
    daemon.start()
    assert {entry["id"]: entry["superseded"] for entry in listed(daemon)} == {"a": True, "b": False}
    retried = daemon.ctl("quarantine", "retry", "--all", check=False)
    assert retried.returncode == 65 and "superseded by a newer write" in retried.stderr
    assert retried.stdout == "retried 1 of 2\n"
    daemon.idle()
    assert version(index, "a") == "new" and version(index, "b") == "old"
    assert daemon.ctl("quarantine", "retry", "--all", "--force").stdout == "retried 1 of 1\n"
    assert daemon.idle()["quarantined"]["current"] == 0 and version(index, "a") == "old"


def test_show_tells_all_and_the_record_as_it_can_be_submitted(daemon, index):
    refused(daemon, index, ["a"])
    number = listed(daemon)[0]["number"]
    text = daemon.ctl("quarantine", "show", number).stdout
    for part in ["namespace    __default__", "id           a", "superseded   no", "no such colour"]:
        assert part in text, text
    record = json.loads(text.splitlines()[-1])
    assert record["id"] == "a" and record["namespace"] == "__default__" and record["metadata"] == {"v": "old"}
