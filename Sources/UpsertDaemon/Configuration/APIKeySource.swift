package import UpsertTransport

/// The file that holds a target's API key.
package struct APIKeySource: Sendable, Equatable {
    /// The file.
    package var path: String
    /// Whether systemd put it there, which takes care of who can read it.
    package var isCredential: Bool

    /// The key file of a target.
    ///
    /// - Parameter credentials: systemd's credentials directory, where there is one.
    /// - Throws: ``APIKeyFailure`` when the target names no file and there are no credentials.
    package init(_ target: TargetConfiguration, credentials: String? = Self.credentialsDirectory) throws(APIKeyFailure)
    {
        let directory = credentials.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
        if let file = target.apiKeyFile {
            path = file
            isCredential = directory.map(file.hasPrefix) ?? false
        } else if let directory {
            path = "\(directory)\(target.name).key"
            isCredential = true
        } else {
            throw APIKeyFailure(
                "target \(target.name) has no API key: set targets.\(target.name).api_key_file, or LoadCredential="
                    + "\(target.name).key:FILE in the unit")
        }
    }

    /// `$CREDENTIALS_DIRECTORY`; nil where systemd gave this process none.
    package static var credentialsDirectory: String? {
        LogDestination.environment("CREDENTIALS_DIRECTORY")
    }

    /// Reads the key; one newline at its end is dropped.
    ///
    /// - Throws: ``APIKeyFailure`` when the file cannot be read, is empty, holds what cannot be a key, or, other than a
    ///   credential, can be read by others than its owner.
    package func read() throws(APIKeyFailure) -> APIKey {
        let file: (bytes: [UInt8], permissions: UInt32)
        do {
            // Room for a newline and some white space, which the key type judges.
            file = try SmallFile.read(path, bytesMax: APIKey.bytesMax + 64)
        } catch {
            throw APIKeyFailure("API key file \(path) \(error)")
        }
        guard isCredential || file.permissions & 0o077 == 0 else {
            let mode = String(file.permissions & 0o777, radix: 8)
            throw APIKeyFailure(
                "API key file \(path) can be read by others than its owner (mode \(mode)); mend it with: chmod 600 \(path)"
            )
        }
        var bytes = file.bytes[...]
        if bytes.last == UInt8(ascii: "\n") { bytes = bytes.dropLast() }
        do {
            return try APIKey(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw APIKeyFailure("API key file \(path): \(error)")
        }
    }
}

/// Why there is no API key for a target. Says nothing of the key itself.
package struct APIKeyFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// One sentence: which target or file, what is wrong, what mends it.
    package var description: String

    /// - Parameter description: One sentence, without the key.
    package init(_ description: String) { self.description = description }
}
