/// What an answer means for the queue and for those who watch.
package enum DeliveryEffect: Sendable {
    case delivered(Batch, holdUntil: Int64?)
    case noEffect(Batch, holdUntil: Int64?)
    /// The record alone was refused.
    case quarantined(Batch, reason: String, holdUntil: Int64?)
    /// Not applied for certain: its records wait again, and newer writes may replace them.
    case putBack(Batch)
    /// Nothing is sent to this namespace; said once per hold.
    case heldNamespace(HeldNamespace)
    /// The namespace's hold is over.
    case resumedNamespace(HeldNamespace)
    /// The target is held; said once per hold.
    case held(Hold)
    /// The hold is over.
    case resumed(Hold)
    /// Requests are smaller from now on.
    case loweredBound(bytes: Int, reason: String)
    /// The server acknowledged with another count than was sent; said once.
    case countDiffers(sent: Int, said: Int)
    /// An attempt failed; what it carried will be sent again.
    case willRetry(reason: String, ambiguous: Bool, failures: Int, delay: Int64)
    /// So many outcomes are not known that nothing new is sent until one is.
    case unresolvedAtMax(Int)
    /// A batch was refused and is being cut to find the record.
    case split(records: Int, reason: String)
}
