/// How long to wait before the next attempt: exponential with full jitter, capped.
///
/// The wait after n failures is uniform in 0...min(cap, base · 2ⁿ⁻¹): on average 125 ms, 250 ms, 500 ms, … 30 s.
/// Source: Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015); cap as in the official SDK (60 s).
package struct Backoff: Sendable, Equatable {
    /// Milliseconds; the longest possible wait after the first failure.
    package var base: Int64
    /// Milliseconds; the longest wait at all.
    package var cap: Int64

    package init(base: Int64 = 250, cap: Int64 = 60_000) {
        self.base = base
        self.cap = cap
    }

    /// Milliseconds to wait after `failures` attempts in a row have failed.
    ///
    /// - Precondition: `failures` is at least 1.
    package func delay(failures: Int, using generator: inout some RandomNumberGenerator) -> Int64 {
        precondition(failures >= 1, "failures must be at least 1, is \(failures)")
        let doublings = min(failures - 1, 30)
        return Int64.random(in: 0...min(cap, base << Int64(doublings)), using: &generator)
    }
}
