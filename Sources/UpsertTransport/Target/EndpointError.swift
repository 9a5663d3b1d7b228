/// What is wrong with a target URL; for the operator who wrote it.
package enum EndpointError: Error, Sendable, Equatable, CustomStringConvertible {
    case missingHost
    case scheme(String)
    case userInfo
    case query
    case host(String)
    case port(String)
    case path(String)
    /// Plain `http` to another machine would send the key and the records in the clear.
    case plaintext(String)
    /// gRPC has no place for a path prefix.
    case pathWithGRPC(String)

    package var description: String {
        switch self {
        case .missingHost: "target url has no host"
        case .scheme(let name): "target url must begin with https:// (or http://), not \(name)://"
        case .userInfo: "target url must not contain a user name or password; the key comes from api_key_file"
        case .query: "target url must not contain a query or fragment"
        case .host(let text): "target url has an invalid host: \(text)"
        case .port(let text): "target url port must be 1 to 65535, is \(text.isEmpty ? "empty" : text)"
        case .path(let text): "target url has an invalid path: \(text)"
        case .plaintext(let host):
            "target url uses plain http to \(host), which is not this machine; use https, or allow it explicitly"
        case .pathWithGRPC(let path): "target url has a path (\(path)), which transport grpc cannot use"
        }
    }
}
