internal import NIOCore
internal import NIOPosix
internal import NIOSSL

#if canImport(Glibc)
    internal import Glibc
#endif

/// Words for why there is no connection, for an operator's eyes.
enum ConnectionFailure {
    /// - Parameter error: What NIO reported while connecting, in the TLS handshake, or on an established connection.
    static func reason(_ error: any Error, endpoint: TargetEndpoint) -> String {
        switch error {
        case let error as NIOConnectionError: connectReason(error, endpoint: endpoint)
        case let error as IOError: ioReason(error, endpoint: endpoint)
        case ChannelError.connectTimeout: "no connection to \(endpoint.hostAndPort) in time"
        case let error as NIOSSLError: tlsReason(error, endpoint: endpoint)
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "the TLS certificate of \(endpoint.hostAndPort) is not for \(endpoint.host)"
        default: "connection to \(endpoint.hostAndPort) failed: \(error)"
        }
    }

    private static func connectReason(_ error: NIOConnectionError, endpoint: TargetEndpoint) -> String {
        if let first = error.connectionErrors.first { return reason(first.error, endpoint: endpoint) }
        guard let lookup = error.dnsAError ?? error.dnsAAAAError else {
            return "no connection to \(endpoint.hostAndPort)"
        }
        return "cannot resolve \(endpoint.host): \(lookup)"
    }

    private static func ioReason(_ error: IOError, endpoint: TargetEndpoint) -> String {
        switch error.errnoCode {
        case ECONNREFUSED: "connection refused by \(endpoint.hostAndPort)"
        case ECONNRESET, EPIPE: "connection reset by \(endpoint.hostAndPort)"
        case ENETUNREACH, EHOSTUNREACH: "no route to \(endpoint.hostAndPort)"
        case ETIMEDOUT: "connection to \(endpoint.hostAndPort) timed out"
        default: "connection to \(endpoint.hostAndPort) failed: \(error)"
        }
    }

    private static func tlsReason(_ error: NIOSSLError, endpoint: TargetEndpoint) -> String {
        switch error {
        case .handshakeFailed(let cause) where "\(cause)".contains("CERTIFICATE_VERIFY_FAILED"):
            "the TLS certificate of \(endpoint.hostAndPort) is not trusted: it has expired, is not yet valid, or is "
                + "signed by an authority that is neither the system's nor in ca_file"
        case .handshakeFailed(let cause): "TLS handshake with \(endpoint.hostAndPort) failed: \(cause)"
        case .uncleanShutdown: "connection closed by \(endpoint.hostAndPort)"
        default: "TLS connection to \(endpoint.hostAndPort) failed: \(error)"
        }
    }
}
