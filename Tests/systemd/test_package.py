"""The Debian package on a machine without Swift: installed, upgraded with a full queue, removed, purged."""

import pathlib
import subprocess

import pytest

import packages
from conftest import KEY, Index, Service, records, wait

OLD = "0.0.9"


@pytest.fixture(scope="module")
def debs():
    """The package before, and this one: the same programs under two versions."""
    return packages.build(OLD), packages.build()


@pytest.fixture(scope="module")
def plain(debs, tmp_path_factory):
    machine = packages.machine(tmp_path_factory.mktemp("tree"), debs, "plain")
    yield machine
    machine.close()


@pytest.fixture
def dpkg(plain, debs):
    """Runs dpkg as an operator does; what was installed goes at the end, with its data."""
    def run(*arguments, check=True):
        # Answers to questions come from nowhere: there must be none.
        done = plain.run("dpkg", *arguments, check=False, stdin=subprocess.DEVNULL, timeout=120)
        assert not check or done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout + done.stderr

    yield run
    Index(plain).stop()
    plain.run("dpkg", "--purge", "upsertd", check=False)
    plain.run("rm", "-rf", "/var/lib/upsertd", "/var/spool/upsertd", "/etc/upsertd")


@pytest.fixture
def old(debs):
    return f"{packages.PLACE}/{debs[0].name}"


@pytest.fixture
def new(debs):
    return f"{packages.PLACE}/{debs[1].name}"


def run_it(plain, *, key=KEY):
    """Configures the installed service for an index inside, and starts both; returns them."""
    index, service = Index(plain), Service(plain)
    index.start(key)
    service.key(key)
    service.configure()
    service.start()
    return index, service


def queued(service, count):
    return wait(lambda: (s := service.status()) and s["queued"]["records"] == count and s,
                what=f"{count} queued records; {service.status()}")


def everything_of_upsertd(plain):
    found = plain.run("find", "/", "-xdev", "-path", packages.PLACE, "-prune", "-o", "-iname", "*upsertd*", "-print", "-o",
                      "-iname", "*upsertctl*", "-print").stdout.split("\n")
    elsewhere = tuple(f"/{part}/" for part in ("root", "tmp", "proc", "sys", pathlib.Path(__file__).resolve().parts[1]))
    return {path for path in found if path and not path.startswith(elsewhere)}


def test_it_installs_and_waits_to_be_configured(plain, dpkg, new):
    said = dpkg("--install", new)
    assert "systemctl enable --now upsertd" in said
    # With nothing of Swift on the machine.
    assert plain.run("upsertd", "--version").stdout.startswith("upsertd ")
    assert plain.run("sh", "-c", "ldd /usr/bin/upsertd /usr/bin/upsertctl").stdout.count("not found") == 0
    assert dpkg("--verify", "upsertd") == ""
    assert plain.show("upsertd.service", "LoadState") == "loaded"
    assert plain.show("upsertd.service", "UnitFileState") == "disabled"
    assert plain.show("upsertd.service", "ActiveState") == "inactive"
    assert plain.run("stat", "-c", "%U:%G %a", "/var/spool/upsertd/incoming").stdout.strip() == "upsertd:upsertd-spool 2770"
    assert plain.run("stat", "-c", "%U:%G %a", "/etc/upsertd").stdout.strip() == "root:root 755"
    assert "upsertd is ready" in plain.run("journalctl", "--list-catalog").stdout
    assert plain.run("man", "--where", "upsertctl").stdout.strip().endswith("upsertctl.1.gz")
    assert plain.run("dpkg-query", "-W", "-f", "${Conffiles}", "upsertd").stdout.split()[0] == "/etc/upsertd/upsertd.yaml"


def test_it_delivers(plain, dpkg, new):
    dpkg("--install", new)
    index, service = run_it(plain)
    service.drop("a.ndjson", records(100), user="root")
    service.idle()
    assert index.count() == 100
    assert plain.show("upsertd.service", "ActiveState") == "active"


def test_an_upgrade_keeps_queue_and_configuration_and_restarts(plain, dpkg, old, new):
    dpkg("--install", old)
    index, service = run_it(plain)
    plain.systemctl("enable", "upsertd")
    index.stop()
    service.drop("a.ndjson", records(500), user="root")
    queued(service, 500)
    before, configuration = service.pid, (plain.root / "etc/upsertd/upsertd.yaml").read_text()
    dpkg("--install", new)
    assert service.pid not in (0, before)
    status = queued(service, 500)
    assert not status["queue"]["started_unclean"]
    assert (plain.root / "etc/upsertd/upsertd.yaml").read_text() == configuration
    assert plain.show("upsertd.service", "UnitFileState") == "enabled"
    index.start(fresh=False)
    service.idle(90)
    assert index.count() == 500


def test_an_upgrade_does_not_start_what_an_operator_has_stopped(plain, dpkg, old, new):
    dpkg("--install", old)
    _, service = run_it(plain)
    plain.systemctl("enable", "upsertd")
    plain.systemctl("stop", "upsertd")
    dpkg("--install", new)
    assert service.state == "inactive"


def test_removed_with_records_waiting_it_keeps_them_even_when_purged(plain, dpkg, new):
    dpkg("--install", new)
    index, service = run_it(plain)
    index.stop()
    service.drop("a.ndjson", records(40), user="root")
    queued(service, 40)
    said = dpkg("--remove", "upsertd")
    assert "the queue is kept" in said and "40 records waiting" in said
    assert plain.run("pgrep", "-x", "upsertd", "-u", "upsertd", check=False).stdout == ""
    assert not (plain.root / "usr/bin/upsertd").exists()
    assert (plain.root / "etc/upsertd/main.key").exists()
    said = dpkg("--purge", "upsertd")
    assert "kept, since records wait in it: /var/lib/upsertd" in said
    assert not (plain.root / "etc/upsertd").exists()
    # Installed again, it goes on where it was.
    dpkg("--install", new)
    index, service = run_it(plain)
    service.idle(90)
    assert index.count() == 40


def test_a_spool_with_files_in_it_is_kept(plain, dpkg, new):
    dpkg("--install", new)
    (plain.root / "var/spool/upsertd/incoming/late.ndjson").write_text("{}\n")
    said = dpkg("--purge", "upsertd")
    assert "kept, since it is not empty: /var/spool/upsertd" in said
    assert (plain.root / "var/spool/upsertd/incoming/late.ndjson").exists()


def test_purged_with_nothing_waiting_it_leaves_nothing(plain, dpkg, new):
    before = everything_of_upsertd(plain)
    dpkg("--install", new)
    index, service = run_it(plain)
    plain.systemctl("enable", "upsertd")
    service.drop("a.ndjson", records(10), user="root")
    service.idle()
    index.stop()
    dpkg("--remove", "upsertd")
    assert (plain.root / "var/lib/upsertd/queue.db").exists() and (plain.root / "etc/upsertd/upsertd.yaml").exists()
    dpkg("--purge", "upsertd")
    assert everything_of_upsertd(plain) <= before
    # Its number stays taken, so that nobody else gets what it may have owned elsewhere.
    assert plain.run("id", "-un", "upsertd").stdout.strip() == "upsertd"
    assert plain.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")


def test_debian_finds_nothing_wrong_with_it(debs):
    done = subprocess.run(["lintian", "--allow-root", "--suppress-tags",
                           "uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball", "--fail-on", "error,warning", debs[1]], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_install_below_usr_local_works_as_well(tmp_path_factory):
    from conftest import BINARIES, ROOT
    tree = tmp_path_factory.mktemp("local")
    subprocess.run(["make", "-s", "-C", ROOT, "install", f"DESTDIR={tree}", "PREFIX=/usr/local", f"BUILD={BINARIES}"],
                   check=True)
    machine = packages.machine(tree, [], "local")
    try:
        machine.run("systemd-sysusers", "upsertd.conf")
        machine.run("systemd-tmpfiles", "--create", "upsertd.conf")
        machine.run("journalctl", "--update-catalog")
        machine.systemctl("daemon-reload")
        index, service = run_it(machine)
        service.drop("a.ndjson", records(10), user="root")
        service.idle()
        assert index.count() == 10
        assert "/usr/local/bin/upsertd" in machine.show("upsertd.service", "ExecStart")
        machine.systemctl("reload", "upsertd")
    finally:
        machine.close()
