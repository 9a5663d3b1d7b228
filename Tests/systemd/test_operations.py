"""Runs docs/operations.md: every block marked sh, in order, as root, on a machine of its own."""

import json
import re
import shutil

import pytest

import packages
from conftest import KEY, OTHER_KEY, ROOT, Index, wait

PAGE = ROOT / "docs/operations.md"
HOME = "/srv/reader"
# What the reader replaces, and what it is here.
HOSTS = {"https://my-index-abc123.svc.us-east-1-aws.pinecone.io": "http://127.0.0.1:7700",
         "https://my-other-index-def456.svc.us-east-1-aws.pinecone.io": "http://127.0.0.1:7701"}


def blocks():
    """Yields (line, what the test does before, commands)."""
    text = PAGE.read_text()
    for match in re.finditer(r"^(?:<!-- test: (?P<before>[^>]*) -->\n)?```(?P<kind>\w*)\n(?P<body>.*?)^```$", text, re.M | re.S):
        assert match["kind"] == "sh", f"a block that is not run: {match[0]}"
        yield text.count("\n", 0, match.start()) + 1, match["before"] or "", match["body"]


def second_index(machine):
    """The index of the second target."""
    machine.run("systemd-run", "--quiet", "--collect", "--unit=second-index", "upsertd", "index", "--port", 7701,
                "--dimension", 4, "--metric", "euclidean", "--directory", "/var/lib/second-index",
                "--api-key-file", "/etc/index.key")
    wait(lambda: machine.run("curl", "-s", "http://127.0.0.1:7701", check=False).returncode == 0, 20, "the second index")


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, machine, package):
        self.machine, self.package = machine, package
        self.key = KEY
        machine.run("mkdir", "-p", HOME)
        machine.run("cp", f"{packages.PLACE}/{package}", HOME)

    def run(self, line, commands):
        version = self.package.split("_")[1]
        commands = commands.replace("upsertd_0.1.0_amd64.deb", self.package).replace("0.1.0", version)
        for shown, here in HOSTS.items():
            commands = commands.replace(shown, here)
        script = f"set -e -o pipefail; cd {HOME}\n{commands}"
        done = self.machine.run("bash", "-c", script, check=False, input=self.key + "\n", timeout=180)
        assert done.returncode == 0, f"line {line}:\n{commands}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout


def damage(machine):
    """Overwrites the end of the queue of a daemon that has records waiting, as a failing disk does."""
    machine.run("upsertctl", "pause", "main")
    lines = "".join(f'{{"id": "d{n}", "values": [1, 2, 3, {n}]}}\n' for n in range(2_000))
    machine.run("upsertctl", "put", "-", "--spool", "/var/spool/upsertd", input=lines)
    wait(lambda: json.loads(machine.run("upsertctl", "status", "--json").stdout)["queued"]["records"] == 2_000,
         what="the records to be queued")
    machine.systemctl("stop", "upsertd")
    with open(machine.root / "var/lib/upsertd/queue.db", "r+b") as file:
        file.seek(-20_000, 2)
        file.write(b"\xa5" * 10_000)
    machine.systemctl("start", "upsertd", check=False)


@pytest.fixture
def machines(tmp_path, request):
    package = packages.build()
    made = [packages.machine(tmp_path / "one", [package], "operations1")]
    request.addfinalizer(lambda: [machine.close() for machine in made])
    made.append(packages.machine(tmp_path / "two", [package], "operations2"))
    return made, package.name


def test_every_command_of_the_page_works(machines):
    (first, second), package = machines
    reader = Reader(first, package)
    for line, before, commands in blocks():
        if "my-other-index" in commands:
            second_index(first)
        if before.startswith("the index has a new key"):
            Index(first).start(OTHER_KEY, fresh=False)
            reader.key = OTHER_KEY
        elif before == "on another machine":
            reader = Reader(second, package)
            moved = f"{HOME[1:]}/upsertd-move.tar.gz"
            shutil.copy(first.root / moved, second.root / moved)
            reader.key = OTHER_KEY
        elif before == "the queue is damaged":
            damage(second)
        else:
            assert before in ("", "type the key"), before
        said = reader.run(line, commands)
        if "apt-get install" in commands and "--reinstall" not in commands:
            # From here on the machine has the programs that the index is served with.
            Index(reader.machine).start(reader.key)
        if "/metrics" in commands:
            metrics = re.findall(r"^# TYPE (\S+)", said, re.M)
            assert len(metrics) > 30
            assert [name for name in metrics if f"`{name}`" not in PAGE.read_text()] == []
        if "--salvage" in commands:
            assert "it is damaged" in said and "it was damaged" in said and re.search(r"salvaged [1-9]", said), said
    assert not (second.root / "etc/upsertd").exists()


def test_the_page_has_every_message():
    text = PAGE.read_text()
    identifiers = re.findall(r"^-- ([0-9a-f]{32})$", (ROOT / "systemd/upsertd.catalog").read_text(), re.M)
    assert len(identifiers) > 30
    for identifier in identifiers:
        assert f"| `{identifier}` | " in text, identifier
