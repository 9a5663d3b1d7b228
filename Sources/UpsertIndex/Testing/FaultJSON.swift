/// Faults as the control endpoint `/_faults` takes and shows them.
///
/// `{"effect": NAME, …}` with the effect's own parameters (`ms`, `code`, `id`, `bytes`, `retry_after`, `pushback_ms`,
/// `status`, `count`, `lag`) and `operations`, `times`, `probability`, `message`, `namespace`, `seed`.
enum FaultJSON {
    static func read(_ body: [UInt8]) throws -> (fault: Fault, seed: UInt64?) {
        let value = try JSONReader.parse(body[...])
        guard let name = value.text("effect"), let effect = effect(name, value) else {
            throw ServiceError.invalid("unknown or incomplete effect in \(value.quotedText)")
        }
        var operations: Set<IndexOperation>?
        if case .array(let names)? = value["operations"] {
            operations = Set(
                try names.map { name in
                    guard case .string(let text) = name, let operation = IndexOperation(rawValue: text) else {
                        throw ServiceError.invalid("unknown operation \(name.quotedText)")
                    }
                    return operation
                })
        }
        let fault = Fault(
            effect, operations: operations, times: value.integer("times"),
            probability: value.double("probability") ?? 1, message: value.text("message"),
            namespace: value.text("namespace"))
        return (fault, value.integer("seed").map { UInt64(truncatingIfNeeded: $0) })
    }

    private static func effect(_ name: String, _ value: JSONValue) -> Fault.Effect? {
        switch name {
        case "apply_then_drop": .applyThenDrop
        case "late_apply": value.integer("ms").map { .lateApply(after: .milliseconds($0)) }
        case "delay": value.integer("ms").map { .delay(.milliseconds($0)) }
        case "reset": .reset(code: UInt32(clamping: value.integer("code") ?? 2))
        case "refuse": value.text("id").map { .refuse(id: $0) }
        case "refuse_all": .refuseAll(code: value.integer("code") ?? 3)
        case "payload_too_large": value.integer("bytes").map { .payloadTooLarge(overBytes: $0) }
        case "throttle":
            .throttle(retryAfter: value.double("retry_after"), pushbackMs: value.integer("pushback_ms"))
        case "unavailable": .unavailable
        case "unauthorized": .unauthorized
        case "html": .html(status: value.integer("status") ?? 400)
        case "wrong_count": value.integer("count").map { .wrongCount($0) }
        case "lsn_lag": value.integer("lag").map { .lsnLag(UInt64(clamping: $0)) }
        default: nil
        }
    }

    static func write(_ armed: [FaultInjector.Armed]) -> [UInt8] {
        JSONWriter.made { writer in
            writer.array { writer in
                for entry in armed {
                    writer.object {
                        $0.key("effect")
                        $0.string("\(entry.fault.effect)")
                        $0.key("hits")
                        $0.integer(entry.hits)
                    }
                }
            }
        }
    }
}

extension JSONValue {
    fileprivate func text(_ name: String) -> String? {
        if case .string(let text)? = self[name] { text } else { nil }
    }

    fileprivate func double(_ name: String) -> Double? {
        if case .number(let number)? = self[name] { number } else { nil }
    }

    fileprivate func integer(_ name: String) -> Int? { double(name).flatMap { Int(exactly: $0) } }
}
