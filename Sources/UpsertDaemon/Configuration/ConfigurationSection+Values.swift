internal import Yams

extension ConfigurationSection {
    /// The scalar under `key`; nil where it is absent, or, with a problem reported, where it is empty or no scalar.
    private func scalar(_ key: String, mustBe kind: String) -> Node.Scalar? {
        guard let node = node(key) else { return nil }
        guard !node.isEmptyValue else {
            report(key, "has no value; it must be \(kind)")
            return nil
        }
        guard let scalar = node.scalar else {
            report(key, "must be \(kind), is \(node.kind)")
            return nil
        }
        return scalar
    }

    /// A text; numbers are taken as they are written.
    func text(_ key: String) -> String? {
        guard let scalar = scalar(key, mustBe: "a text (\"\" for an empty one)") else { return nil }
        let looksLikeFlag = ["true", "false", "yes", "no", "on", "off"].contains(scalar.string.lowercased())
        if scalar.style == .plain, looksLikeFlag {
            report(key, "must be a text, is \(shown(scalar.string)); put it in quotes if that is meant")
            return nil
        }
        return scalar.string
    }

    /// A text that must be there.
    func requiredText(_ key: String, example: String) -> String? {
        guard node(key) != nil else {
            reader.report(mark, "\(name(key)) is missing, such as: \(key): \(example)")
            return nil
        }
        return text(key)
    }

    /// An absolute path, without the slashes and dots that mean nothing.
    func path(_ key: String) -> String? { text(key).flatMap { checkedPath($0, key) } }

    /// An absolute path that must be there.
    func requiredPath(_ key: String, example: String) -> String? {
        requiredText(key, example: example).flatMap { checkedPath($0, key) }
    }

    private func checkedPath(_ text: String, _ key: String) -> String? {
        guard text.hasPrefix("/") else {
            report(key, "must be an absolute path, is \(shown(text))")
            return nil
        }
        let parts = text.split(separator: "/").filter { $0 != "." }
        guard !parts.contains(".."), !text.utf8.contains(0) else {
            report(key, "must not contain \"..\" or NUL, is \(shown(text))")
            return nil
        }
        return "/" + parts.joined(separator: "/")
    }

    /// A duration within `range`.
    func duration(_ key: String, default fallback: Duration, in range: ClosedRange<Duration>) -> Duration {
        guard let scalar = scalar(key, mustBe: "a duration such as \(DurationText.text(fallback))") else {
            return fallback
        }
        switch DurationText.parse(scalar.string) {
        case .failure(let problem): report(key, problem.text)
        case .success(let value) where range.contains(value): return value
        case .success:
            let bounds = "\(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
            report(key, "must be \(bounds), is \(scalar.string)")
        }
        return fallback
    }

    /// A size in bytes within `range`.
    func size(_ key: String, default fallback: Int, in range: ClosedRange<Int>) -> Int {
        guard let scalar = scalar(key, mustBe: "a size such as \(SizeText.text(fallback))") else { return fallback }
        switch SizeText.parse(scalar.string) {
        case .failure(let problem): report(key, problem.text)
        case .success(let value) where range.contains(value): return value
        case .success:
            let bounds = "\(SizeText.text(range.lowerBound)) to \(SizeText.text(range.upperBound))"
            report(key, "must be \(bounds), is \(scalar.string)")
        }
        return fallback
    }

    /// A whole number within `range`; nil where it is absent.
    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let scalar = scalar(key, mustBe: "a whole number") else { return nil }
        guard scalar.style == .plain, let value = Int(scalar.string) else {
            report(key, "must be a whole number, is \(shown(scalar.string))")
            return nil
        }
        guard range.contains(value) else {
            report(key, "must be \(range.lowerBound) to \(range.upperBound), is \(value)")
            return nil
        }
        return value
    }

    /// `true` or `false`.
    func flag(_ key: String, default fallback: Bool) -> Bool {
        guard let scalar = scalar(key, mustBe: "true or false") else { return fallback }
        switch (scalar.style, scalar.string) {
        case (.plain, "true"): return true
        case (.plain, "false"): return false
        default:
            report(key, "must be true or false, is \(shown(scalar.string))")
            return fallback
        }
    }

    /// One of a closed set of words; nil where it is absent.
    func choice<Choice: RawRepresentable<String>>(_ key: String, of choices: [Choice]) -> Choice? {
        let words = choices.map(\.rawValue)
        guard let scalar = scalar(key, mustBe: "one of \(words.joined(separator: ", "))") else { return nil }
        if let choice = Choice(rawValue: scalar.string) { return choice }
        let hint = closestWord(to: scalar.string, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
        report(key, "must be one of \(words.joined(separator: ", ")), is \(shown(scalar.string))\(hint)")
        return nil
    }
}
