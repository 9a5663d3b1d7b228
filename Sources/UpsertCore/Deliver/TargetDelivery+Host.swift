extension TargetDelivery {
    /// Holds the target until an operator ends it: no probe is sent, and no answer ends it. nil ends such a hold.
    package mutating func holdForOperator(_ new: Hold?) -> DeliveryEffect? {
        guard let new else {
            guard let over = hold, over.kind == .hostChanged else { return nil }
            hold = nil
            return .resumed(over)
        }
        let isNew = hold != new
        hold = new
        return isNew ? .held(new) : nil
    }
}
