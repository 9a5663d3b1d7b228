"""Debian packages of the built programs, and machines to install them on that have no Swift."""

import atexit
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

import container as machines
from conftest import BINARIES, ROOT

PLACE = "/var/cache/upsertd-packages"


@functools.cache
def directory():
    """Where the packages of this run are; gone with it."""
    place = tempfile.mkdtemp(prefix="upsertd-debs-")
    atexit.register(shutil.rmtree, place)
    return place


@functools.cache
def build(version=None):
    """Makes the package, of another version if one is given, quickly rather than small; returns its path."""
    environment = {**os.environ, "BUILD": str(BINARIES), "DEB_COMPRESSION": "-Znone"}
    if version:
        environment["VERSION"] = version
    done = subprocess.run([ROOT / "packaging/deb.sh", directory()], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return pathlib.Path(done.stdout.strip())


def machine(tree, packages, name=None):
    """A machine with the packages in PLACE, none of them installed, and without the Swift that built them."""
    tree.mkdir(exist_ok=True)
    tree.chmod(0o755)  # it becomes the mode of the root directory
    place = tree / PLACE[1:]
    place.mkdir(parents=True)
    place.chmod(0o755)
    for package in packages:
        shutil.copy(package, place)
    machine = machines.Container(tree, name)
    # Where this machine is an image itself, it forbids packages to start and stop services.
    machine.run("rm", "-f", "/usr/sbin/policy-rc.d")
    if swift := shutil.which("swift"):
        toolchain = pathlib.Path(swift).resolve().parents[2]
        machine.run("mount", "-t", "tmpfs", "tmpfs", toolchain)
    return machine
