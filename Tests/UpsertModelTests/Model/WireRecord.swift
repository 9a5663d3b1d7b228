import UpsertCore

/// An id in a namespace.
struct ModelKey: Hashable, Comparable, CustomStringConvertible {
    var namespace: String
    var id: String

    var description: String { namespace.isEmpty ? id : "\(namespace)/\(id)" }

    static func < (left: ModelKey, right: ModelKey) -> Bool {
        (left.namespace, left.id) < (right.namespace, right.id)
    }
}

/// Values and metadata of a record, in the small form that the model's records have.
struct Content: Hashable {
    var values: Int?
    var fields: [String: Int] = [:]

    /// What an update does to a record, and a newer update to an older one.
    mutating func merge(_ update: Content) {
        if let values = update.values { self.values = values }
        fields.merge(update.fields) { $1 }
    }
}

/// One record of a request, read back from its stored bytes.
///
/// Every write carries its number as a metadata field `wN`, which merging keeps, so that a merged record names the writes in
/// it. Its place in the order of acceptance is stored as its weight, which merging does not keep.
struct WireRecord: Equatable, CustomStringConvertible {
    let key: ModelKey
    let kind: OperationKind
    let content: Content
    /// Numbers of the writes in it.
    let tags: Set<Int>
    /// Place in the order of acceptance; nil for a merged record.
    let order: Int?
    /// The place that it had when it was sent; a retry out of quarantine gives the same bytes a new one.
    var sentOrder = 0

    /// Added to a place in the order to tell it from a true weight.
    static let orderMark = 10_000

    /// Reads a record in ``Encoding/packed``.
    init(_ kind: OperationKind, _ stored: some Collection<UInt8>, weight: Int, namespace: String) {
        let bytes = Transcode.json(protobuf: Array(stored)[...], kind) ?? []
        var content = Content()
        var name = ""
        var id: String?
        var at = 0
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                let start = at + 1
                at = bytes[start...].firstIndex(of: UInt8(ascii: "\"")) ?? bytes.count
                let text = String(decoding: bytes[start..<at], as: UTF8.self)
                if id == nil, kind == .delete || name == "id" { id = text }
                name = text
                at += 1
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                var number = 0
                while at < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[at] {
                    number = number * 10 + Int(bytes[at] - UInt8(ascii: "0"))
                    at += 1
                }
                // 1000 is written as 1e3.
                if at + 1 < bytes.count, bytes[at] == UInt8(ascii: "e") {
                    for _ in 0..<(bytes[at + 1] - UInt8(ascii: "0")) { number *= 10 }
                    at += 2
                }
                if name == "values" { content.values = number } else { content.fields[name] = number }
            default: at += 1
            }
        }
        self.kind = kind
        self.content = content
        key = ModelKey(namespace: namespace, id: id ?? "")
        order = weight > Self.orderMark ? weight - Self.orderMark : nil
        tags =
            kind == .delete
            ? [weight] : Set(content.fields.compactMap { $0.key.hasPrefix("w") ? $0.value : nil })
    }

    /// A record that the model's server refuses whenever it sees it.
    var isBad: Bool { content.fields["bad"] != nil }

    var description: String { "\(kind.name) \(key) of \(tags.sorted())" }

    /// Whether both are the same bytes.
    static func == (left: WireRecord, right: WireRecord) -> Bool {
        left.key == right.key && left.kind == right.kind && left.content == right.content
    }
}

extension Batch {
    /// Its records, read back.
    var wireRecords: [WireRecord] {
        zip(places, 0..<count).map { place, index in
            let weight = contents[place.slot]?.directory.weights[Int(place.position)] ?? 0
            return WireRecord(operation, record(index), weight: Int(weight), namespace: namespace)
        }
    }
}
