#!/usr/bin/env python3
"""Records the gRPC messages that the official SDK sends, as golden bytes for the encoder tests.

    python3 -m venv venv && venv/bin/pip install pinecone==10.2.0 h2==4.4.1
    venv/bin/python Tests/golden/capture.py > Tests/golden/sdk-10.2.0.json

Each entry has `input`, the records as a producer would drop them (NDJSON text, so that key order and number text
survive), `namespace`, the gRPC `method`, and `hex`, the message without its five-byte gRPC prefix. The SDK is driven
with the same records; a stub that speaks just enough HTTP/2 answers it on a loopback port.
"""

import json
import socket
import sys
import threading

import h2.config
import h2.connection
import h2.events
from pinecone import Pinecone

# (name, namespace, records as NDJSON lines). Keys are unsorted on purpose: the SDK sorts metadata keys.
CASES = [
    ("dense", "", ['{"id":"a","values":[0.1,0.2,-3.5]}']),
    ("dense, several records", "", [
        '{"id":"a","values":[0.1,0.2]}',
        '{"id":"b","values":[1,2.5e-3]}',
        '{"id":"c","values":[-0.0,16777217]}',
    ]),
    ("dense with metadata", "", [
        '{"id":"a","values":[0.1,0.2],"metadata":{"title":"Żółw","year":1999,"ok":true,"tags":["x","y"]}}'
    ]),
    ("metadata keys unsorted", "", [
        '{"id":"k","values":[1.5],"metadata":{"b":2,"a":1,"Z":false,"é":"accent","_x":"u","aa":["q"],"":0.25}}'
    ]),
    ("metadata empty values", "", ['{"id":"e","values":[1.5],"metadata":{"s":"","l":[],"z":0,"f":false}}']),
    ("metadata null is stripped", "", ['{"id":"n","values":[1.5],"metadata":{"keep":1,"gone":null}}']),
    ("metadata empty object", "", ['{"id":"m","values":[1.5],"metadata":{}}']),
    ("sparse only", "", ['{"id":"s","values":[],"sparse_values":{"indices":[5,1,4294967295],"values":[0.5,1.0,-2.25]}}']),
    ("dense and sparse", "", [
        '{"id":"d","values":[0.25,0.75],"sparse_values":{"indices":[10,300],"values":[0.1,0.9]}}'
    ]),
    ("dense, sparse and metadata", "", [
        '{"id":"d","values":[0.25],"sparse_values":{"indices":[7],"values":[0.5]},"metadata":{"g":"x"}}'
    ]),
    ("namespace", "ns1", ['{"id":"a","values":[0.1,0.2]}']),
    ("delete ids", "ns1", ['{"op":"delete","id":"a"}', '{"op":"delete","id":"b c/%"}']),
    ("delete ids, default namespace", "", ['{"op":"delete","id":"a"}']),
    ("update values and metadata", "ns1", [
        '{"op":"update","id":"a","values":[0.5,0.6],"set_metadata":{"genre":"y","n":10,"b":true,"tags":["p"]}}'
    ]),
    ("update metadata only", "", ['{"op":"update","id":"a","set_metadata":{"z":1,"a":"first"}}']),
    ("update values only", "", ['{"op":"update","id":"a","values":[0.5,0.6]}']),
    ("update sparse values", "ns1", [
        '{"op":"update","id":"a","sparse_values":{"indices":[1,9],"values":[2.0,0.125]}}'
    ]),
]


class Stub(threading.Thread):
    """Answers every unary call with an empty message and keeps what it was sent."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.calls = []

    def run(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        http.initiate_connection()
        client.sendall(http.data_to_send())
        paths, bodies = {}, {}
        while data := client.recv(65536):
            for event in http.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    paths[event.stream_id] = dict(event.headers)[":path"]
                    bodies[event.stream_id] = b""
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                    http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self.calls.append((paths[event.stream_id], bodies[event.stream_id][5:]))
                    http.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/grpc")])
                    http.send_data(event.stream_id, b"\0\0\0\0\0")
                    http.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)
            client.sendall(http.data_to_send())


def send(index, records, namespace):
    operation = records[0].pop("op", "upsert")
    if operation == "upsert":
        index.upsert(vectors=records, namespace=namespace)
    elif operation == "delete":
        index.delete(ids=[record["id"] for record in records], namespace=namespace)
    else:
        (record,) = records
        index.update(namespace=namespace, **record)


def main():
    stub = Stub()
    stub.start()
    index = Pinecone(api_key="pclocal", grpc_scheme="http").index(host=f"http://127.0.0.1:{stub.port}", grpc=True)
    golden = []
    for name, namespace, lines in CASES:
        stub.calls.clear()
        send(index, [json.loads(line) for line in lines], namespace)
        ((method, message),) = stub.calls
        golden.append({"name": name, "method": method, "namespace": namespace, "input": "\n".join(lines),
                       "hex": message.hex()})
    json.dump(golden, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
