/// A receipt for people.
package enum ReceiptText {
    /// One line, such as `today.ndjson: settled; 10 accepted, 9 delivered, 1 rejected`.
    package static func line(_ receipt: ReceiptReport) -> String {
        let state =
            receipt.settled ? "settled" : receipt.complete ? "accepted, not settled yet" : "not accepted whole yet"
        let counts: [(Int, String)] = [
            (receipt.delivered, "delivered"), (receipt.superseded, "superseded"), (receipt.noEffect, "without effect"),
            (receipt.rejected, "rejected"), (receipt.quarantined, "quarantined"),
        ]
        let parts =
            ["\(grouped(receipt.accepted)) accepted"] + counts.filter { $0.0 > 0 }.map { "\(grouped($0.0)) \($0.1)" }
        return LogText.escaped("\(receipt.name): \(state); \(parts.joined(separator: ", "))")
    }
}
