"""Runs a command and counts the system calls with which it changes the world; kills it before the Nth, or makes the Nth fail.

`strace -e inject=...:when=N` counts for each thread by itself, and the daemon's disk work moves between threads. Here one
counter runs over all threads, so that N = 1, 2, 3… visits every state that a kill can leave. A seccomp filter stops only the
calls that are counted, so everything else runs at full speed.

usage: syscall_tracer.py --under DIRECTORY --log FILE [--kill N] [--fail N:ERRNO] [--only WORD]... -- COMMAND...

Counted are writes, syncs, renames, removals and the like on files below DIRECTORY, and sends on TCP sockets. The log gets one
line of JSON a call. With --only, calls are counted whose "NAME PATH" contains one of the words. Exits as the command does,
128 + signal where a signal ended it.
"""

import argparse
import ctypes
import json
import os
import platform
import signal
import struct
import sys

CALLS = {
    "x86_64": {"write": 1, "pwrite64": 18, "writev": 20, "pwritev": 296, "sendto": 44, "sendmsg": 46, "fsync": 74,
               "fdatasync": 75, "ftruncate": 77, "fallocate": 285, "rename": 82, "renameat": 264, "renameat2": 316,
               "unlink": 87, "unlinkat": 263, "mkdir": 83, "mkdirat": 258},
    "aarch64": {"write": 64, "pwrite64": 68, "writev": 66, "pwritev": 70, "sendto": 206, "sendmsg": 211, "fsync": 82,
                "fdatasync": 83, "ftruncate": 46, "fallocate": 47, "renameat": 38, "renameat2": 276, "unlinkat": 35,
                "mkdirat": 34},
}[platform.machine()]
NAMES = {number: name for name, number in CALLS.items()}
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[platform.machine()]
# Where the first path stands among the arguments; it is relative to the argument before, if there is one.
PATHS = {"rename": 0, "renameat": 1, "renameat2": 1, "unlink": 0, "unlinkat": 1, "mkdir": 0, "mkdirat": 1}

SEIZE, CONT, LISTEN, POKEUSER, GET_SYSCALL_INFO = 0x4206, 7, 0x4208, 6, 0x420E
TRACE_CLONE, TRACE_EXEC, TRACE_SECCOMP, EXIT_KILL = 1 << 3, 1 << 4, 1 << 7, 1 << 20
EVENT_SECCOMP, EVENT_STOP = 7, 128
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, thread, address=0, data=0):
    result = libc.ptrace(request, thread, address, data)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


class BPFProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install_filter():
    """Makes the counted calls of this process and its threads stop for the tracer; see seccomp(2)."""
    load, equal, answer = 0x20, 0x15, 0x06
    trace, allow = 0x7FF00000, 0x7FFF0000
    numbers = sorted(CALLS.values())
    steps = [(load, 0, 0, 4), (equal, 1, 0, AUDIT_ARCH), (answer, 0, 0, allow), (load, 0, 0, 0)]
    for index, number in enumerate(numbers):
        steps.append((equal, len(numbers) - index, 0, number))
    steps += [(answer, 0, 0, allow), (answer, 0, 0, trace)]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    program = BPFProgram(len(steps), code)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
        os._exit(126)


def call(thread):
    """Name and arguments of the call at which a thread is stopped."""
    info = ctypes.create_string_buffer(88)
    ptrace(GET_SYSCALL_INFO, thread, 88, ctypes.addressof(info))
    number, *arguments = struct.unpack_from("7Q", info.raw, 24)
    return NAMES[number], arguments


def text(thread, address):
    """The C string at an address of a stopped thread."""
    with open(f"/proc/{thread}/mem", "rb", 0) as memory:
        memory.seek(address)
        data = b""
        while b"\0" not in data and len(data) < 4096:
            # A string may end right before a page that cannot be read.
            data += memory.read(4096 - (address + len(data)) % 4096)
    return os.fsdecode(data.split(b"\0")[0])


def place(thread, name, arguments):
    """The path that a call is about, or "tcp" for such a socket; None where that is of no interest."""
    base = None
    if name not in PATHS or PATHS[name] == 1:
        descriptor = ctypes.c_int(arguments[0] & 0xFFFFFFFF).value
        try:
            base = os.readlink(f"/proc/{thread}/" + ("cwd" if descriptor == -100 else f"fd/{descriptor}"))
        except OSError:
            return None
    if name in PATHS:
        return os.path.join(base or "", text(thread, arguments[PATHS[name]]))
    if base.startswith("socket:["):
        inode = base[8:-1]
        with open(f"/proc/{thread}/net/tcp") as table:
            return "tcp" if any(line.split()[9] == inode for line in table) else None
    return base


class Tracer:
    def __init__(self, options):
        self.options = options
        self.under = os.path.realpath(options.under) + "/"
        self.log = open(options.log, "w", buffering=1)
        self.count = 0
        self.fail = tuple(map(int, options.fail.split(":"))) if options.fail else None

    def run(self):
        ready, go = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            os.read(ready, 1)
            os.close(ready)
            os.close(go)
            install_filter()
            os.execvp(self.options.command[0], self.options.command)
        ptrace(SEIZE, self.child, 0, TRACE_CLONE | TRACE_SECCOMP | EXIT_KILL)
        # What ends the tracer's caller must end the command in its own way, so it is passed on.
        signal.signal(signal.SIGTERM, lambda *_: os.kill(self.child, signal.SIGTERM))
        os.write(go, b"1")
        result = None
        while True:
            try:
                thread, status = os.waitpid(-1, WALL)
            except ChildProcessError:
                return result
            if os.WIFSTOPPED(status):
                self.stopped(thread, status)
            elif thread == self.child:
                result = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    def stopped(self, thread, status):
        number, event = os.WSTOPSIG(status), status >> 16
        try:
            if event == EVENT_SECCOMP:
                self.arrived(thread)
                ptrace(CONT, thread)
            elif event == EVENT_STOP and number != signal.SIGTRAP:
                ptrace(LISTEN, thread)
            else:
                ptrace(CONT, thread, 0, 0 if event else number)
        except ProcessLookupError:
            pass  # Killed meanwhile.

    def arrived(self, thread):
        name, arguments = call(thread)
        path = place(thread, name, arguments)
        if path is None or not (path == "tcp" or path.startswith(self.under)):
            return
        path = path.removeprefix(self.under)
        if path == "daemon.log" or self.options.only and not any(word in f"{name} {path}" for word in self.options.only):
            return
        self.count += 1
        self.log.write(json.dumps({"n": self.count, "call": name, "path": path}) + "\n")
        if self.count == self.options.kill:
            os.kill(self.child, signal.SIGKILL)
        if self.fail and self.count == self.fail[0]:
            self.refuse(thread, self.fail[1])

    def refuse(self, thread, error):
        """Skips the call at which the thread is stopped and lets it return `error`."""
        assert platform.machine() == "x86_64", "failing calls is done on x86_64 only"
        ptrace(POKEUSER, thread, 15 * 8, ctypes.c_void_p(-1).value)
        ptrace(POKEUSER, thread, 10 * 8, ctypes.c_void_p(-error).value)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--under", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--kill", type=int)
    parser.add_argument("--fail")
    parser.add_argument("--only", action="append")
    parser.add_argument("command", nargs="+")
    sys.exit(Tracer(parser.parse_args()).run())


if __name__ == "__main__":
    main()
