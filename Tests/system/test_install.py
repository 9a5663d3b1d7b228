"""What `make install` and `make uninstall` do to a tree, and the pages, completions and catalog that they bring."""

import json
import os
import re
import subprocess

import pytest

from conftest import BINARIES, ROOT

PROGRAMS = ("upsertd", "upsertctl")
PAGES = {"upsertd": "share/man/man8/upsertd.8", "upsertctl": "share/man/man1/upsertctl.1",
         "upsertd.yaml": "share/man/man5/upsertd.yaml.5"}


def make(target, root, prefix="/usr"):
    return subprocess.run(["make", "-s", "-C", ROOT, target, f"DESTDIR={root}", f"PREFIX={prefix}", f"BUILD={BINARIES}"],
                          check=True, capture_output=True, text=True).stdout


def files(root):
    return {"/" + str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() or path.is_symlink()}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A tree with upsertd in it, for tests that only look."""
    root = tmp_path_factory.mktemp("installed")
    make("install", root)
    return root


def test_uninstall_removes_exactly_what_install_put(tmp_path):
    somebody_elses = tmp_path / "usr/share/doc/upsertd/notes"
    somebody_elses.parent.mkdir(parents=True)
    somebody_elses.write_text("mine")
    before = files(tmp_path)
    make("install", tmp_path)
    put = files(tmp_path) - before
    assert {"/usr/bin/upsertd", "/usr/bin/upsertctl", "/etc/upsertd/upsertd.yaml",
            "/usr/lib/systemd/system/upsertd.service", "/usr/lib/sysusers.d/upsertd.conf",
            "/usr/lib/tmpfiles.d/upsertd.conf", "/usr/lib/systemd/catalog/upsertd.catalog",
            "/usr/share/doc/upsertd/LICENSE", "/usr/share/doc/upsertd/docs/operations.md"} <= put
    assert put >= {"/usr/lib/systemd/system/" + path.name for pattern in ("*.service", "*.socket", "*.target")
                   for path in (ROOT / "systemd").glob(pattern)}
    listed = subprocess.run([ROOT / "packaging/install.sh", "list"], check=True, capture_output=True, text=True,
                            env={**os.environ, "BUILD": str(BINARIES)}).stdout.split("\n")
    assert put == set(filter(None, listed))
    make("uninstall", tmp_path)
    assert files(tmp_path) == before
    assert [str(path) for path in tmp_path.rglob("*upsert*")] == [str(somebody_elses.parent)]


def test_a_changed_configuration_is_kept(tmp_path):
    make("install", tmp_path)
    configuration = tmp_path / "etc/upsertd/upsertd.yaml"
    configuration.write_text("# mine\n")
    make("install", tmp_path)
    assert configuration.read_text() == "# mine\n"
    assert "kept, since it was changed" in make("uninstall", tmp_path)
    assert files(tmp_path) == {"/etc/upsertd/upsertd.yaml"} and configuration.read_text() == "# mine\n"


@pytest.mark.parametrize("prefix", ["/usr", "/usr/local", "/opt/upsertd"])
def test_the_units_name_the_programs_where_they_are(tmp_path, prefix):
    make("install", tmp_path, prefix)
    units = tmp_path / prefix[1:] / "lib/systemd/system"
    named = set()
    for unit in units.iterdir():
        for line in unit.read_text().splitlines():
            if line.startswith("Exec"):
                named.add(line.split("=", 1)[1].lstrip("+-@!:").split()[0])
    assert f"{prefix}/bin/upsertd" in named and f"{prefix}/bin/upsertctl" in named
    for program in named:
        assert os.access(tmp_path / program[1:], os.X_OK), program


def test_the_programs_are_stripped_and_need_only_what_debian_has(installed):
    for name in PROGRAMS:
        program = installed / "usr/bin" / name
        sections = subprocess.run(["readelf", "-SW", program], check=True, capture_output=True, text=True).stdout
        assert ".symtab" not in sections and ".debug_info" not in sections
        listing = subprocess.run(["ldd", program], check=True, capture_output=True, text=True,
                                 env={k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"}).stdout
        assert "not found" not in listing
        libraries = re.findall(r"=> (\S+)", listing)
        assert len(libraries) > 3, listing
        for library in libraries:
            # A library of this machine's own, such as the Swift runtime, is in no package.
            path = os.path.realpath(library)
            # Some packages say /lib, some /usr/lib, which are one.
            owner = subprocess.run(["dpkg", "-S", path, path.removeprefix("/usr")], capture_output=True, text=True)
            assert owner.stdout, f"{name} needs {library}, which is in no Debian package"
        assert not re.search("swift|Foundation|dispatch", listing), listing


@pytest.mark.parametrize("page", PAGES.values())
def test_the_pages_are_sound(installed, page):
    path = installed / "usr" / page
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True)
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, "", "")
    man = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path], capture_output=True, text=True)
    assert (man.returncode, man.stderr) == (0, "")


def page_text(root, page):
    text = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=1000", root / "usr" / page], check=True, capture_output=True,
                          text=True).stdout
    return re.sub(r".\x08", "", text)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_command_and_option_is_in_the_page(installed, name):
    text = page_text(installed, PAGES[name])
    seen = []

    def walk(path):
        usage = subprocess.run([BINARIES / name, *path, "--help"], check=True, capture_output=True, text=True).stdout
        headings = re.split(r"^(OPTIONS|ARGUMENTS|SUBCOMMANDS):$", usage, flags=re.M)
        parts = dict(zip(headings[1::2], headings[2::2]))
        subcommands = re.findall(r"^  ([a-z][a-z-]*)\b", parts.get("SUBCOMMANDS", ""), re.M)
        if not subcommands:
            section = re.search(rf"^ *{' '.join([name, *path])}\n(.*?)(?=^ *{name} [a-z-]+( [a-z-]+)?$|\Z)", text, re.M | re.S)
            assert section, f"no section on {path}"
            for option in re.findall(r"^  (?:-\w, )?(--[a-z-]+)", parts["OPTIONS"], re.M):
                if option not in ("--help", "--version"):
                    assert re.search(rf"^ *{option}\b", section[1], re.M), (path, option)
                    seen.append(option)
            for argument in re.findall(r"^  <([a-z-]+)>", parts.get("ARGUMENTS", ""), re.M):
                assert re.search(rf"^ *{argument}\b", section[1], re.M), (path, argument)
        for subcommand in subcommands:
            walk([*path, subcommand])

    walk([])
    assert len(seen) > 5


def test_every_setting_is_in_the_page(installed):
    text = page_text(installed, PAGES["upsertd.yaml"])
    keys = re.findall(r"^ *#?(?:- )?([a-z_]+):", (ROOT / "etc/upsertd.yaml").read_text(), re.M)
    # "main" is a target's name, not a setting.
    keys = [key for key in keys if key != "main"]
    assert len(keys) > 30 and "governor" in keys
    for key in keys:
        assert re.search(rf"^ *(\S+\.)?{key}\b", text, re.M), key


def test_bash_completes(installed):
    script = installed / "usr/share/bash-completion/completions/upsertctl"
    asked = f"""
        source /usr/share/bash-completion/bash_completion; source {script}
        COMP_LINE='upsertctl quar' COMP_POINT=14 COMP_WORDS=(upsertctl quar) COMP_CWORD=1 COMP_TYPE=9 COMP_KEY=9
        complete -p upsertctl | grep -oP '(?<=-F )\\S+' >"$1"; $(cat "$1") upsertctl quar upsertctl; echo "${{COMPREPLY[@]}}"
    """
    path = os.pathsep.join([str(BINARIES), os.environ["PATH"]])
    done = subprocess.run(["bash", "-c", asked, "bash", installed / "function"], capture_output=True, text=True,
                          env={**os.environ, "PATH": path})
    (installed / "function").unlink()
    assert done.stdout.split() == ["quarantine"], (done.stdout, done.stderr)


def test_fish_completes(installed):
    script = installed / "usr/share/fish/vendor_completions.d/upsertctl.fish"
    done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C 'upsertctl quar'"],
                          capture_output=True, text=True)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["quarantine"], (done.stdout, done.stderr)


def test_zsh_knows_the_completion(installed):
    directory = installed / "usr/share/zsh/vendor-completions"
    done = subprocess.run(["zsh", "-f", "-c", f"fpath=({directory} $fpath); autoload -Uz compinit; compinit -u -D; "
                           "whence -w _upsertctl; print $_comps[upsertctl] $_comps[upsertd]; autoload +X _upsertctl"],
                          capture_output=True, text=True)
    assert done.returncode == 0 and "_upsertctl _upsertd" in done.stdout, (done.stdout, done.stderr)


def test_the_catalog_is_taken_whole(installed):
    entries = re.findall(r"^-- ([0-9a-f]{32})$", (ROOT / "systemd/upsertd.catalog").read_text(), re.M)
    assert len(entries) == len(set(entries)) > 30
    (installed / "var/lib/systemd/catalog").mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["journalctl", "--update-catalog", f"--root={installed}"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    listed = subprocess.run(["journalctl", "--list-catalog", f"--root={installed}"], check=True, capture_output=True,
                            text=True).stdout
    for entry in entries:
        assert re.search(rf"^{entry} upsertd: \S", listed, re.M), entry
