"""What an operator meets: a wrong key, a server that refuses one record, a server that is down, upsertctl."""

import json
import subprocess

from conftest import BINARIES, Daemon, Index, vector


def records(count):
    return [{"id": f"r{n:04d}", "values": vector(n)} for n in range(count)]


def test_one_bad_record_is_found_and_its_neighbours_arrive(daemon, index):
    index.call("POST", "/_faults", {"effect": "refuse", "id": "r0617", "message": "no such colour"})
    daemon.drop("a.ndjson", records(1000))
    status = daemon.idle()
    assert status["delivered"]["records"] == 999 and status["quarantined"]["current"] == 1
    assert status["delivered"]["requests"] <= 25
    listed = json.loads(daemon.ctl("quarantine", "list", "--json").stdout)
    assert "r0617" in json.dumps(listed) and "no such colour" in json.dumps(listed)
    index.call("DELETE", "/_faults")
    number = daemon_quarantine_numbers(daemon)[0]
    daemon.ctl("quarantine", "retry", number)
    daemon.wait(lambda s: s["delivered"]["records"] == 1000)
    assert index.count() == 1000


def daemon_quarantine_numbers(daemon):
    done = subprocess.run(["curl", "-s", "--unix-socket", daemon.socket, "http://localhost/v1/quarantine"],
                          capture_output=True, text=True, check=True)
    return [entry["number"] for entry in json.loads(done.stdout)["quarantine"]]


def test_a_wrong_key_holds_the_target_with_one_message_and_a_reload_resumes(daemon, index):
    index.call("POST", "/_faults", {"effect": "unauthorized"})
    daemon.drop("a.ndjson", records(100))
    daemon.wait(lambda s: (s["targets"]["main"].get("hold") or {}).get("kind") == "unauthorized")
    assert daemon.log.read_text().count("target held") == 1
    index.call("DELETE", "/_faults")
    daemon.ctl("reload")
    assert daemon.idle()["delivered"]["records"] == 100


def test_a_server_that_is_down_delays_and_loses_nothing(daemon, index):
    index.stop()
    daemon.drop("a.ndjson", records(1500))
    daemon.wait(lambda s: s["accepted"]["records"] == 1500 and s["targets"]["main"].get("last_error"))
    index.start()
    assert daemon.idle()["delivered"]["records"] == 1500
    assert index.count() == 1500


def test_throttling_and_lost_answers_end_well(daemon, index):
    index.call("POST", "/_faults", {"effect": "throttle", "times": 2, "pushback_ms": 100})
    index.call("POST", "/_faults", {"effect": "apply_then_drop", "times": 2})
    daemon.drop("a.ndjson", records(500))
    assert daemon.idle()["delivered"]["records"] == 500
    assert index.count() == 500


def test_a_request_that_is_too_large_is_split(daemon, index):
    index.call("POST", "/_faults", {"effect": "payload_too_large", "bytes": 20_000})
    daemon.drop("a.ndjson", records(1000))
    status = daemon.idle()
    assert status["delivered"]["records"] == 1000 and status["targets"]["main"]["bytes_bound"] <= 65_536


def test_put_waits_for_a_receipt_and_tells_what_was_refused(daemon, index, tmp_path):
    good, bad = tmp_path / "good.ndjson", tmp_path / "bad.ndjson"
    good.write_text("".join(json.dumps(record) + "\n" for record in records(10)))
    bad.write_text('{"id":"x"}\n')
    assert daemon.ctl("put", good, "--wait", "--namespace", "n").returncode == 0
    assert index.count("n") == 10
    assert daemon.ctl("put", bad, "--wait", check=False).returncode == 65
    assert daemon.ctl("check", good, "--dimension", 4).returncode == 0
    assert daemon.ctl("check", bad, check=False).returncode == 65


def test_check_config_points_at_the_line(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("targets:\n  main:\n    hots: https://x.pinecone.io\n")
    done = subprocess.run([BINARIES / "upsertctl", "check-config", path], capture_output=True, text=True)
    assert done.returncode == 78
    assert f"{path}:3" in done.stderr + done.stdout and "host" in done.stderr + done.stdout


def test_metrics_and_health(daemon):
    def get(path):
        return subprocess.run(["curl", "-s", "--unix-socket", daemon.socket, "http://localhost" + path],
                              capture_output=True, text=True, check=True).stdout
    assert get("/healthz") == "ok\n"
    assert "# TYPE upsertd_accepted_records_total counter" in get("/metrics")
