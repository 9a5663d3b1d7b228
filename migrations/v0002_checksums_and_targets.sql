-- A checksum for each chunk, so that a flipped bit is never sent, and the index that each target was last delivered to.

-- Over the chunk's directory and payload, see ChunkChecksum. NULL: stored before this migration, not checked.
ALTER TABLE chunk ADD COLUMN checksum INTEGER;

-- host: what tells this index from others. Records that wait for a target are not sent to another host unasked.
CREATE TABLE target (
    name TEXT PRIMARY KEY,
    host TEXT NOT NULL
) STRICT, WITHOUT ROWID;
