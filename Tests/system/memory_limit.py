"""A memory limit for a process: a control group of its own, version 1 or 2."""

import os
import pathlib


class MemoryLimit:
    def __init__(self, name, megabytes):
        first = pathlib.Path("/sys/fs/cgroup/memory")
        root, setting = (first, "memory.limit_in_bytes") if first.is_dir() else (pathlib.Path("/sys/fs/cgroup"), "memory.max")
        self.place = root / f"{name}-{os.getpid()}"
        self.place.mkdir()
        (self.place / setting).write_text(str(megabytes << 20))

    def join(self, pid):
        (self.place / "cgroup.procs").write_text(str(pid))

    def kills(self):
        """How often the kernel ended a process of the group for lack of memory."""
        for name in ("memory.oom_control", "memory.events"):
            if (self.place / name).exists():
                lines = (self.place / name).read_text().split("\n")
                return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
        return 0

    def close(self):
        try:
            self.place.rmdir()
        except OSError:
            pass  # a process that just ended may still be counted there
