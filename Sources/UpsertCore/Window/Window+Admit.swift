extension Window {
    /// Takes in one record, newer than every record admitted before.
    mutating func admit(_ key: RecordKey, _ place: RecordPlace, _ kind: OperationKind, now: Int64) {
        guard let head = index[key] else {
            index[key] = place
            if let until = holds.until(key), until > now {
                holds.block(key)
                block(place)
            }
            return
        }
        if kind == .update {
            // What could be merged was merged before acceptance; this one goes after all the versions before it.
            chains[key, default: []].append(place)
            block(place)
            return
        }
        if !chains.isEmpty, let later = chains.removeValue(forKey: key) {
            for older in later { supersede(older, by: place) }
        }
        if isInFlight(key, head) {
            chains[key] = [place]
            block(place)
            return
        }
        let wasFound = chunks[Int(head.slot)]?.found == true && now < foundUntil
        supersede(head, by: place)
        index[key] = place
        if wasFound { hold(key, of: place, until: foundUntil, blocks: true) }
        if holds.blocks(key) { block(place) }
    }

    /// Replaces the newest waiting version of `key` by a merged one that the queue has just stored.
    ///
    /// - Parameter replaced: What ``newestWaiting(_:)`` returned for the key in the same transaction.
    mutating func admit(_ key: RecordKey, _ place: RecordPlace, merging replaced: RecordPlace, now: Int64) {
        if var later = chains[key], later.last == replaced {
            later[later.count - 1] = place
            chains[key] = later
            supersede(replaced, by: place)
            block(place)
            return
        }
        let wasFound = chunks[Int(replaced.slot)]?.found == true && now < foundUntil
        supersede(replaced, by: place)
        index[key] = place
        if wasFound { hold(key, of: place, until: foundUntil, blocks: true) }
        if holds.blocks(key) { block(place) }
    }

    mutating func supersede(_ older: RecordPlace, by newer: RecordPlace) {
        finish(older)
        supersededUnsaved += 1
        dirty.insert(older.slot)
        chunks[Int(older.slot)]?.supersededUnsaved += 1
        if let submission = submission(of: older) {
            chunks[Int(older.slot)]?.supersededSubmissions[submission, default: 0] += 1
        }
        // The newer version takes the older one's turn, so a key that is written all the time is not put off for ever.
        if let turn = chunks[Int(older.slot)]?.turn, let own = chunks[Int(newer.slot)]?.turn, turn < own {
            chunks[Int(newer.slot)]?.turn = turn
        }
    }
}
