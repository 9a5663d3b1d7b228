"""Small disks of their own for tests: an ext4 image behind a loop device, filled, made read-only, or short of inodes."""

import os
import pathlib
import subprocess


class SmallDisk:
    """An ext4 file system of a few megabytes, mounted at `place`. Needs root and loop devices."""

    def __init__(self, image, place, megabytes, inodes=None):
        self.image, self.place = pathlib.Path(image), pathlib.Path(place)
        with open(self.image, "wb") as file:
            file.truncate(megabytes << 20)
        # No blocks kept for root, so that root meets the same end as the daemon's user would.
        options = ["-N", str(inodes)] if inodes else []
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", *options, self.image], check=True)
        self.place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-o", "loop", self.image, self.place], check=True)

    def free(self):
        status = os.statvfs(self.place)
        return status.f_bavail * status.f_frsize

    def fill(self, leaving=0, name="ballast"):
        """Takes all room but `leaving` bytes, a multiple of 4 KB."""
        path = self.place / name
        path.touch()
        step = 1 << 20
        while step >= 4096:
            try:
                if self.free() - leaving < step:
                    step //= 2
                    continue
                size = path.stat().st_size
                with open(path, "r+b") as file:
                    os.posix_fallocate(file.fileno(), size, step)
            except OSError:
                step //= 2
        return path

    def fill_inodes(self):
        """Makes empty files until none can be made any more."""
        made = []
        try:
            while True:
                path = self.place / f"inode-{len(made)}"
                path.touch()
                made.append(path)
        except OSError:
            return made

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.place], check=True)

    def unmount(self):
        subprocess.run(["umount", "--lazy", self.place], check=True)
