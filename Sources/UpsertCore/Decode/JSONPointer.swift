/// RFC 6901 JSON pointers, as rejections carry them.
enum JSONPointer {
    /// `/name` with `~` and `/` of the name escaped.
    static func step(_ name: String) -> String {
        var step = "/"
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": step += "~0"
            case "/": step += "~1"
            default: step.unicodeScalars.append(scalar)
            }
        }
        return step
    }
}
