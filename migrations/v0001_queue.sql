-- The queue: accepted records that wait, are in flight, or are in quarantine, and what is needed to resume after a crash.
-- See docs/decisions/0001-queue-layout.md. Times are Unix milliseconds. A released migration is never edited.

-- Single values: identity and secret of this queue, reserved sequence numbers, the clean-shutdown marker.
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

-- One (target, namespace); stands for both in every other table.
CREATE TABLE lane (
    number INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    namespace TEXT NOT NULL,
    UNIQUE (target, namespace)
) STRICT;

-- A log of chunks: records of one (lane, submission, operation, encoding), at most one request's worth.
-- directory: 24 bytes a record (key 16, end offset 4, weight 4), see ChunkDirectory.
CREATE TABLE chunk (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER NOT NULL,
    submission INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    encoding INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    records INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    directory BLOB NOT NULL
) STRICT;

-- The encoded records of a chunk, apart so that a start reads directories only.
CREATE TABLE payload (
    chunk INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

-- Which records of a chunk have left: settled or superseded. Absent while none has.
CREATE TABLE progress (
    chunk INTEGER PRIMARY KEY,
    done BLOB NOT NULL
) STRICT;

-- Keys whose last outcome was ambiguous: a different version must not be sent before `until`.
CREATE TABLE hold (
    lane INTEGER NOT NULL,
    key_high INTEGER NOT NULL,
    key_low INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (key_high, key_low)
) STRICT, WITHOUT ROWID;

-- A submission is one dropped file or one run of outbox rows; its row is its receipt.
CREATE TABLE submission (
    number INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    complete INTEGER NOT NULL DEFAULT 0,
    accepted INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    superseded INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0,
    no_effect INTEGER NOT NULL DEFAULT 0,
    quarantined INTEGER NOT NULL DEFAULT 0,
    settled_at INTEGER
) STRICT;

CREATE INDEX submission_by_name ON submission (name);

-- How far a claimed spool file has been accepted. No row: not at all. finished: accepted whole, only to be removed.
-- keeps_original: it goes to rejected/ in the end, since its errors file does not hold all that was refused.
CREATE TABLE claim (
    submission INTEGER PRIMARY KEY,
    spool TEXT NOT NULL,
    file TEXT NOT NULL,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    line INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    errors_file TEXT,
    errors_length INTEGER NOT NULL DEFAULT 0,
    finished INTEGER NOT NULL DEFAULT 0,
    keeps_original INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The last run of rows accepted from each outbox: (seq, uid) pairs, kept until their deletion is durable.
CREATE TABLE outbox_run (
    outbox TEXT PRIMARY KEY,
    identity BLOB NOT NULL,
    rows BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Records accepted, then refused by the server, in their encoded form and with the server's words.
-- encoding -1: an outbox row that is no valid record, as it was submitted.
CREATE TABLE quarantine (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER NOT NULL,
    submission INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    encoding INTEGER NOT NULL,
    key_high INTEGER NOT NULL,
    key_low INTEGER NOT NULL,
    id TEXT NOT NULL,
    reason TEXT NOT NULL,
    quarantined_at INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    superseded INTEGER NOT NULL DEFAULT 0,
    data BLOB NOT NULL
) STRICT;

CREATE INDEX quarantine_by_key ON quarantine (key_high, key_low);

-- Counters since the queue was created, in one row.
CREATE TABLE total (
    accepted_records INTEGER NOT NULL DEFAULT 0,
    accepted_bytes INTEGER NOT NULL DEFAULT 0,
    delivered_records INTEGER NOT NULL DEFAULT 0,
    delivered_requests INTEGER NOT NULL DEFAULT 0,
    delivered_bytes INTEGER NOT NULL DEFAULT 0,
    coalesced_records INTEGER NOT NULL DEFAULT 0,
    no_effect_records INTEGER NOT NULL DEFAULT 0,
    rejected_records INTEGER NOT NULL DEFAULT 0,
    quarantined_records INTEGER NOT NULL DEFAULT 0,
    dropped_records INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO total DEFAULT VALUES;
