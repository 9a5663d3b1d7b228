/// Why a text is not the JSON that was expected.
struct JSONError: Error, Equatable {
    var reason: String
    /// Byte offset into the text.
    var offset: Int
}
