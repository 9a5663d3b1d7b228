/// Writes metrics in the Prometheus text format.
///
/// Source: prometheus.io, "Exposition formats", text format 0.0.4.
struct PrometheusText {
    /// The media type of the text.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    enum Kind: String {
        /// Only grows; its name ends in `_total`.
        case counter
        case gauge
    }

    /// A label's name and value.
    typealias Label = (name: String, value: String)

    /// One number with its labels.
    struct Sample {
        let labels: [Label]
        let value: String

        init(_ value: Int, _ labels: [Label] = []) {
            self.labels = labels
            self.value = String(value)
        }

        init(_ value: Double, _ labels: [Label] = []) {
            self.labels = labels
            self.value = value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : "\(value)"
        }

        init(_ value: Bool, _ labels: [Label] = []) { self.init(value ? 1 : 0, labels) }
    }

    /// What was written so far.
    private(set) var text = ""

    /// Writes one family: its help, its type and its samples. A family without samples is left out.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(Self.escaped(help, quoted: false))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value, quoted: true))\"" }
            text += name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}") + " \(sample.value)\n"
        }
    }

    private static func escaped(_ text: String, quoted: Bool) -> String {
        var output = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\"" where quoted: output += "\\\""
            default: output.unicodeScalars.append(character)
            }
        }
        return output
    }
}
