/// Something that records come from, taken in by ``Intake`` one commit at a time.
protocol IntakeSource: AnyObject {
    /// What messages call it: the spool's directory or the outbox's path.
    var name: String { get }
    /// The target that its records are for.
    var target: String { get }
    /// For status.
    var status: SourceStatus { get }
    /// A descriptor that becomes readable when there may be something to take; nil where only looking helps.
    var descriptor: Int32? { get }
    /// Takes in what `descriptor` has to say.
    func listen()
    /// Accepts the next commit's worth.
    ///
    /// - Throws: What stopped it; nothing is lost, and the next turn starts again from the last commit.
    func turn() async throws -> SourceTurn
    /// Brings what is on its way to its end; the last call.
    func finish() async
}
