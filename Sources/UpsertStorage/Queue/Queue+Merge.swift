internal import UpsertCore
internal import UpsertSQLite

/// What became of the updates of a transaction whose record still waits.
struct UpdateMerges {
    /// By chunk of the transaction and position: the waiting version that a merged record replaces.
    var replacing: [UInt32: [Int: RecordPlace]] = [:]
    /// Updates of a record whose deletion waits, by submission.
    var noEffect: [Int64: Int] = [:]
    var refused: [RefusedUpdate] = []
    /// Whether a waiting update is replaced: a start does not see that from the order of the chunks, as it does for upserts
    /// and deletes.
    var replacesUpdates = false
}

extension Queue {
    /// Merges each update into the version that waits, where there is one; part of ``accept(_:now:)``.
    func merge(_ transaction: inout AcceptTransaction, _ merges: inout UpdateMerges) throws {
        // A lane with records outside the index may have a newer version of the key there: then both are sent, in order.
        for (number, chunk) in transaction.chunks.enumerated()
        where chunk.operation == .update && !window.hasCold(chunk.lane) {
            let replaced = Set(chunk.replaced)
            for position in 0..<chunk.directory.count where !replaced.contains(position) {
                let key = chunk.directory.keys[position]
                guard let waiting = window.newestWaiting(key), let held = window.operation(at: waiting) else {
                    continue
                }
                let place = RecordPlace(slot: UInt32(number), position: UInt16(position))
                if held.kind == .delete {
                    transaction.replace(place)
                    merges.noEffect[chunk.submissions[position], default: 0] += 1
                    continue
                }
                guard held.encoding == chunk.encoding else { continue }
                let content = try content(slot: waiting.slot, sequence: held.sequence)
                let stored = content.payload[content.directory.range(Int(waiting.position))]
                do throws(Rejection) {
                    let merged = try RecordMerge.merge(
                        held.kind, stored, update: chunk.payload[chunk.directory.range(position)],
                        encoding: chunk.encoding)
                    transaction.replace(place)
                    let made = transaction.append(
                        merged: merged.bytes, weight: merged.weight, kind: held.kind, key: key,
                        encoding: chunk.encoding, lane: chunk.lane, submission: chunk.submissions[position])
                    merges.replacing[made.slot, default: [:]][Int(made.position)] = waiting
                    if held.kind == .update { merges.replacesUpdates = true }
                } catch {
                    merges.refused.append(
                        RefusedUpdate(
                            place: place, origin: chunk.origins[position], submission: chunk.submissions[position],
                            rejection: error))
                }
            }
        }
    }
}
