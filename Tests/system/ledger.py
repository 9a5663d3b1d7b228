"""What producers submitted, and the check that all of it, and nothing else, has become of it."""

import collections
import contextlib
import json
import pathlib
import sqlite3
import threading


class Ledger:
    """Notes every write in the order of its acceptance, and judges index, spool and status by that.

    A write has a number that is never used again: the first value of its vector, by which the index's journal tells versions
    apart. A submission that a crash interrupted may be noted as `maybe`: then both ends are right, but no third.
    """

    State = collections.namedtuple("State", "first metadata maybe")

    def __init__(self):
        self.lock = threading.Lock()
        self.number = 0
        # (namespace, id) → its states, in the order of the writes that made them; `first` is None after a delete.
        self.states = collections.defaultdict(list)
        # (file, line) of what must be refused → whether it was surely submitted.
        self.refusals = {}
        self.accepted = self.maybe_accepted = self.quarantined = 0

    def apply(self, writes, file=None, namespace="", maybe=False):
        """Notes the writes of a submission, one a line; `None` stands for one that must be refused.

        Without a file they are rows of an outbox, where what is refused is accepted into quarantine.
        """
        with self.lock:
            self.apply_all(writes, file, namespace, maybe)

    def apply_all(self, writes, file, namespace, maybe):
        for line, write in enumerate(writes, 1):
            if write is None and file:
                self.refusals[file, line] = not maybe
                continue
            self.accepted += not maybe
            self.maybe_accepted += 1
            if write is None:
                self.quarantined += 1
                continue
            states = self.states[write.get("namespace", namespace), write["id"]]
            first, metadata = (states[-1].first, states[-1].metadata) if states else (None, None)
            match write.get("op", "upsert"):
                case "upsert": first, metadata = write["values"][0], write.get("metadata", {})
                case "update" if first is not None: metadata = metadata | write["set_metadata"]
                case "delete": first, metadata = None, None
            states.append(self.State(first, metadata, maybe))

    def confirm(self, namespace, name):
        """Takes the `maybe` from the last write of a record."""
        with self.lock:
            states = self.states[namespace, name]
            if states[-1].maybe:
                states[-1] = states[-1]._replace(maybe=False)
                self.accepted += 1

    def next_number(self):
        with self.lock:
            self.number += 1
            return self.number

    def upsert(self, name, **metadata):
        """A new version of a record."""
        number = self.next_number()
        return {"id": name, "values": [float(number), 1, 0.5, 0.25], "metadata": {"version": number} | metadata}

    def update(self, name):
        return {"id": name, "op": "update", "set_metadata": {"touched": self.next_number()}}

    def delete(self, name):
        return {"id": name, "op": "delete"}

    def check(self, daemon, index, outboxes=()):
        """At rest: everything has arrived, in order, once; what was refused was told once; nothing lies about."""
        status = daemon.idle(120)
        self.check_status(status)
        self.check_index(index)
        self.check_order(index.journal())
        spools = [pathlib.Path(spool["directory"]) for spool in status["spools"]]
        self.check_refusals(spools)
        for spool in spools:
            for place in [spool / "incoming", spool / "claimed"]:
                left = [path for path in place.rglob("*") if path.is_file() and not path.name.startswith(".")]
                assert not left, f"left over: {left}"
        for path in outboxes:
            with contextlib.closing(sqlite3.connect(path, timeout=20)) as database:
                assert database.execute("SELECT count(*) FROM upsertd_outbox").fetchone() == (0,)
        return status

    def check_status(self, status):
        """`Daemon.idle` has checked that the totals add up; here they are what was submitted."""
        assert self.accepted <= status["accepted"]["records"] <= self.maybe_accepted, status
        surely = sum(self.refusals.values())
        assert surely <= status["rejected"]["records"] <= len(self.refusals), status
        assert status["quarantined"]["current"] == self.quarantined, status

    def check_index(self, index):
        wrong = {}
        for namespace in {namespace for namespace, _ in self.states}:
            names = sorted(name for space, name in self.states if space == namespace)
            found = index.fetch(names, namespace)
            for name in names:
                record = found.get(name)
                first = record["values"][0] if record else None
                got = (first, record["metadata"] if record else None)
                if got not in self.right_ends(self.states[namespace, name]):
                    wrong[namespace, name] = (got, self.states[namespace, name][-3:])
        assert not wrong, f"{len(wrong)} records are not as last written, such as {str(list(wrong.items())[:5])[:2000]}"

    def right_ends(self, states):
        """The last state, or what it may be where the last submissions were interrupted."""
        ends = []
        for state in reversed(states):
            ends.append((state.first, state.metadata))
            if not state.maybe:
                return ends
        return ends + [(None, None)]

    def check_order(self, journal):
        """No record was in two open requests with different versions, and its versions were applied in their order."""
        changed = [overlap for overlap in journal["overlaps"] if not overlap["same_version"]]
        assert not changed, changed[:5]
        place = collections.Counter()
        for entry in journal["entries"]:
            key = entry["namespace"], entry["id"]
            assert key in self.states, f"nobody wrote {entry}"
            states = self.states[key]
            deleted = entry["operation"] == "delete"
            while place[key] < len(states) and states[place[key]].first != (None if deleted else entry["first"]):
                place[key] += 1
            assert place[key] < len(states), f"applied after a newer write: {entry}, history {states}"

    def check_refusals(self, spools):
        told = collections.Counter()
        for spool in spools:
            for path in sorted((spool / "rejected").rglob("*.errors.ndjson")):
                for line in path.read_text().splitlines():
                    refusal = json.loads(line)
                    told[refusal["file"], refusal["line"] or 1] += 1
        twice = {key: count for key, count in told.items() if count > 1}
        assert not twice, f"told more than once: {twice}"
        assert not told.keys() - self.refusals.keys(), f"refused and should not be: {told.keys() - self.refusals.keys()}"
        missing = {key for key, surely in self.refusals.items() if surely} - told.keys()
        assert not missing, f"refused and not told: {missing}"
