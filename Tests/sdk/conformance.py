#!/usr/bin/env python3
"""Drives a running index with the official Pinecone SDK, over REST and over gRPC.

    python3 -m venv venv && venv/bin/pip install pinecone==10.2.0
    venv/bin/python Tests/sdk/conformance.py 127.0.0.1:5081 KEY

The index must be empty of the namespaces used here, have dimension 4 and metric dotproduct, and require KEY
(or set UPSERTD_INDEX and UPSERTD_INDEX_KEY). Prints one line per check; exits 1 if any failed.
"""

import os
import sys
import uuid

import httpx
from pinecone import Pinecone
from pinecone.errors import exceptions

HOST = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("UPSERTD_INDEX", "127.0.0.1:5081")
KEY = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("UPSERTD_INDEX_KEY", "pclocal")
URL = f"http://{HOST}"
RUN = uuid.uuid4().hex[:8]

passed = failed = 0


def check(name, holds, detail=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print(f"{'ok  ' if holds else 'FAIL'} {name}{'' if holds else f': {detail}'}")


def equal(name, actual, expected):
    check(name, actual == expected, f"got {actual!r}, expected {expected!r}")


def refused(name, kind, text, call):
    try:
        call()
    except kind as error:
        check(name, text in str(error), f"{error!r} does not say {text!r}")
    except Exception as error:  # a wrong kind is a failed check, not the end of the run
        check(name, False, f"raised {error!r}")
    else:
        check(name, False, "was accepted")


def near(values, expected):
    return len(values) == len(expected) and all(abs(a - b) < 1e-6 for a, b in zip(values, expected))


VECTORS = [
    {"id": "a", "values": [1.0, 0.0, 0.0, 0.0], "metadata": {"genre": "drama", "year": 1999, "ok": True}},
    {"id": "b", "values": [0.0, 2.0, 0.0, 0.0], "metadata": {"genre": "comedy", "year": 2005, "tags": ["x", "y"]}},
    {"id": "c", "values": [0.1, 0.2, 0.3, 0.4], "metadata": {"genre": "drama", "year": 2020.5, "né": "ż\n\"q\""}},
    {"id": "d", "values": [0.5, 0.5, 0.5, 0.5],
     "sparse_values": {"indices": [10, 300, 4294967295], "values": [0.5, 1.5, 2.0]}},
]


def writes_and_reads(wire, index, ns):
    response = index.upsert(vectors=VECTORS, namespace=ns)
    equal(f"{wire} upsert counts", response.upserted_count, 4)
    if wire == "rest":
        check("rest upsert has an LSN", response.response_info.lsn_committed is not None, response.response_info)

    found = index.fetch(ids=["a", "c", "d", "missing"], namespace=ns)
    equal(f"{wire} fetch leaves out missing ids", sorted(found.vectors), ["a", "c", "d"])
    check(f"{wire} fetch returns values", near(found.vectors["c"].values, [0.1, 0.2, 0.3, 0.4]))
    equal(f"{wire} fetch returns metadata", dict(found.vectors["c"].metadata), VECTORS[2]["metadata"])
    sparse = found.vectors["d"].sparse_values
    equal(f"{wire} fetch returns sparse indices", list(sparse.indices), [10, 300, 4294967295])
    check(f"{wire} fetch returns sparse values", near(list(sparse.values), [0.5, 1.5, 2.0]))

    index.upsert(vectors=[{"id": "a", "values": [3.0, 0.0, 0.0, 0.0], "metadata": {"new": "m"}}], namespace=ns)
    record = index.fetch(ids=["a"], namespace=ns).vectors["a"]
    equal(f"{wire} upsert replaces the whole record", (list(record.values), dict(record.metadata)),
          ([3.0, 0.0, 0.0, 0.0], {"new": "m"}))
    index.upsert(vectors=[VECTORS[0], VECTORS[1], VECTORS[0]], namespace=ns)
    record = index.fetch(ids=["a"], namespace=ns).vectors["a"]
    equal(f"{wire} upsert takes an id twice", dict(record.metadata), VECTORS[0]["metadata"])

    pages = [[item.id for item in page.vectors] for page in index.list(namespace=ns, limit=3)]
    equal(f"{wire} list pages in order", pages, [["a", "b", "c"], ["d"]])
    index.upsert(vectors=[{"id": f"doc#{n}", "values": [1, 1, 1, 1]} for n in range(5)], namespace=ns)
    listed = [item.id for page in index.list(namespace=ns, prefix="doc#", limit=2) for item in page.vectors]
    equal(f"{wire} list by prefix", listed, [f"doc#{n}" for n in range(5)])

    stats = index.describe_index_stats()
    equal(f"{wire} stats count the namespace", stats.namespaces[ns].vector_count, 9)
    equal(f"{wire} stats know the index", (stats.dimension, stats.metric, stats.vector_type), (4, "dotproduct", "dense"))


def queries(wire, index, ns):
    found = index.query(vector=[1, 0, 0, 0], top_k=2, namespace=ns, include_metadata=True, include_values=True,
                        filter={"genre": {"$exists": True}})
    equal(f"{wire} query orders by score", [m.id for m in found.matches], ["a", "c"])
    check(f"{wire} query scores exactly", near([m.score for m in found.matches], [1.0, 0.1]))
    equal(f"{wire} query includes values", list(found.matches[0].values), [1.0, 0.0, 0.0, 0.0])
    equal(f"{wire} query includes metadata", dict(found.matches[0].metadata), VECTORS[0]["metadata"])
    bare = index.query(vector=[1, 0, 0, 0], top_k=1, namespace=ns).matches[0]
    check(f"{wire} query leaves out values and metadata", not bare.values and not bare.metadata, bare)
    found = index.query(id="b", top_k=1, namespace=ns)
    equal(f"{wire} query by id", (found.matches[0].id, found.matches[0].score), ("b", 4.0))
    equal(f"{wire} query of an absent namespace is empty",
          len(index.query(vector=[1, 0, 0, 0], top_k=1, namespace=f"{ns}-none").matches), 0)
    found = index.query(vector=[0.5, 0.5, 0.5, 0.5], sparse_vector={"indices": [300, 7], "values": [2.0, 9.0]}, top_k=1,
                        namespace=ns)
    equal(f"{wire} hybrid query adds the sparse score", (found.matches[0].id, found.matches[0].score), ("d", 4.0))

    for name, condition, expected in [
        ("shorthand", {"genre": "drama"}, "ac"),
        ("$eq", {"genre": {"$eq": "comedy"}}, "b"),
        ("$eq boolean", {"ok": {"$eq": True}}, "a"),
        ("$ne", {"genre": {"$ne": "drama"}}, "bd"),
        ("$gt", {"year": {"$gt": 1999}}, "bc"),
        ("$gte", {"year": {"$gte": 1999}}, "abc"),
        ("$lt", {"year": {"$lt": 2005}}, "a"),
        ("$lte", {"year": {"$lte": 2005}}, "ab"),
        ("range", {"year": {"$gt": 1999, "$lt": 2010}}, "b"),
        ("$in", {"genre": {"$in": ["comedy", "none"]}}, "b"),
        ("$nin", {"genre": {"$nin": ["comedy"]}}, "acd"),
        ("list member", {"tags": {"$eq": "y"}}, "b"),
        ("$in of a list", {"tags": {"$in": ["x", "z"]}}, "b"),
        ("$exists false", {"genre": {"$exists": False}}, "d"),
        ("$and", {"$and": [{"genre": "drama"}, {"year": {"$gt": 2000}}]}, "c"),
        ("$or", {"$or": [{"genre": "comedy"}, {"year": 1999}]}, "ab"),
        ("fields side by side", {"genre": "drama", "year": 1999}, "a"),
    ]:
        found = index.query(vector=[1, 1, 1, 1], top_k=100, namespace=ns, filter=condition)
        equal(f"{wire} filter {name}", "".join(sorted(m.id for m in found.matches if len(m.id) == 1)), expected)

    first = index.fetch_by_metadata(filter={"genre": "drama"}, namespace=ns, limit=1)
    equal(f"{wire} fetch_by_metadata limits", list(first.vectors), ["a"])
    rest = index.fetch_by_metadata(filter={"genre": "drama"}, namespace=ns, limit=5,
                                   pagination_token=first.pagination.next)
    equal(f"{wire} fetch_by_metadata goes on", (list(rest.vectors), rest.pagination), (["c"], None))


def changes(wire, index, ns):
    index.update(id="b", values=[0, 0, 7, 0], set_metadata={"year": 2006, "added": "z"}, namespace=ns)
    record = index.fetch(ids=["b"], namespace=ns).vectors["b"]
    equal(f"{wire} update replaces values", list(record.values), [0, 0, 7, 0])
    equal(f"{wire} update merges metadata", dict(record.metadata),
          {"genre": "comedy", "year": 2006, "tags": ["x", "y"], "added": "z"})
    index.update(id="b", sparse_values={"indices": [5], "values": [1.0]}, namespace=ns)
    record = index.fetch(ids=["b"], namespace=ns).vectors["b"]
    equal(f"{wire} update of sparse values keeps the rest",
          (list(record.values), list(record.sparse_values.indices), record.metadata["added"]), ([0, 0, 7, 0], [5], "z"))
    index.update(id="missing", set_metadata={"x": 1}, namespace=ns)
    equal(f"{wire} update of a missing id has no effect", len(index.fetch(ids=["missing"], namespace=ns).vectors), 0)
    response = index.update(filter={"genre": "drama"}, set_metadata={"seen": True}, dry_run=True, namespace=ns)
    equal(f"{wire} update by filter, dry run", response.matched_records, 2)
    check(f"{wire} dry run changes nothing", "seen" not in index.fetch(ids=["a"], namespace=ns).vectors["a"].metadata)
    response = index.update(filter={"genre": "drama"}, set_metadata={"seen": True}, namespace=ns)
    equal(f"{wire} update by filter", response.matched_records, 2)
    equal(f"{wire} update by filter merges", index.fetch(ids=["a"], namespace=ns).vectors["a"].metadata["seen"], True)

    index.delete(ids=["a", "missing"], namespace=ns)
    equal(f"{wire} delete by ids", len(index.fetch(ids=["a"], namespace=ns).vectors), 0)
    index.delete(filter={"genre": "comedy"}, namespace=ns)
    equal(f"{wire} delete by filter", sorted(index.fetch(ids=["b", "c"], namespace=ns).vectors), ["c"])
    index.delete(delete_all=True, namespace=ns)
    equal(f"{wire} delete all", [i.id for page in index.list(namespace=ns) for i in page.vectors], [])
    refused(f"{wire} delete in an absent namespace", exceptions.NotFoundError, "Namespace not found",
            lambda: index.delete(ids=["a"], namespace=f"{ns}-none"))

    one = [{"id": "dflt", "values": [1, 2, 3, 4]}]
    index.upsert(vectors=one)
    equal(f"{wire} default namespace", list(index.fetch(ids=["dflt"]).vectors), ["dflt"])
    equal(f"{wire} default namespace by name", list(index.fetch(ids=["dflt"], namespace="__default__").vectors), ["dflt"])
    index.delete(ids=["dflt"], namespace="__default__")
    equal(f"{wire} delete in the default namespace", list(index.fetch(ids=["dflt"]).vectors), [])


def namespaces(wire, index, ns):
    made = index.create_namespace(name=f"{ns}-made", schema={"fields": {"genre": {"filterable": True}}})
    equal(f"{wire} create namespace", (made.name, made.record_count), (f"{ns}-made", 0))
    check(f"{wire} create namespace keeps the schema", made.schema and "genre" in made.schema.fields, made)
    refused(f"{wire} create namespace twice", exceptions.ConflictError, "exists",
            lambda: index.create_namespace(name=f"{ns}-made"))
    index.upsert(vectors=VECTORS[:2], namespace=f"{ns}-made")
    equal(f"{wire} describe namespace", index.describe_namespace(name=f"{ns}-made").record_count, 2)
    names = [n.name for page in index.list_namespaces(prefix=ns, limit=1) for n in page.namespaces]
    equal(f"{wire} list namespaces in pages", names, [ns, f"{ns}-made"])
    index.delete_namespace(name=f"{ns}-made")
    refused(f"{wire} describe a deleted namespace", exceptions.NotFoundError, "Namespace not found",
            lambda: index.describe_namespace(name=f"{ns}-made"))
    equal(f"{wire} delete namespace removes records", len(index.fetch(ids=["a"], namespace=f"{ns}-made").vectors), 0)


def text_records(wire, index, ns):
    odd = f"{ns} 1/é".replace("é", "e")
    index.upsert_records(namespace=odd, records=[
        {"_id": "r1", "text": "hello", "n": 2}, {"id": "r2", "text": "wörld", "nothing": None}])
    record = index.fetch(ids=["r1", "r2"], namespace=odd).vectors
    equal(f"{wire} upsert_records stores the fields", dict(record["r2"].metadata), {"text": "wörld"})
    refused(f"{wire} upsert_records takes 96", exceptions.ApiError, "Batch size exceeds 96",
            lambda: index.upsert_records(namespace=odd, records=[{"_id": str(n), "text": "t"} for n in range(97)]))


def refusals(wire, index, ns):
    api = exceptions.ApiError
    refused(f"{wire} wrong dimension", api, "Vector dimension 2 does not match the dimension of the index 4",
            lambda: index.upsert(vectors=[{"id": "x", "values": [1.0, 2.0]}], namespace=ns))
    refused(f"{wire} one bad record refuses all", api, "does not match",
            lambda: index.upsert(vectors=[VECTORS[0], {"id": "x", "values": [1.0]}], namespace=f"{ns}-atomic"))
    equal(f"{wire} nothing of a refused request is applied",
          len(index.fetch(ids=["a"], namespace=f"{ns}-atomic").vectors), 0)
    many = [{"id": f"m{n}", "values": [1, 0, 0, 0]} for n in range(1001)]
    refused(f"{wire} 1001 vectors", api, "Batch size exceeds 1000", lambda: index.upsert(vectors=many, namespace=ns))
    equal(f"{wire} 1000 vectors", index.upsert(vectors=many[:1000], namespace=ns).upserted_count, 1000)
    refused(f"{wire} zero vector", api, "at least one non-zero value",
            lambda: index.upsert(vectors=[{"id": "z", "values": [0, 0, 0, 0]}], namespace=ns))
    refused(f"{wire} long id", api, "Vector ID",
            lambda: index.upsert(vectors=[{"id": "i" * 513, "values": [1, 0, 0, 0]}], namespace=ns))
    big = {"text": "x" * 40960}
    refused(f"{wire} metadata over 40 KB", api, "exceeds the limit of 40960 bytes per vector",
            lambda: index.upsert(vectors=[{"id": "big", "values": [1, 0, 0, 0], "metadata": big}], namespace=ns))
    refused(f"{wire} metadata key with $", api, "cannot start with '$'",
            lambda: index.upsert(vectors=[{"id": "k", "values": [1, 0, 0, 0], "metadata": {"$k": 1}}], namespace=ns))
    heavy = [{"id": f"h{n}", "values": [1, 0, 0, 0], "metadata": {"t": "x" * 30000}} for n in range(70)]
    refused(f"{wire} request over 2 MB", api, "exceeds the maximum supported size of 2MB",
            lambda: index.upsert(vectors=heavy, namespace=ns))
    huge = [{"id": f"h{n}", "values": [1, 0, 0, 0], "metadata": {"t": "x" * 39000}} for n in range(110)]
    refused(f"{wire} request over 4 MiB", exceptions.PineconeError, "message length too large",
            lambda: index.upsert(vectors=huge, namespace=ns))
    refused(f"{wire} bad filter", api, "$foo",
            lambda: index.query(vector=[1, 0, 0, 0], top_k=1, namespace=ns, filter={"genre": {"$foo": 1}}))
    refused(f"{wire} query of wrong dimension", api, "does not match the dimension of the index 4",
            lambda: index.query(vector=[1.0], top_k=1, namespace=ns))


def raw_rest(ns):
    """What the SDK would not send: it checks metadata before it asks."""
    def post(vector):
        return httpx.post(f"{URL}/vectors/upsert", headers={"Api-Key": KEY, "X-Pinecone-Api-Version": "2026-07"},
                          json={"vectors": [vector], "namespace": ns})

    response = post({"id": "x", "values": [1, 0, 0, 0], "metadata": {"modified": {"deep": 10}}})
    equal("raw nested metadata", (response.status_code, response.json()), (400, {
        "code": 3, "details": [], "message": "Metadata value must be a string, number, boolean or list of strings, got "
        "'{\"deep\":10.0}' for field 'modified'"}))
    response = post({"id": "x", "values": [1, 0, 0, 0], "metadata": {"list": [1.5, 2, 3, 4, 5]}})
    check("raw list of numbers", "got '[1.5,2.0,3.0,4.0...' for field 'list'" in response.json()["message"],
          response.text)
    response = post({"id": "x", "values": [1, 0, 0, 0], "sparseValues": {"indices": [], "values": []}})
    equal("raw empty sparse vector", response.json()["message"], "Sparse vector must contain at least one value")
    response = post({"id": "é", "values": [1, 0, 0, 0]})
    equal("raw id not ASCII", response.json()["message"], "Vector ID must be ASCII")
    response = post({"id": "n", "values": [1, 0, 0, 0], "metadata": {"keep": 1, "gone": None}})
    equal("raw null metadata is stripped", response.status_code, 200)
    response = httpx.post(f"{URL}/vectors/upsert", headers={"Api-Key": "wrong"}, json={})
    equal("raw wrong key", (response.status_code, response.headers["content-type"], response.text),
          (401, "text/plain", "Unauthorized"))


def main():
    clients = [("rest", lambda key: Pinecone(api_key=key).index(host=URL)),
               ("grpc", lambda key: Pinecone(api_key=key, grpc_scheme="http").index(host=URL, grpc=True))]
    for wire, connect in clients:
        ns = f"{wire}-{RUN}"
        index = connect(KEY)
        for part in (writes_and_reads, queries, changes, namespaces, text_records, refusals):
            try:
                part(wire, index, ns)
            except Exception as error:
                check(f"{wire} {part.__name__}", False, f"stopped by {error!r}")
        refused(f"{wire} wrong key", exceptions.UnauthorizedError, "Unauthorized",
                lambda: connect("wrong").describe_index_stats())
    raw_rest(f"raw-{RUN}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
