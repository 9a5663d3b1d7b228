"""A disk that is full, out of inodes, too small or read-only: intake stops with one message, delivery drains, nothing is lost,
and all goes on by itself when the trouble is over.

The queue, mostly with the spool, lies on an ext4 file system in a file. UPSERTD_TEST_RESIDUALS=all leaves every number of free blocks until
nothing stops any more, a number samples that many, and at:19,55 leaves those.
"""

import concurrent.futures
import contextlib
import os
import random
import subprocess
import time

from small_disk import BLOCK, own_mounts
from tight_disk import STOPPED, TightDisk

RESIDUALS = os.environ.get("UPSERTD_TEST_RESIDUALS", "8")
SEED = int(os.environ.get("UPSERTD_TEST_SEED", str(random.SystemRandom().randrange(1 << 32))))
DISKS_AT_ONCE = 4
MIB = 1 << 20


def fill_and_recover(directory, residual, kill):
    """Returns whether intake stopped with `residual` bytes left."""
    with TightDisk(directory) as tight:
        tight.daemon.ctl("pause")
        for number in range(4):
            tight.drop(f"early-{number}", 25)
        tight.accepted(100)
        for number in range(6):
            tight.drop(f"late-{number}", 12, bad=number == 3, hidden=True)
        tight.disk.fill(residual)
        for number in range(6):
            tight.reveal(f"late-{number}")
        stopped = tight.wait_until_stopped(172)
        if kill:
            tight.daemon.kill()
            tight.daemon.start()
        tight.daemon.ctl("resume")
        tight.drained()
        if stopped:
            tight.check_rests()
        tight.check_said_once(starts=2 if kill else 1)
        tight.disk.empty()
        tight.check_all_is_well()
        tight.check_said_once(starts=2 if kill else 1)
        return stopped


def test_with_any_room_left_intake_stops_delivery_drains_and_it_resumes(directory):
    print(f"UPSERTD_TEST_SEED={SEED}")
    own_mounts()
    chance = random.Random(SEED)

    def tried(blocks):
        kill = random.Random(f"{SEED}-{blocks}").random() < 0.3
        try:
            return blocks, kill, fill_and_recover(directory / f"blocks-{blocks}", blocks * BLOCK, kill), None
        except BaseException as error:
            return blocks, kill, None, error

    def chunks():
        if RESIDUALS == "all":
            for start in range(0, 1 << 20, 32):
                yield range(start, start + 32)
        elif RESIDUALS.startswith("at:"):
            yield [int(blocks) for blocks in RESIDUALS[3:].split(",")]
        else:
            yield [0, 1, *chance.sample(range(2, 500), int(RESIDUALS) - 2)]

    count = stops = kills = 0
    failures = []
    with concurrent.futures.ThreadPoolExecutor(DISKS_AT_ONCE) as pool:
        for chunk in chunks():
            done = list(pool.map(tried, chunk))
            for blocks, kill, stopped, error in done:
                count, stops, kills = count + 1, stops + bool(stopped), kills + kill
                if error:
                    failures.append(f"{blocks} blocks, kill={kill}: {type(error).__name__}: {str(error)[:2500]}")
                    print(failures[-1], flush=True)
            if not any(stopped or error for *_, stopped, error in done):
                break
    print(f"{count} residuals, intake stopped at {stops}, {kills} with a kill, {len(failures)} failures")
    assert (stops or RESIDUALS.startswith("at:")) and not failures, "\n".join(failures[:5])


def test_without_inodes_what_needs_none_goes_on_and_the_rest_waits(directory):
    own_mounts()
    with TightDisk(directory, inodes=256) as tight:
        tight.drop("early", 1)
        tight.accepted(1)
        tight.drop("good", 10, hidden=True)
        tight.drop("partly-bad", 10, bad=True, hidden=True)
        tight.disk.fill_inodes()
        tight.reveal("good")
        tight.accepted(11)
        tight.drained()
        # What is refused cannot be told without a new file, so this one waits. The first one has left its inode.
        tight.disk.fill_inodes()
        tight.reveal("partly-bad")
        tight.wait_for_log(STOPPED)
        tight.check_rests()
        # What is tried again and again says nothing.
        lines = len(tight.daemon.log.read_text().splitlines())
        time.sleep(2)
        assert tight.said() == 1 and len(tight.daemon.log.read_text().splitlines()) == lines, tight.daemon.log.read_text()
        tight.disk.empty()
        tight.check_all_is_well()
        assert tight.said() == 1 and tight.said("intake goes on") == 1, tight.daemon.log.read_text()


def test_a_read_only_spool_stops_intake_alone_until_it_can_be_written_again(directory):
    own_mounts()
    with TightDisk(directory) as tight:
        assert tight.daemon.stop() == 0
        real = tight.disk.path / "real"
        tight.daemon.spool.rename(real)
        tight.daemon.spool.mkdir()
        subprocess.run(["mount", "--bind", real, tight.daemon.spool], check=True)
        try:
            tight.daemon.start()
            tight.daemon.ctl("pause")
            tight.drop("early", 20)
            tight.accepted(20)
            subprocess.run(["mount", "-o", "remount,bind,ro", tight.daemon.spool], check=True)
            incoming, tight.daemon.incoming = tight.daemon.incoming, real / "incoming"
            tight.drop("late", 20, bad=True)
            tight.wait_for_log(STOPPED)
            assert "read-only" in tight.daemon.log.read_text()
            tight.daemon.ctl("resume")
            tight.drained()
            tight.check_rests()
            subprocess.run(["mount", "-o", "remount,bind,rw", tight.daemon.spool], check=True)
            tight.daemon.incoming = incoming
            tight.check_all_is_well()
            assert tight.said() == 1 and tight.said("intake goes on") == 1, tight.daemon.log.read_text()
        finally:
            tight.daemon.stop()
            subprocess.run(["umount", tight.daemon.spool], check=True)


def test_a_disk_that_the_kernel_made_read_only_loses_nothing(directory):
    """As after a write error with errors=remount-ro: everything fails, also the start, until the disk is mended."""
    own_mounts()
    with TightDisk(directory) as tight:
        tight.index.stop()
        tight.drop("early", 20)
        tight.accepted(20)
        device = os.stat(tight.disk.path).st_dev
        name = os.path.basename(os.readlink(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"))
        subprocess.run(["mount", "-o", "remount,errors=remount-ro", tight.disk.path], check=True)
        os.sync()  # The configuration was not synced by its author.
        with open(f"/sys/fs/ext4/{name}/trigger_fs_error", "w") as trigger:
            trigger.write("a test")
        tight.index.start()
        # It waits for the disk or ends: what was delivered cannot be stored, and says so.
        with contextlib.suppress(subprocess.TimeoutExpired):
            assert tight.daemon.process.wait(8) in (74, 75)
        log = tight.daemon.log.read_text()
        assert "nothing is lost" in log or "upsertd ends and recovers" in log, log
        tight.daemon.kill()
        tight.daemon.start(wait=False)
        assert tight.daemon.process.wait(30) in (74, 75), tight.daemon.log.read_text()[-2000:]
        tight.disk.unmount()
        subprocess.run(["e2fsck", "-fy", tight.disk.image], stdout=subprocess.DEVNULL)
        tight.disk.mount()
        tight.daemon.start()
        tight.check_all_is_well()


# The queue alone on the disk, filled by itself.

def fill_with_the_queue(tight, files):
    """Accepts until the disk is full; returns the status then."""
    tight.daemon.ctl("pause")
    tight.drop_many(files)
    tight.daemon.wait(lambda status: status["queue"]["disk_full"], 60)
    return tight.daemon.status()


def test_a_full_queue_disk_stops_intake_once_and_delivery_drains_it(directory):
    own_mounts()
    with TightDisk(directory, 80, queue_only=True) as tight:
        fill_with_the_queue(tight, 60)
        tight.disk.fill(0)
        assert tight.disk.free_bytes() < BLOCK
        tight.check_rests(11)  # Upkeep comes every ten seconds, and must leave the reserve alone too.
        full = tight.daemon.status()
        assert "the disk of the queue is full: free some space" in tight.daemon.log.read_text()
        assert any("disk of the queue is full" in problem["reason"] for problem in full["spools"][0]["problems"])
        assert full["queue"]["reserve_bytes"] == 16 * MIB, "intake leaves the reserve alone"
        assert 0 < full["accepted"]["records"] < 6_000
        # Nothing but the reserve is left, and yet everything accepted is delivered and settled.
        tight.daemon.ctl("resume")
        tight.daemon.wait(lambda status: status["delivered"]["records"] >= full["accepted"]["records"], 60)
        tight.disk.empty()
        status = tight.daemon.idle(120)
        assert status["delivered"]["records"] == 6_000 and not status["queue"]["disk_full"]
        tight.daemon.wait(lambda status: status["queue"]["reserve_bytes"] == 16 * MIB, 30)
        tight.check_all_is_well()
        assert tight.said() == 1 and tight.said("disk ok: intake goes on") == 1, tight.daemon.log.read_text()


def test_the_queue_itself_fills_its_disk_and_resumes_as_it_drains(directory):
    own_mounts()
    with TightDisk(directory, 80, queue_only=True) as tight:
        fill_with_the_queue(tight, 60)
        tight.daemon.ctl("resume")
        assert tight.daemon.idle(120)["delivered"]["records"] == 6_000
        tight.check_all_is_well()
        assert tight.said() == 1, tight.daemon.log.read_text()


def test_a_kill_on_a_full_disk_loses_nothing(directory):
    own_mounts()
    with TightDisk(directory, 80, queue_only=True) as tight:
        accepted = fill_with_the_queue(tight, 40)["accepted"]["records"]
        tight.disk.fill(0)
        tight.daemon.kill()
        tight.daemon.start()
        assert tight.daemon.status()["queued"]["records"] == accepted
        tight.daemon.ctl("resume")
        tight.daemon.wait(lambda status: status["delivered"]["records"] >= accepted, 60)
        tight.disk.empty()
        assert tight.daemon.idle(120)["delivered"]["records"] == 4_000
        tight.check_all_is_well()


def test_a_reserve_larger_than_the_disk_is_cut_to_a_quarter_and_intake_resumes(directory):
    own_mounts()
    with TightDisk(directory, 48, queue_only=True, disk_reserve="1GiB") as tight:
        assert "a quarter of it is kept as the reserve" in tight.daemon.log.read_text()
        fill_with_the_queue(tight, 40)
        reserve = tight.daemon.status()["queue"]["reserve_bytes"]
        assert 8 * MIB < reserve <= 12 * MIB
        tight.disk.fill(0)
        # The start needs the reserve, so it must know it again.
        tight.daemon.kill()
        tight.daemon.start()
        tight.daemon.ctl("resume")
        tight.drained(60)
        tight.disk.empty()
        assert tight.daemon.idle(120)["delivered"]["records"] == 4_000
        tight.daemon.wait(lambda status: status["queue"]["reserve_bytes"] == reserve, 30)
        tight.check_all_is_well()
        tight.check_said_once(starts=2)


def test_a_reserve_that_finds_no_inode_says_so(directory):
    own_mounts()
    with TightDisk(directory, inodes=256) as tight:
        tight.drop("first", 10, hidden=True)
        tight.disk.fill_inodes()
        tight.reveal("first")
        tight.wait_for_log(STOPPED)
        log = tight.daemon.log.read_text()
        assert "has no inodes left: remove files" in log and "free some space" not in log, log
        problem, = tight.daemon.status()["spools"][0]["problems"]
        assert problem["mend"].startswith("df -i "), problem
        tight.check_rests()
        tight.disk.empty()
        tight.check_all_is_well()
        assert tight.said() == 1 and tight.said("disk ok: intake goes on") == 1, tight.daemon.log.read_text()
