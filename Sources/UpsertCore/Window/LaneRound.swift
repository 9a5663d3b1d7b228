/// The namespaces of a target that have something waiting, in the order of their turns.
///
/// A queue over an array: a namespace is taken from the front and put back at the end, so that each has a turn before any has
/// two, and namespaces with nothing to send cost nothing.
struct LaneRound: Sendable {
    private var lanes: [LaneNumber] = []
    private var head = 0

    var count: Int { lanes.count - head }

    mutating func append(_ lane: LaneNumber) { lanes.append(lane) }

    /// - Precondition: ``count`` is not 0.
    mutating func removeFirst() -> LaneNumber {
        let first = lanes[head]
        head += 1
        if head > 64, head * 2 > lanes.count {
            lanes.removeFirst(head)
            head = 0
        }
        return first
    }
}
