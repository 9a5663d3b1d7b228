/// Where a record lies: a chunk slot of the window and a position inside that chunk.
package struct RecordPlace: Hashable, Sendable {
    /// Slot of the chunk in the window, 0..<2³².
    package var slot: UInt32
    /// Position of the record in its chunk, 0..<65,535.
    package var position: UInt16

    package init(slot: UInt32, position: UInt16) {
        self.slot = slot
        self.position = position
    }
}

/// A compact map from record key to place: 16 bytes an entry, about 20 bytes a record with its free space.
///
/// Open addressing with linear probing in 256 shards that grow on their own by a quarter, so growing never copies more than
/// a 256th of the table. 80 bits of the key are compared; the slot in the table carries more. Deletion shifts back, so there
/// are no tombstones.
package struct KeyIndex: Sendable {
    private struct Entry {
        var high: UInt64
        /// 16 key bits, 32 bits of slot, 16 bits of position.
        var packed: UInt64

        static let free = Entry(high: 0, packed: .max)
        var isFree: Bool { packed == .max }
        var place: RecordPlace {
            RecordPlace(slot: UInt32(truncatingIfNeeded: packed >> 16), position: UInt16(truncatingIfNeeded: packed))
        }

        init(high: UInt64, packed: UInt64) {
            self.high = high
            self.packed = packed
        }

        init(_ key: RecordKey, _ place: RecordPlace) {
            high = key.high
            packed = (key.low & 0xffff) << 48 | UInt64(place.slot) << 16 | UInt64(place.position)
        }

        func matches(_ key: RecordKey) -> Bool { high == key.high && packed >> 48 == key.low & 0xffff }
    }

    private struct Shard {
        var entries: [Entry] = []
        var count = 0

        @inline(__always) func home(_ high: UInt64) -> Int {
            Int((high << 8).multipliedFullWidth(by: UInt64(entries.count)).high)
        }

        /// The entry of `key`, or the free entry where it would go.
        @inline(__always) func find(_ key: RecordKey) -> Int {
            var at = home(key.high)
            while !entries[at].isFree, !entries[at].matches(key) {
                at += 1
                if at == entries.count { at = 0 }
            }
            return at
        }

        mutating func growIfNeeded() {
            guard (count + 1) * 8 > entries.count * 7 else { return }
            resize(to: max(16, entries.count * 5 / 4))
        }

        /// Makes sure that `more` entries fit without growing.
        mutating func reserve(_ more: Int) {
            let needed = (count + more + 1) * 8 / 7 + 1
            if needed > entries.count { resize(to: max(16, needed)) }
        }

        private mutating func resize(to capacity: Int) {
            let old = entries
            entries = Array(repeating: .free, count: capacity)
            for entry in old where !entry.isFree {
                var at = home(entry.high)
                while !entries[at].isFree {
                    at += 1
                    if at == entries.count { at = 0 }
                }
                entries[at] = entry
            }
        }

        /// Adds the keys at some positions; notes those that are held already.
        mutating func insert(
            _ positions: ArraySlice<UInt32>, _ keys: [RecordKey], _ places: [RecordPlace], _ known: inout [Int]
        ) {
            reserve(positions.count)
            for position in positions {
                let key = keys[Int(position)]
                let at = find(key)
                if entries[at].isFree {
                    entries[at] = Entry(key, places[Int(position)])
                    count += 1
                } else {
                    known.append(Int(position))
                }
            }
        }

        mutating func remove(at index: Int) {
            var hole = index
            var at = index
            while true {
                at += 1
                if at == entries.count { at = 0 }
                if entries[at].isFree { break }
                let home = home(entries[at].high)
                // The entry may move into the hole only if its home does not lie between hole (exclusive) and itself.
                let stays = hole <= at ? (hole < home && home <= at) : (hole < home || home <= at)
                if !stays {
                    entries[hole] = entries[at]
                    hole = at
                }
            }
            entries[hole] = .free
            count -= 1
        }
    }

    private var shards = Array(repeating: Shard(), count: 256)
    /// Entries held.
    package private(set) var count = 0

    package init() {}

    private func shard(_ key: RecordKey) -> Int { Int(key.high >> 56) }

    /// The place of `key`. Setting nil removes it.
    package subscript(key: RecordKey) -> RecordPlace? {
        get {
            let number = shard(key)
            guard shards[number].count > 0 else { return nil }
            let at = shards[number].find(key)
            return shards[number].entries[at].isFree ? nil : shards[number].entries[at].place
        }
        set {
            let number = shard(key)
            guard let newValue else {
                guard shards[number].count > 0 else { return }
                let at = shards[number].find(key)
                guard !shards[number].entries[at].isFree else { return }
                shards[number].remove(at: at)
                count -= 1
                return
            }
            shards[number].growIfNeeded()
            let at = shards[number].find(key)
            if shards[number].entries[at].isFree {
                shards[number].count += 1
                count += 1
            }
            shards[number].entries[at] = Entry(key, newValue)
        }
    }

    /// Makes room for about so many entries in all, so that adding them copies nothing.
    package mutating func reserve(_ records: Int) {
        // Keys fall into the shards at random: three standard deviations above the mean nearly always suffice.
        let mean = Double(records) / Double(shards.count)
        for number in shards.indices {
            shards[number].reserve(Int(mean + 3 * mean.squareRoot()) - shards[number].count)
        }
    }

    /// Adds many keys at once, which takes a tenth of the time: shard by shard, so that the memory at hand fits a cache.
    ///
    /// - Returns: The positions in `keys`, ascending, of those that are held already, also by an earlier position; nothing has
    ///   changed for them.
    /// - Precondition: There are as many places as keys, fewer than 2³².
    package mutating func insert(_ keys: [RecordKey], _ places: [RecordPlace]) -> [Int] {
        precondition(keys.count == places.count, "each key has a place")
        var starts = [Int](repeating: 0, count: shards.count + 1)
        for key in keys { starts[shard(key) + 1] += 1 }
        for number in shards.indices { starts[number + 1] += starts[number] }
        var next = starts
        var order = [UInt32](repeating: 0, count: keys.count)
        for (position, key) in keys.enumerated() {
            order[next[shard(key)]] = UInt32(position)
            next[shard(key)] += 1
        }
        var known: [Int] = []
        for number in shards.indices where starts[number] < starts[number + 1] {
            let part = order[starts[number]..<starts[number + 1]]
            let before = shards[number].count
            shards[number].insert(part, keys, places, &known)
            count += shards[number].count - before
        }
        known.sort()
        return known
    }

    /// Bytes of memory taken.
    package var memoryBytes: Int { shards.reduce(0) { $0 + $1.entries.count * 16 } }
}
