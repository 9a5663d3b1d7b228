/// The version of upsertd.
package enum Version {
    /// As `upsertd --version` and the user agent say it.
    package static let current = "0.1.0"
}
