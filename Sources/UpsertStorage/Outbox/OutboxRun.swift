/// What tells one row of an outbox from any other, of any time.
package struct OutboxKey: Sendable, Hashable {
    package var seq: Int64
    /// The row's own random bytes; normally 16.
    package var uid: [UInt8]

    package init(seq: Int64, uid: [UInt8]) {
        self.seq = seq
        self.uid = uid
    }
}

/// The rows of one outbox that were accepted in one commit; stored in that commit and kept until their deletion is durable.
///
/// A row met again is a duplicate only where it is in the last committed run, by seq *and* uid: an application that lost its
/// last commits in a power cut uses their `seq` again for other rows, and those must be taken. So duplicates need not be
/// looked for: ``OutboxSource/delete(_:)`` removes exactly them, and whatever is left is new.
package struct OutboxRun: Sendable, Equatable {
    /// The outbox's identity: a run says nothing of any other outbox, even at the same path.
    package var identity: [UInt8]
    /// The rows by seq.
    package var keys: [OutboxKey]

    package init(identity: [UInt8], keys: [OutboxKey]) {
        self.identity = identity
        self.keys = keys
    }

    /// ``keys`` as stored: for each 8 bytes seq and 4 bytes length of the uid, little-endian, then the uid.
    package var encodedKeys: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(keys.count * 28)
        for key in keys {
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: key.seq >> Int64(shift)))
            }
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: key.uid.count >> shift))
            }
            bytes += key.uid
        }
        return bytes
    }

    /// Reads a stored run; nil where the bytes are not one.
    package init?(identity: [UInt8], encodedKeys bytes: [UInt8]) {
        var keys: [OutboxKey] = []
        var rest = bytes[...]
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        while !rest.isEmpty {
            guard rest.count >= 12 else { return nil }
            let seq = Int64(bitPattern: number(rest.prefix(8)))
            let length = Int(number(rest.dropFirst(8).prefix(4)))
            rest = rest.dropFirst(12)
            guard rest.count >= length else { return nil }
            keys.append(OutboxKey(seq: seq, uid: Array(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
        self.init(identity: identity, keys: keys)
    }
}
