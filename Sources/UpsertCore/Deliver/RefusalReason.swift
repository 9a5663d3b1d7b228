/// What a server says of a record that it refuses.
package enum RefusalReason {
    /// The message without what differs from record to record: numbers and quoted text.
    package static func normalised(_ message: String) -> String {
        var normal = ""
        var quote: Character?
        for character in message {
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
                normal.append(character)
            } else if character.isNumber {
                if normal.last != "#" { normal.append("#") }
            } else {
                normal.append(character)
            }
        }
        return normal
    }
}
