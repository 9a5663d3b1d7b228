"""The script that people write instead of installing upsertd: orjson and the official SDK, in the best shape that we found.

usage: script.py grpc|rest FILE PORT
"""

import itertools
import sys

import orjson

wire, path, port = sys.argv[1:]
host = f"http://127.0.0.1:{port}"


def batches(size):
    with open(path, "rb") as file:
        while batch := [orjson.loads(line) for line in itertools.islice(file, size)]:
            yield batch


if wire == "grpc":
    from pinecone.grpc import GrpcIndex

    index = GrpcIndex(host=host, api_key="bench", secure=False, timeout=60)
    for batch in batches(200):
        index.upsert(vectors=batch)
else:
    # A pool of threads, each with one request of just under 2 MB, is the cheapest way over REST.
    from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

    from pinecone import Pinecone

    index = Pinecone(api_key="bench").Index(host=host)
    pending = set()
    with ThreadPoolExecutor(8) as pool:
        for batch in batches(120):
            if len(pending) >= 16:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
            pending.add(pool.submit(index.upsert, vectors=batch))
        for future in pending:
            future.result()

# The peak memory of this program alone; what the kernel reports to a parent includes the parent's own.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
