internal import NIOCore
internal import NIOSSL

/// A transport that cannot even be set up; for the operator.
package struct TransportSetupError: Error, Sendable, CustomStringConvertible {
    package var description: String
}

/// The TLS settings of every wire: system roots, the operator's own authorities, TLS 1.2 and up.
enum TLSSetup {
    /// - Throws: ``TransportSetupError`` when the CA file cannot be read or holds no certificate.
    static func configuration(caFile: String?) throws(TransportSetupError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        // How long a closing connection waits for the other side's goodbye.
        configuration.shutdownTimeout = .seconds(1)
        guard let caFile else { return configuration }
        let authorities: [NIOSSLCertificate]
        do {
            authorities = try NIOSSLCertificate.fromPEMFile(caFile)
        } catch {
            throw TransportSetupError(description: "ca_file \(caFile) cannot be read as PEM certificates: \(error)")
        }
        guard !authorities.isEmpty else {
            throw TransportSetupError(description: "ca_file \(caFile) holds no certificate")
        }
        configuration.additionalTrustRoots = [.certificates(authorities)]
        return configuration
    }
}
