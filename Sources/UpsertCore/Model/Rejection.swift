/// Why a record is refused at the door: it never enters the queue, the rest of its submission does.
package struct Rejection: Error, Sendable, Equatable {
    /// A stable machine-readable word for the rule that was broken, such as `id_too_long`.
    package var code: Code
    /// RFC 6901 JSON pointer to the offending part of the record; empty for the record as a whole.
    package var pointer: String
    /// One sentence for a person, with the server's wording where it is known.
    package var reason: String
    /// The record's id, where it could still be read.
    package var id: String?

    package init(_ code: Code, at pointer: String = "", _ reason: String, id: String? = nil) {
        self.code = code
        self.pointer = pointer
        self.reason = reason
        self.id = id
    }

    /// Cuts a reason and a pointer that name a field of any length to 1,000 characters, so that they can be read.
    package mutating func shorten() {
        if reason.utf8.count > 4_000 { reason = reason.prefix(1_000) + "…" }
        if pointer.utf8.count > 4_000 { pointer = pointer.prefix(1_000) + "…" }
    }

    /// The closed set of reasons. Raw values appear in errors files and receipts and are only added to.
    package enum Code: String, Sendable, CaseIterable {
        /// Not JSON, or JSON nested deeper than 64 levels.
        case malformed
        /// The last line of the file has no newline and does not parse.
        case truncated
        /// The line or record is longer than the configured cap.
        case tooLong = "too_long"
        /// A field that no operation of this kind has.
        case unknownField = "unknown_field"
        /// A field that appears twice.
        case duplicateField = "duplicate_field"
        /// A field that this operation needs is absent.
        case missingField = "missing_field"
        /// A field of the wrong JSON type.
        case wrongType = "wrong_type"
        case idEmpty = "id_empty"
        case idTooLong = "id_too_long"
        case idNotASCII = "id_not_ascii"
        case namespaceInvalid = "namespace_invalid"
        case noValues = "no_values"
        case dimensionMismatch = "dimension_mismatch"
        case dimensionTooLarge = "dimension_too_large"
        case notFinite = "not_finite"
        case allZero = "all_zero"
        case sparseEmpty = "sparse_empty"
        case sparseTooLong = "sparse_too_long"
        case sparseLengthsDiffer = "sparse_lengths_differ"
        case sparseIndex = "sparse_index"
        case metadataType = "metadata_type"
        case metadataKey = "metadata_key"
        case metadataTooLarge = "metadata_too_large"
        /// The record alone is larger than a request may be.
        case recordTooLarge = "record_too_large"
        /// The target's API kind has no such operation.
        case unsupportedOperation = "unsupported_operation"
    }
}
