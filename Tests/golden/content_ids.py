#!/usr/bin/env python3
"""Writes content-ids.json: records without an id, and the ids that must be derived from them.

Independent of the Swift code: protobuf is written by hand from db_data_2026-07.proto, canonical JSON by hand from
RFC 8785. Where the packages `protobuf` and `rfc8785` are installed, both are checked against them.

    python3 Tests/golden/content_ids.py > Tests/golden/content-ids.json
"""
import hashlib
import json
import struct
import sys

VECTORS = [
    '{"values":[0.1,0.2,-3.5]}',
    '{"values":[1,2.5e-3,16777217,-0.0,3.4028235e38,1e-45]}',
    '{"values":[0.25],"metadata":{}}',
    '{"values":[0.25],"metadata":{"gone":null}}',
    '{"values":[0.25],"metadata":{"b":2,"a":1.5,"Z":false,"é":"accent","_x":"u","aa":["q",""],"l":[],"s":"","n":-0.0}}',
    '{"values":[],"sparse_values":{"indices":[5,1,4294967295],"values":[0.5,1.0,-2.25]}}',
    '{"sparseValues":{"values":[0.1],"indices":[300]},"metadata":{"t":true,"\\u20ac":"\\ud83d\\ude00\\n"},"values":[7]}',
    '{"namespace":"elsewhere","op":"upsert","metadata":{"dup":1,"dup":"last"},"values":[ 1.0 , 2 ]}',
    '{"values":[%s]}' % ",".join(str(i / 1024) for i in range(1, 200)),
]
TEXTS = [
    '{"text":"hello","year":1999,"ok":true,"tags":["b","a"]}',
    '{"text":"h\\u00e9llo","gone":null}',
    '{"z":1.0,"y":1e2,"x":-0.0,"w":1e21,"v":123456789012345680000,"u":1e-7,"t":0.000001,"s":5e-324,"r":1.7976931348623157e308}',
    '{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7,"":8}',
    '{"text":"quote \\" slash \\\\ \\/ tab \\t bell \\u0007 delete \\u007f"}',
    '{"namespace":"n","record":{"text":"in an envelope","list":[]}}',
    '{}',
]


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def struct_value(value):
    if value is True or value is False:
        return b"\x20" + (b"\x01" if value else b"\x00")
    if isinstance(value, (int, float)):
        return b"\x11" + struct.pack("<d", value)
    if isinstance(value, str):
        return field(3, value.encode())
    return field(6, b"".join(field(1, struct_value(element)) for element in value))


def vector(record):
    """The protobuf Vector with empty id, packed values and metadata keys in byte order."""
    out = b""
    if record.get("values"):
        out += field(2, b"".join(struct.pack("<f", value) for value in record["values"]))
    if record.get("metadata") is not None:
        entries = {key.encode(): value for key, value in record["metadata"].items() if value is not None}
        body = b"".join(
            field(1, (field(1, key) if key else b"") + field(2, struct_value(entries[key]))) for key in sorted(entries))
        out += field(3, body)
    sparse = record.get("sparse_values") or record.get("sparseValues")
    if sparse:
        indices = b"".join(varint(index) for index in sparse["indices"])
        out += field(4, field(1, indices) + field(2, b"".join(struct.pack("<f", value) for value in sparse["values"])))
    return out


def canonical_number(value):
    value = float(value)
    if value == 0:
        return "0"
    digits, exponent = ("%r" % abs(value)), 0
    if "e" in digits:
        digits, power = digits.split("e")
        exponent = int(power)
    whole, _, fraction = digits.partition(".")
    digits = whole + fraction
    point = len(whole) + exponent
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        text = digits + "0" * (point - count)
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        text = digits[0] + ("." + digits[1:] if count > 1 else "") + "e" + ("+" if point > 0 else "-") + str(abs(point - 1))
    return ("-" if value < 0 else "") + text


def canonical(value):
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, (int, float)):
        return canonical_number(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(canonical(element) for element in value) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"


def text_record(record):
    if set(record) <= {"op", "namespace", "record", "id", "_id"} and isinstance(record.get("record"), dict):
        record = record["record"]
    return canonical({key: value for key, value in record.items() if value is not None}).encode()


def cross_check():
    try:
        import rfc8785
    except ImportError:
        print("rfc8785 is not installed: not cross-checked", file=sys.stderr)
    else:
        for text in TEXTS:
            record = json.loads(text)
            record = record.get("record", record)
            as_floats = {k: float(v) if type(v) is int else v for k, v in record.items() if v is not None}
            assert text_record(json.loads(text)) == rfc8785.dumps(as_floats), text
        print("canonical JSON agrees with rfc8785", file=sys.stderr)
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2
    except ImportError:
        print("protobuf is not installed: not cross-checked", file=sys.stderr)
        return
    kind = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="v.proto", syntax="proto3", dependency=["google/protobuf/struct.proto"])
    sparse = file.message_type.add(name="SparseValues")
    sparse.field.add(name="indices", number=1, label=kind.LABEL_REPEATED, type=kind.TYPE_UINT32)
    sparse.field.add(name="values", number=2, label=kind.LABEL_REPEATED, type=kind.TYPE_FLOAT)
    message = file.message_type.add(name="Vector")
    message.field.add(name="id", number=1, label=kind.LABEL_OPTIONAL, type=kind.TYPE_STRING)
    message.field.add(name="values", number=2, label=kind.LABEL_REPEATED, type=kind.TYPE_FLOAT)
    message.field.add(
        name="metadata", number=3, label=kind.LABEL_OPTIONAL, type=kind.TYPE_MESSAGE, type_name=".google.protobuf.Struct")
    message.field.add(
        name="sparse_values", number=4, label=kind.LABEL_OPTIONAL, type=kind.TYPE_MESSAGE, type_name=".SparseValues")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    vector_class = message_factory.GetMessageClass(pool.FindMessageTypeByName("Vector"))
    for text in VECTORS:
        record = json.loads(text)
        made = vector_class()
        made.values.extend(record.get("values") or [])
        if record.get("metadata") is not None:
            made.metadata.SetInParent()
            for key, value in record["metadata"].items():
                if value is not None:
                    made.metadata[key] = value
        parts = record.get("sparse_values") or record.get("sparseValues")
        if parts:
            made.sparse_values.indices.extend(parts["indices"])
            made.sparse_values.values.extend(parts["values"])
        # As messages: protobuf's own "deterministic" order of keys is not byte order where one is another's prefix.
        assert vector_class.FromString(vector(record)) == made, text
        assert len(made.SerializeToString()) == len(vector(record)), text
    print("vectors agree with protobuf", file=sys.stderr)


if __name__ == "__main__":
    cross_check()
    cases = [{"api": "vectors", "record": text, "id": hashlib.sha256(vector(json.loads(text))).hexdigest()} for text in VECTORS]
    cases += [{"api": "records", "record": text, "id": hashlib.sha256(text_record(json.loads(text))).hexdigest()} for text in TEXTS]
    json.dump(cases, sys.stdout, indent=1, ensure_ascii=False)
    print()
