"""The main path: drop a file, see its records in the index."""

import collections
import json
import os
import random
import subprocess
import time

import pytest

from conftest import BINARIES, Daemon, Index, vector


def records(count, start=0, **more):
    return [{"id": f"rec-{n:06d}", "values": vector(n), "metadata": {"n": n}, **more} for n in range(start, start + count)]


def test_a_dropped_file_arrives_whole_and_exact(daemon, index):
    daemon.drop("first.ndjson", records(2500))
    status = daemon.idle()
    assert status["delivered"]["records"] == 2500
    assert index.count() == 2500
    found = index.fetch(["rec-000000", "rec-002499"])
    assert found["rec-002499"]["values"] == vector(2499)
    assert found["rec-002499"]["metadata"] == {"n": 2499}
    assert os.listdir(daemon.incoming) == [] and os.listdir(daemon.spool / "claimed") == []


def test_a_plain_copy_is_taken_too(daemon, index):
    with open(daemon.incoming / "copied.jsonl", "w") as file:
        for record in records(10):
            file.write(json.dumps(record) + "\n")
            file.flush()
    assert daemon.idle()["delivered"]["records"] == 10


def test_namespaces_by_directory_record_and_default(daemon, index):
    daemon.drop("a.ndjson", records(3), namespace="articles")
    daemon.drop("b.ndjson", records(2), namespace="a%2Fb")
    daemon.drop("c.ndjson", [{"id": "x", "values": vector(1), "namespace": "own"}], namespace="articles")
    daemon.drop("d.ndjson", [{"id": "y", "values": vector(1), "namespace": "__default__"}], namespace="articles")
    daemon.idle()
    assert (index.count("articles"), index.count("a/b"), index.count("own"), index.count("")) == (3, 2, 1, 1)


def test_json_bodies_and_arrays(daemon, index):
    body = {"vectors": records(1200), "namespace": "body"}
    daemon.drop("body.json", json.dumps(body, indent=1).encode())
    daemon.drop("array.json", json.dumps(records(5, 9000)).encode())
    daemon.drop("broken.json", json.dumps(body).encode()[:-10])
    daemon.idle()
    assert index.count("body") == 1200 and index.count("") == 5
    refused = daemon.errors("broken.json.errors.ndjson")
    assert refused[0]["code"] in ("malformed", "truncated") and (daemon.spool / "rejected" / "broken.json").exists()


def test_bad_records_are_refused_alone_with_line_id_pointer_and_reason(daemon, index):
    lines = records(50)
    lines[10]["values"] = [1, 2]
    lines[20] = {"id": "é", "values": vector(1)}
    lines[30]["metadata"] = {"nested": {"a": 1}}
    text = "".join(json.dumps(line) + "\n" for line in lines) + "not json\n" + '{"id":"cut","values":[1,2'
    daemon.drop("mixed.ndjson", text.encode())
    status = daemon.idle()
    assert status["delivered"]["records"] == 47 and status["rejected"]["records"] == 5
    refused = {entry["line"]: entry for entry in daemon.errors("mixed.ndjson.errors.ndjson")}
    assert set(refused) == {11, 21, 31, 51, 52}
    assert refused[11]["code"] == "dimension_mismatch" and refused[11]["id"] == "rec-000010"
    assert refused[21]["code"] == "id_not_ascii" and refused[21]["pointer"] == "/id"
    assert refused[31]["pointer"] == "/metadata/nested" and "must be a string, number" in refused[31]["reason"]
    assert refused[51]["code"] == "malformed" and refused[52]["code"] == "truncated"


def test_a_file_of_garbage_is_refused_line_by_line_and_nothing_breaks(daemon, index):
    garbage = random.Random(5).randbytes(200_000)
    daemon.drop("garbage.ndjson", garbage)
    daemon.drop("good.ndjson", records(5))
    status = daemon.idle()
    assert status["delivered"]["records"] == 5
    assert status["rejected"]["records"] == len(daemon.errors("garbage.ndjson.errors.ndjson")) > 100


def test_names_in_twelve_alphabets(daemon, index):
    names = ["данные", "データ", "数据", "데이터", "δεδομένα", "נתונים", "بيانات", "ข้อมูล", "डेटा", "მონაცემები", "տվյալներ",
             "መረጃ"]
    for number, name in enumerate(names):
        daemon.drop(f"{name}.ndjson", records(1, number) + [{"id": "bad"}])
    status = daemon.idle()
    assert status["delivered"]["records"] == 12 and status["rejected"]["records"] == 12
    for name in names:
        assert daemon.errors(f"{name}.ndjson.errors.ndjson")[0]["file"] == f"{name}.ndjson"


def test_upsert_update_delete_in_one_stream_end_in_the_last_state(daemon, index):
    daemon.drop("1.ndjson", [{"id": "a", "values": vector(1), "metadata": {"x": 1, "y": "keep"}},
                             {"id": "b", "values": vector(2)}, {"id": "c", "values": vector(3)}])
    daemon.idle()
    daemon.drop("2.ndjson", [{"op": "update", "id": "a", "set_metadata": {"x": 2}}, {"op": "delete", "id": "b"},
                             {"op": "update", "id": "c", "values": vector(33)}, {"op": "delete", "id": "never-there"},
                             {"op": "delete", "id": "c"}, {"id": "c", "values": vector(34)}])
    daemon.idle()
    found = index.fetch(["a", "b", "c"])
    assert found["a"]["metadata"] == {"x": 2, "y": "keep"} and "b" not in found and found["c"]["values"] == vector(34)


def test_writes_coalesce_while_they_wait(daemon, index):
    # The namespace is there from the start: a delete in one that is not has no effect.
    daemon.drop("first.ndjson", records(1))
    daemon.idle()
    daemon.ctl("pause")
    for version in range(5):
        daemon.drop(f"{version}.ndjson",
                    [{"id": f"r{n}", "values": vector(version * 1000 + n), "metadata": {"v": version}} for n in range(100)])
        daemon.wait(lambda s: s["accepted"]["records"] == 1 + 100 * (version + 1))
    daemon.drop("update.ndjson", [{"op": "update", "id": "r7", "set_metadata": {"extra": True}},
                                  {"op": "delete", "id": "r8"}, {"op": "update", "id": "r8", "set_metadata": {"z": 1}}])
    status = daemon.wait(lambda s: s["accepted"]["records"] == 504)
    assert status["queued"]["records"] == 100 and status["no_effect"]["records"] == 1
    daemon.ctl("resume")
    status = daemon.idle()
    assert status["delivered"]["records"] == 101 and status["coalesced"]["records"] == 402
    found = index.fetch([f"r{n}" for n in range(100)])
    assert len(found) == 99 and found["r7"]["metadata"] == {"v": 4, "extra": True}
    assert all(record["metadata"]["v"] == 4 for record in found.values())


def test_dropping_the_same_file_twice_changes_nothing(daemon, index):
    lines = [{"values": vector(n), "metadata": {"n": n}} for n in range(20)]
    daemon.drop("x.ndjson", lines)
    daemon.idle()
    daemon.drop("x.ndjson", lines)
    assert daemon.idle()["accepted"]["records"] == 40
    assert index.count() == 20


def test_rest_delivers_the_same(directory):
    index = Index(directory / "index", 4)
    daemon = Daemon(directory, index.url, transport="rest").start()
    try:
        daemon.drop("a.ndjson", records(3000) + [{"op": "delete", "id": "rec-000001"},
                                                 {"op": "update", "id": "rec-000002", "set_metadata": {"u": "é\""}}])
        daemon.idle()
        assert index.count() == 2999
        assert index.fetch(["rec-000002"])["rec-000002"]["metadata"] == {"n": 2, "u": "é\""}
    finally:
        daemon.stop()
        index.stop()


def test_text_records_go_to_the_records_api(directory):
    index = Index(directory / "index", 4)
    daemon = Daemon(directory, index.url, transport="rest", api="records").start()
    try:
        daemon.drop("a.ndjson", [{"_id": f"t{n}", "chunk_text": f"hello {n}", "kind": "x"} for n in range(200)]
                    + [{"op": "delete", "id": "t5"}, {"op": "update", "id": "t6", "set_metadata": {}}], namespace="text")
        status = daemon.idle()
        assert status["rejected"]["records"] == 1
        assert index.count("text") == 199
    finally:
        daemon.stop()
        index.stop()


def test_ten_thousand_small_files(daemon, index):
    for number in range(10_000):
        (daemon.incoming / f".{number}").write_text(json.dumps(records(1, number)[0]) + "\n")
        os.rename(daemon.incoming / f".{number}", daemon.incoming / f"{number}.ndjson")
    status = daemon.idle(180)
    assert status["delivered"]["records"] == 10_000 and index.count() == 10_000


def test_half_a_gigabyte_in_bounded_memory(directory):
    index = Index(directory / "index", 768)
    daemon = Daemon(directory, index.url).start()
    try:
        values = ", ".join(repr(random.Random(1).gauss(0, 1)) for _ in range(768))
        with open(daemon.incoming / ".big", "w") as file:
            number = 0
            while file.tell() < 500_000_000:
                file.write(f'{{"id": "rec-{number:08d}", "values": [{values}], "metadata": {{"n": {number}}}}}\n')
                number += 1
        os.rename(daemon.incoming / ".big", daemon.incoming / "big.ndjson")
        status = daemon.idle(300)
        assert status["delivered"]["records"] == number and index.count() == number
        assert daemon.peak_rss_mb() < 200, daemon.peak_rss_mb()
    finally:
        daemon.stop()
        index.stop()


def test_a_stop_and_a_start_lose_nothing_and_the_stop_is_clean(daemon, index):
    daemon.ctl("pause")
    daemon.drop("a.ndjson", records(500))
    daemon.wait(lambda s: s["accepted"]["records"] == 500)
    assert daemon.stop() == 0
    daemon.start()
    status = daemon.status()
    assert status["state"] == "paused" and status["queued"]["records"] == 500
    assert status["queue"]["started_unclean"] is False
    daemon.ctl("resume")
    daemon.idle()
    assert index.count() == 500


def test_the_sandbox_shows_the_main_job(directory):
    process = subprocess.Popen([BINARIES / "upsertd", "sandbox", directory / "box"], stdout=subprocess.PIPE, text=True)
    try:
        lines = []
        while "ready" not in lines:
            lines.append(process.stdout.readline().strip())
            assert lines[-1] or process.poll() is None
        incoming = directory / "box" / "spool" / "incoming"
        (incoming / "one.ndjson").write_text(json.dumps({"id": "one", "values": [1.0] * 8}) + "\n")
        done = subprocess.run([BINARIES / "upsertctl", "--socket", directory / "box" / "status.sock", "put", "-",
                               "--wait"], input=json.dumps({"id": "two", "values": [2.0] * 8}) + "\n",
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    finally:
        process.terminate()
        assert process.wait(40) == 0


@pytest.mark.parametrize("dimension,metadata,fits", [(386, 0, 1000), (768, 500, 559), (1536, 2000, 245)])
def test_requests_are_as_large_as_the_vendors_sizing_table_says(directory, dimension, metadata, fits):
    index = Index(directory / "index", dimension)
    daemon = Daemon(directory, index.url).start()
    try:
        filler = {"metadata": {"m": "x" * (metadata - len('{"m":""}'))}} if metadata else {}
        daemon.drop("a.ndjson", [{"id": f"id{n:06d}", "values": vector(n, dimension), **filler} for n in range(fits + 1)])
        daemon.idle()
        sizes = collections.Counter(entry["request"] for entry in index.journal()["entries"])
        assert sorted(sizes.values()) == [1, fits]
    finally:
        daemon.stop()
        index.stop()
