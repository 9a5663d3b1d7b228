"""A disk of its own for a test: an ext4 file system in a file, that can be filled to the block and lose its power."""

import ctypes
import fcntl
import functools
import os
import struct
import subprocess
import time

import pytest

BLOCK = 4096
EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_FLUSHING_THE_LOG = 2


@functools.cache
def own_mounts():
    """Moves this thread, and those that it starts, to mounts of their own; call it before the first thread is started.

    Otherwise any program that makes a mount namespace at the wrong moment keeps the disk mounted when the test unmounts it.
    Without the right to do so nothing happens; mounting says that then.
    """
    new_mount_namespace = 0x00020000
    if ctypes.CDLL(None).unshare(new_mount_namespace) == 0:
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)


class SmallDisk:
    """Mounted at `path` as long as the context lasts."""

    def __init__(self, directory, megabytes, inodes=None, name="disk"):
        self.image = directory / f"{name}.img"
        self.path = directory / name
        self.path.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(megabytes << 20)
        # No blocks are kept back for root, who runs this: full means full. A small journal leaves room for the test.
        options = ["-N", str(inodes)] if inodes else []
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-b", str(BLOCK), "-J", "size=4", *options, self.image],
                       check=True)

    def __enter__(self):
        try:
            self.mount()
        except subprocess.CalledProcessError as error:
            reason = f"no loop mount: {error.stderr.strip()}"
            # Where this must not be left out, it is a failure.
            (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
        return self

    def __exit__(self, *_):
        try:
            self.unmount()
        except AssertionError:
            subprocess.run(["umount", "--lazy", self.path])
            raise

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.path], check=True, capture_output=True, text=True)

    def unmount(self):
        for attempt in range(50):
            if not os.path.ismount(self.path):
                return
            done = subprocess.run(["umount", self.path], capture_output=True, text=True)
            if done.returncode:
                time.sleep(0.1)
        assert not os.path.ismount(self.path), done.stderr

    def cut_power(self):
        """From now on nothing reaches the disk; what was not synced is gone with the next `mount`."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING_THE_LOG))
        finally:
            os.close(descriptor)

    def free_bytes(self):
        # Less than f_bfree: ext4 keeps some blocks for its own needs.
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def fill(self, residual):
        """Takes up all but `residual` bytes, which is rounded to blocks."""
        ballast = os.open(self.path / "ballast", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            for _ in range(20):
                size = os.fstat(ballast).st_size
                change = self.free_bytes() - residual
                if abs(change) < BLOCK:
                    return
                if change < 0:
                    os.ftruncate(ballast, size + change)
                else:
                    self.extend(ballast, size, change)
                os.fsync(ballast)
        finally:
            os.close(ballast)
        raise AssertionError(f"{self.free_bytes()} bytes are free, wanted {residual}")

    @staticmethod
    def extend(descriptor, size, count):
        while count >= BLOCK:
            try:
                return os.posix_fallocate(descriptor, size, count)
            except OSError:
                count //= 2  # The map of the extents needs blocks too.

    def fill_inodes(self):
        """Uses up all inodes with empty files."""
        place = self.path / "ballast.d"
        place.mkdir(exist_ok=True)
        number = 0
        while True:
            try:
                os.close(os.open(place / str(number), os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            except OSError:
                return
            number += 1

    def empty(self):
        """Gives everything back that was taken up."""
        (self.path / "ballast").unlink(missing_ok=True)
        place = self.path / "ballast.d"
        if place.exists():
            for path in place.iterdir():
                path.unlink()
            place.rmdir()
