/// The server's wish for when to come back.
enum RetryHint {
    /// Longest wish that is taken literally: one day.
    private static let secondsMax = 86_400.0

    /// `grpc-retry-pushback-ms`; negative or unreadable is no hint.
    static func pushback(_ milliseconds: String) -> Duration? {
        guard let value = Double(milliseconds) else { return nil }
        return duration(seconds: value / 1_000)
    }

    /// `Retry-After`: seconds, also with a fraction, or an HTTP date.
    ///
    /// - Parameter now: Seconds since 1970, for a date.
    static func retryAfter(_ text: String, now: Int) -> Duration? {
        if let seconds = Double(text) { return duration(seconds: seconds) }
        guard let date = secondsSince1970(httpDate: text) else { return nil }
        return duration(seconds: Double(max(0, date - now)))
    }

    private static func duration(seconds: Double) -> Duration? {
        guard seconds.isFinite, seconds >= 0 else { return nil }
        return .milliseconds(Int64((min(seconds, secondsMax) * 1_000).rounded(.up)))
    }

    /// Reads the one form of date that RFC 9110 §5.6.7 lets a sender use: `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func secondsSince1970(httpDate text: String) -> Int? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT" else { return nil }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let time = words[4].split(separator: ":").map { Int($0) ?? -1 }
        guard let day = Int(words[1]), let month = months.firstIndex(of: String(words[2])), let year = Int(words[3]),
            time.count == 3, (1...31).contains(day), (1970...9999).contains(year),
            (0...23).contains(time[0]), (0...59).contains(time[1]), (0...60).contains(time[2])
        else { return nil }
        return days(year: year, month: month + 1, day: day) * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2]
    }

    /// Days since 1970-01-01 in the Gregorian calendar, for years from 1970. March is the first month of the
    /// computation, so that the leap day is the last day of its year.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let leaps = shifted / 4 - shifted / 100 + shifted / 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted * 365 + leaps + dayOfYear - 719_468
    }
}
