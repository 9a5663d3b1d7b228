"""Who may ask and change what, over which socket."""

import concurrent.futures
import json
import re

from conftest import records, wait

STATUS, CONTROL = "/run/upsertd/status.sock", "/run/upsertd/control.sock"


def test_a_connection_starts_the_service(machine, service):
    machine.systemctl("start", "upsertd.socket")
    assert service.state == "inactive"
    # Producers may connect, and that is enough.
    done = machine.run("upsertctl", "status", "--json", user="producer")
    # Who connects first may be answered just before it is ready.
    assert json.loads(done.stdout)["state"] in ("starting", "running")
    wait(lambda: service.status()["state"] == "running", what="the daemon to be ready")
    assert service.wait_said("ready")["UPSERTD_ACTIVATED"] == "true"
    # Descriptors that were handed over are not handed on, and the environment does not name them any more.
    said = machine.run("sh", "-c", f"tr '\\0' '\\n' </proc/{service.pid}/environ; ls -l /proc/{service.pid}/fd/3").stdout
    assert "socket:" in said
    machine.systemctl("stop", service.unit)
    assert machine.show("upsertd.socket", "ActiveState") == "inactive"


# Asks again and again, and says what was not an answer, and how long the longest answer took.
CLIENT = """
import socket, sys, time
end, longest, answers = time.monotonic() + float(sys.argv[1]), 0, 0
while time.monotonic() < end:
    client, began = socket.socket(socket.AF_UNIX), time.monotonic()
    client.settimeout(30)
    try:
        client.connect("/run/upsertd/status.sock")
    except OSError as error:
        print("no connection:", error)
    else:
        try:
            client.sendall(b"GET /healthz HTTP/1.1\\r\\nhost: l\\r\\nconnection: close\\r\\n\\r\\n")
            answers += client.recv(100).startswith(b"HTTP/1.1 200")
        except OSError:
            pass
    longest = max(longest, time.monotonic() - began)
    client.close()
    time.sleep(0.01)
print("answers", answers, "longest", round(longest, 3))
"""


def asked_meanwhile(machine, action, seconds):
    """What a client that goes on asking is told while something is done."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        told = pool.submit(machine.run, "/usr/bin/python3", "-c", CLIENT, seconds, user="producer")
        machine.run("sleep", "0.5")
        action()
        return told.result().stdout


def test_clients_wait_for_the_next_start_after_a_crash_or_a_restart(machine, service):
    """The sockets stay open, so nobody is refused; and nobody waits longer than the pause before the restart and a start."""
    service.start()
    before = service.pid
    for action in (lambda: machine.run("kill", "-KILL", service.pid), lambda: machine.systemctl("restart", service.unit)):
        told = asked_meanwhile(machine, action, 6)
        assert "no connection" not in told, told
        answers, longest = re.search(r"answers (\d+) longest (\S+)", told).groups()
        assert int(answers) > 50 and float(longest) < 5, told
    assert service.state == "active" and service.pid != before
    for user in ("producer", "admin"):
        assert json.loads(machine.run("upsertctl", "status", "--json", user=user).stdout)["state"] == "running"
    machine.run("upsertctl", "flush", user="admin")


def test_a_stop_is_one_whoever_asks_then(machine, service):
    service.start()
    told = asked_meanwhile(machine, lambda: machine.systemctl("stop", service.unit), 3)
    assert "no connection" in told
    assert service.state == "inactive"
    for socket in ("upsertd.socket", "upsertd-control.socket"):
        assert machine.show(socket, "ActiveState") == "inactive"


def test_what_has_failed_for_good_is_not_started_by_who_asks(machine, service):
    service.start()
    service.configure(target="    lingr: 3s")
    machine.systemctl("restart", service.unit, check=False)
    wait(lambda: machine.show("upsertd.socket", "ActiveState") == "inactive", what="the sockets to close")
    mark = service.now()
    done = machine.run("upsertctl", "status", user="producer", check=False)
    assert done.returncode == 69 and "cannot be reached" in done.stderr
    machine.run("sleep", "1")
    assert not service.said("startFailed", since=mark) and service.state == "failed"
    # Mended and started, everything is there again.
    service.configure()
    machine.systemctl("restart", service.unit)
    assert machine.run("upsertctl", "status", user="producer").returncode == 0
    machine.run("upsertctl", "flush", user="admin")


def test_it_works_without_the_socket_units(machine, service, index):
    machine.systemctl("mask", "upsertd.socket", "upsertd-control.socket")
    try:
        service.start()
        assert service.wait_said("ready")["UPSERTD_ACTIVATED"] == "false"
        service.drop("a.ndjson", records(10))
        service.idle()
        machine.run("upsertctl", "pause", "main")
        assert machine.run("upsertctl", "status", user="producer", check=False).returncode == 77
    finally:
        machine.systemctl("unmask", "upsertd.socket", "upsertd-control.socket")


def test_a_socket_in_another_place_is_an_error(machine, service):
    config = machine.root / "etc/upsertd/upsertd.yaml"
    config.write_text(config.read_text().replace(STATUS, "/run/upsertd/other.sock"))
    machine.systemctl("start", service.unit, check=False)
    assert service.state == "failed" and service.restarts == 0
    assert STATUS in service.wait_said("startFailed")["UPSERTD_REASON"]


def test_a_control_socket_for_everybody_is_an_error(machine, service):
    machine.run("sh", "-c", "mkdir -p /etc/systemd/system/upsertd-control.socket.d; "
                "printf '[Socket]\\nSocketMode=0666\\n' >/etc/systemd/system/upsertd-control.socket.d/x.conf; "
                "systemctl daemon-reload")
    machine.systemctl("start", service.unit, check=False)
    assert service.state == "failed"
    assert "SocketMode=0660" in service.wait_said("startFailed")["UPSERTD_REASON"]


def test_only_operators_change_things(machine, service):
    service.start()
    for user in ("admin", "root"):
        assert "main" in machine.run("upsertctl", "pause", "main", user=user).stdout
        assert service.status()["targets"]["main"]["paused"]
        machine.run("upsertctl", "resume", "main", user=user)
        assert not service.status()["targets"]["main"]["paused"]
        machine.run("upsertctl", "reload", user=user)
    # The service's own user too, by its credentials.
    machine.run("sh", "-c", f"setpriv --reuid=upsertd --regid=upsertd --groups=$(getent group upsertd-spool | cut -d: -f3) "
                f"curl -sSf --unix-socket {STATUS} -X POST http://localhost/v1/flush")
    for verb in ("pause", "resume", "flush", "reload"):
        done = machine.run("upsertctl", verb, user="producer", check=False)
        assert done.returncode == 77, done
        assert "upsertd-admin" in done.stderr and "root" in done.stderr
        answer = machine.run("curl", "-sS", "-w", "%{http_code}", "--unix-socket", STATUS, "-X", "POST",
                             f"http://localhost/v1/{verb}", user="producer").stdout
        assert answer.endswith("403") and CONTROL in answer, answer
    for path in ("quarantine/1/retry", "quarantine/1/drop", "quarantine/1/replace", "quarantine/retry", "quarantine/drop",
                 "targets/main/accept"):
        answer = machine.run("curl", "-sS", "-w", "%{http_code}", "--unix-socket", STATUS, "-X", "POST",
                             f"http://localhost/v1/{path}", user="producer").stdout
        assert answer.endswith("403") and CONTROL in answer, (path, answer)
    assert service.status()["state"] == "running"
    # A producer reads, and a stranger does not even connect.
    assert machine.run("upsertctl", "status", user="producer").returncode == 0
    assert machine.run("upsertctl", "status", user="admin").returncode == 0
    done = machine.run("upsertctl", "status", user="stranger", check=False)
    assert done.returncode == 77 and "may not connect" in done.stderr
    for path in (STATUS, CONTROL):
        assert machine.run("curl", "-sS", "--unix-socket", path, "http://localhost/v1/status", user="stranger",
                           check=False).returncode == 7
    assert machine.run("curl", "-sS", "--unix-socket", CONTROL, "http://localhost/v1/status", user="producer",
                       check=False).returncode == 7
