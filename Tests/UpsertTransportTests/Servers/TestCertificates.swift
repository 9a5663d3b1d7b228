import NIOSSL

/// The certificates beside these tests; `Certificates/make.sh` made them.
enum TestCertificates {
    private static let directory =
        #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Certificates"

    /// The authority that signed all of them.
    static var authorityFile: String { "\(directory)/ca.pem" }

    /// - Parameters:
    ///   - name: `server` (localhost and 127.0.0.1), `expired` (likewise, until 2020) or `other` (another host name).
    static func serverContext(_ name: String, protocols: [String]) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile("\(directory)/\(name).pem").map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(file: "\(directory)/\(name)-key.pem", format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(key))
        configuration.applicationProtocols = protocols
        return try NIOSSLContext(configuration: configuration)
    }
}
