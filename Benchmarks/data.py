"""Makes the files that both sides read: unit-length gaussian vectors as Python's json module writes them."""

import numpy
import orjson

SOURCES = ["news", "blog", "paper", "wiki", "mail"]


def lines(count, dimension, digits=None, start=0, ids="rec-{:08d}".format, block=1000, seed=7):
    """Blocks of NDJSON lines.

    digits: decimal places; None keeps all the digits of the float32 value, 16 or 17 of them.
    ids: makes the id of a record from its number.
    """
    random = numpy.random.default_rng(seed)
    for first in range(0, count, block):
        rows = random.standard_normal((min(block, count - first), dimension)).astype(numpy.float32)
        rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
        rows = rows.astype(numpy.float64)
        if digits is not None:
            rows = rows.round(digits)
        out = bytearray()
        for number, row in enumerate(rows, start + first):
            # Python puts a blank behind each comma, and so do most files that people have.
            values = orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY).replace(b",", b", ")
            out += b'{"id": "%s", "values": %s, "metadata": {"source": "%s", "seq": %d}}\n' % (
                ids(number).encode(), values, SOURCES[number % 5].encode(), number)
        yield bytes(out)


def write(path, *arguments, **more):
    with open(path, "wb") as file:
        for block in lines(*arguments, **more):
            file.write(block)
    return path
