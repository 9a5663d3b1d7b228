"""Two network namespaces with a cable between them: the test and what it starts are in one, a server in the other.

A peer that loses its address there is gone as a machine without power is: no FIN, no RST, nothing but silence.
Run as a program this is a relay from the far address to the same port of 127.0.0.1, where the embedded index listens.
"""

import asyncio
import contextlib
import ctypes
import os
import subprocess
import sys

import pytest

CLONE_NEWNET = 0x40000000
NEAR, FAR = "10.77.0.1", "10.77.0.2"
FAR_HARDWARE = "02:00:00:00:77:02"


def _call(function, *arguments):
    if function(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class FarEnd:
    """The other end of the cable."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self.prefix = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]

    def run(self, *command):
        subprocess.run([*self.prefix, *command], check=True)

    def vanish(self):
        """From now on everything sent to it is lost, and it can send nothing."""
        self.run("ip", "address", "flush", "dev", "far")

    def come_back(self):
        self.run("ip", "address", "add", f"{FAR}/24", "dev", "far")

    def close(self):
        self.holder.kill()
        self.holder.wait()


@contextlib.contextmanager
def cable():
    """Moves this thread into a network namespace of its own for the block; gives the far end of the cable to another one."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        try:
            _call(libc.unshare, CLONE_NEWNET)
        except OSError as error:
            # Where this must not be left out, it is a failure.
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no network namespace: {error}")
        far = FarEnd()
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            subprocess.run(["ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "address", FAR_HARDWARE,
                            "netns", str(far.holder.pid)], check=True)
            subprocess.run(["ip", "address", "add", f"{NEAR}/24", "dev", "near"], check=True)
            subprocess.run(["ip", "link", "set", "near", "up"], check=True)
            # Otherwise the kernel would notice that nobody answers to the address, and say so.
            subprocess.run(["ip", "neighbour", "replace", FAR, "lladdr", FAR_HARDWARE, "nud", "permanent", "dev", "near"],
                           check=True)
            far.run("ip", "link", "set", "lo", "up")
            far.run("ip", "link", "set", "far", "up")
            far.come_back()
            yield far
        finally:
            far.close()
    finally:
        _call(libc.setns, before, CLONE_NEWNET)
        os.close(before)


async def relay(port):
    """Relays connections until it is ended."""
    async def pump(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connected(reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    async with await asyncio.start_server(connected, FAR, port) as server:
        print("ready", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(relay(int(sys.argv[1])))
