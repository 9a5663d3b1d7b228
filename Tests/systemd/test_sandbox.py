"""Under its sandbox the service can do what it must, and the sandbox is as tight as it says."""

import subprocess

from conftest import ROOT, records, wait

UNIT = ROOT / "systemd" / "upsertd.service"

# TLS in front of the index, for a name that only DNS knows: certificate, ALPN and resolver as in the world outside.
TLS = """
import socket, ssl, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/etc/tls/server.pem", "/etc/tls/server.key")
context.set_alpn_protocols(["h2", "http/1.1"])
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
def serve(raw):
    try:
        client = context.wrap_socket(raw, server_side=True)
    except OSError:
        return
    index = socket.create_connection(("127.0.0.1", 7700))
    threading.Thread(target=pump, args=(client, index), daemon=True).start()
    pump(index, client)
server = socket.create_server(("127.0.0.9", 443))
while True:
    raw, _ = server.accept()
    threading.Thread(target=serve, args=(raw,), daemon=True).start()
"""

DNS = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.8", 53))
while True:
    query, peer = server.recvfrom(512)
    end = query.index(b"\\0", 12) + 1
    question = query[12:end + 4]
    is_a = query[end:end + 2] == b"\\0\\x01" and question.lower().startswith(b"\\x05index\\x04test\\0")
    answer = b"\\xc0\\x0c\\0\\x01\\0\\x01\\0\\0\\0\\x01\\0\\x04\\x7f\\0\\0\\x09" if is_a else b""
    server.sendto(query[:2] + b"\\x81\\x80\\0\\x01" + (b"\\0\\x01" if is_a else b"\\0\\0") + b"\\0\\0\\0\\0" + question + answer, peer)
"""


def exposure(threshold, *additions, tmp_path):
    text = UNIT.read_text()
    for addition in additions:
        text += "\n" + addition
    unit = tmp_path / "upsertd.service"
    unit.write_text(text)
    return subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={threshold}", unit],
                          capture_output=True, text=True)


def test_the_exposure_is_what_the_documents_say(tmp_path):
    """Thresholds are tenths."""
    shipped = exposure(11, tmp_path=tmp_path)
    assert shipped.returncode == 0, shipped.stdout
    listed = exposure(10, (ROOT / "systemd/examples/allow-list.conf").read_text(), tmp_path=tmp_path)
    assert listed.returncode == 0, listed.stdout
    # And the gate bites.
    assert exposure(11, "[Service]\nPrivateDevices=no\nProtectSystem=no\n", tmp_path=tmp_path).returncode != 0


def test_names_and_certificates_work(machine, service, index):
    machine.run("sh", "-c", """
        mkdir -p /etc/tls && cd /etc/tls && rm -f /etc/resolv.conf && echo 'nameserver 127.0.0.8' >/etc/resolv.conf
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem
        openssl req -newkey rsa:2048 -nodes -subj /CN=index.test -keyout server.key -out server.csr
        printf 'subjectAltName=DNS:index.test' >ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out server.pem
        chmod 644 ca.pem""")
    for name, script in (("tls", TLS), ("dns", DNS)):
        machine.run("systemctl", "stop", name, check=False)
        machine.run("systemd-run", "--quiet", "--collect", f"--unit={name}", "/usr/bin/python3", "-c", script)
    for transport in ("grpc", "rest"):
        service.reset()
        service.configure(host="https://index.test", transport=transport, target="    ca_file: /etc/tls/ca.pem")
        service.start()
        service.drop("a.ndjson", records(50, prefix=transport))
        service.idle()
    assert index.count() == 100
    # The connection was really checked: without the authority nothing goes through.
    service.reset()
    service.configure(host="https://index.test")
    service.start()
    service.drop("a.ndjson", records(1, prefix="untrusted"))
    service.wait_said("requestFailed")
    assert index.count() == 100
    for name in ("tls", "dns"):
        machine.run("systemctl", "stop", name)


def test_an_allow_list_lets_through_what_it_lists_alone(machine, service, index):
    service.drop_in("list", "[Service]\nIPAddressDeny=any\nIPAddressAllow=localhost\n")
    service.start()
    service.drop("a.ndjson", records(10))
    service.idle()
    machine.systemctl("stop", service.unit)
    service.drop_in("list", "[Service]\nIPAddressDeny=any\nIPAddressAllow=10.1.2.0/24\n")
    service.start()
    service.drop("b.ndjson", records(10, start=10))
    service.wait_said("requestFailed")
    assert index.count() == 10 and service.status()["queued"]["records"] == 10


def test_it_sees_and_writes_no_more_than_it_needs(machine, service):
    service.start()
    inside = ["nsenter", "-t", service.pid, "-m", "-U", "--preserve-credentials", "--"]
    status = (machine.root / f"proc/{service.pid}/status").read_text()
    for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert line in status, status
    assert len((machine.root / f"proc/{service.pid}/uid_map").read_text().splitlines()) == 2
    mounts = {words[4]: words[5].split(",") for words in map(str.split, (
        machine.root / f"proc/{service.pid}/mountinfo").read_text().splitlines())}
    assert "ro" in mounts["/"]
    for path in ("/var/lib/upsertd", "/var/spool/upsertd", "/run/upsertd"):
        assert "rw" in mounts[path], path
    done = machine.run("nsenter", "-t", service.pid, "-m", "sh", "-c", "touch /etc/x /usr/x /var/lib/x; ls /root /home",
                       check=False)
    assert done.stderr.count("Read-only file system") == 3 and done.stdout.split() == ["/home:", "/root:"] or done.stderr


def test_what_producers_drop_never_sticks(machine, service, index):
    """Whatever the umask: their files and directories are read and removed, by a daemon that is not in their group of one."""
    service.start()
    machine.run("sh", "-c", """
        umask 077
        cd /var/spool/upsertd/incoming
        mkdir own
        echo '{"id": "a", "values": [1, 2, 3, 4]}' >own/.a && mv own/.a own/a.ndjson
        echo '{"id": "b", "values": [1, 2, 3, 4]}' >b.ndjson""", user="producer")
    service.idle()
    assert index.count() == 2
    assert machine.run("find", "/var/spool/upsertd", "-type", "f").stdout == ""
    # Another producer adds to that directory.
    machine.run("usermod", "-aG", "upsertd-spool", "stranger")
    try:
        machine.run("sh", "-c", """
            umask 077
            cd /var/spool/upsertd/incoming/own
            echo '{"id": "c", "values": [1, 2, 3, 4]}' >.c && mv .c c.ndjson""", user="stranger")
    finally:
        machine.run("gpasswd", "-d", "stranger", "upsertd-spool")
    service.idle()
    assert index.count() == 3
    # Others do not even see it.
    assert machine.run("ls", "/var/spool/upsertd/incoming", user="stranger", check=False).returncode != 0
    # Who asks for no access at all, by a mode of its own, keeps everybody out, ACLs or not: that is said, with what mends it.
    machine.run("/usr/bin/python3", "-c", """
import os
file = os.open("/var/spool/upsertd/incoming/.d", os.O_CREAT | os.O_WRONLY, 0o600)
os.write(file, b'{"id": "d", "values": [1, 2, 3, 4]}\\n')
os.close(file)
os.rename("/var/spool/upsertd/incoming/.d", "/var/spool/upsertd/incoming/d.ndjson")
""", user="producer")
    said = service.wait_said("fileLeftAlone")
    assert said["UPSERTD_FILE"].endswith("d.ndjson")
    machine.run("sh", "-c", said["UPSERTD_MEND"])
    service.idle()
    assert index.count() == 4


def test_a_full_disk_stops_intake_and_nothing_else(machine, service, index):
    machine.run("mkdir", "-p", "/var/lib/upsertd")
    machine.run("mount", "-t", "tmpfs", "-o", "size=48m,mode=700", "queue", "/var/lib/upsertd")
    machine.run("chown", "upsertd:upsertd", "/var/lib/upsertd")
    config = machine.root / "etc/upsertd/upsertd.yaml"
    config.write_text(config.read_text().replace("queue:\n", "queue:\n  disk_reserve: 16MiB\n"))
    service.start()
    machine.run("upsertctl", "pause", "main")
    wide = [{"id": f"r{n}", "values": [1.0, 2.0, 3.0, float(n)], "metadata": {"text": "x" * 20_000}} for n in range(3_000)]
    for start in range(0, 3_000, 500):
        service.drop(f"f{start}.ndjson", wide[start:start + 500])
    said = service.wait_said("diskFull", 60)
    assert said["PRIORITY"] == "3" and said["UPSERTD_PLACE"]
    assert service.state == "active" and service.restarts == 0
    machine.run("upsertctl", "resume", "main")
    service.wait_said("diskOK", 60)
    service.idle(120)
    assert index.count() == 3_000
