/// The word among `words` that was most likely meant by `word`; nil where none is near.
///
/// Near is an edit distance of a third of the word at most, counting a swap of two neighbours as one edit (optimal string
/// alignment; source: Damerau, "A technique for computer detection and correction of spelling errors", 1964). Dashes count
/// as underscores, and capitals as small letters.
func closestWord(to word: String, among words: [String]) -> String? {
    func folded(_ text: String) -> [UInt8] {
        text.lowercased().utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
    }
    let wanted = folded(word)
    guard wanted.count <= 64 else { return nil }
    let candidates = words.map { (word: $0, distance: editDistance(wanted, folded($0))) }
    guard let best = candidates.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, max(wanted.count, best.word.utf8.count) / 3) ? best.word : nil
}

private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (row, byte) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in right.enumerated() {
            var best = min(last[column] + (byte == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                best = min(best, beforeLast[column - 1] + 1)
            }
            current.append(best)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
