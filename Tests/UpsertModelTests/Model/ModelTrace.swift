/// What happened in a run, kept only when somebody will read it.
struct ModelTrace {
    var isKept = false
    private(set) var lines: [String] = []

    mutating func add(_ now: Int64, _ line: @autoclosure () -> String) {
        if isKept { lines.append("\(now): \(line())") }
    }
}
