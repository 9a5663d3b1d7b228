internal import NIOCore

/// Where a target's index answers: scheme, host, port and an optional path prefix, normalised.
///
/// Two targets with equal endpoints are the same index, however their URLs were written.
package struct TargetEndpoint: Sendable, Hashable {
    package enum Scheme: String, Sendable {
        case http, https

        var defaultPort: Int { self == .http ? 80 : 443 }
    }

    package let scheme: Scheme
    /// Lower case, without brackets (IPv6) or a trailing dot.
    package let host: String
    /// 1…65,535.
    package let port: Int
    /// Empty, or beginning with `/` and not ending with one; kept as it was written.
    package let path: String

    /// Reads a target URL; without a scheme it is `https`.
    ///
    /// - Parameter allowPlaintext: Whether `http` may be used to a host that is not this machine.
    /// - Throws: ``EndpointError`` saying what is wrong with the URL.
    package init(_ url: String, allowPlaintext: Bool = false) throws(EndpointError) {
        let (scheme, rest) = try Self.splitScheme(url)
        guard !rest.contains("?"), !rest.contains("#") else { throw .query }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let hostAndPort = rest[..<slash]
        // The URL is not repeated in this error: it may hold a password.
        guard !hostAndPort.contains("@") else { throw .userInfo }
        (host, port) = try Self.splitHost(hostAndPort, defaultPort: scheme.defaultPort)
        self.scheme = scheme
        path = try Self.normalisedPath(rest[slash...])
        guard scheme == .https || allowPlaintext || isLoopback else { throw .plaintext(host) }
    }

    /// `host:port` as `:authority` and `Host` carry it: IPv6 in brackets, the default port left out.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == scheme.defaultPort ? name : "\(name):\(port)"
    }

    /// The whole normalised URL, with the port left out when it is the default one.
    package var url: String { "\(scheme.rawValue)://\(authority)\(path)" }

    /// `host:port` for messages, always with the port.
    package var hostAndPort: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether the host is this machine.
    package var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "::1"
            || (host.hasPrefix("127.") && isAddress)
    }

    /// Whether the host is the vendor's own service, whose published rate limits apply.
    package var isPinecone: Bool { host.hasSuffix(".pinecone.io") }

    /// Whether the host is an IP address rather than a name.
    var isAddress: Bool { Self.isAddress(host) }
}

extension TargetEndpoint {
    private static func splitScheme(_ url: String) throws(EndpointError) -> (Scheme, Substring) {
        guard !url.isEmpty else { throw .missingHost }
        guard let separator = url.firstRange(of: "://") else { return (.https, url[...]) }
        let name = url[..<separator.lowerBound].lowercased()
        guard let scheme = Scheme(rawValue: name) else { throw .scheme(name) }
        return (scheme, url[separator.upperBound...])
    }

    private static func splitHost(
        _ text: Substring, defaultPort: Int
    ) throws(EndpointError) -> (host: String, port: Int) {
        var name = text
        var port: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw .host(String(text)) }
            name = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard name.contains(":"), isAddress(String(name)) else { throw .host(String(text)) }
            guard rest.isEmpty || rest.first == ":" else { throw .host(String(text)) }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            name = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        if name.last == "." { name = name.dropLast() }
        guard !name.isEmpty else { throw .missingHost }
        guard name.contains(":") || name.utf8.allSatisfy(isHostByte) else { throw .host(String(text)) }
        guard let port else { return (name.lowercased(), defaultPort) }
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port),
            (1...65_535).contains(number)
        else { throw .port(String(port)) }
        return (name.lowercased(), number)
    }

    private static func normalisedPath(_ text: Substring) throws(EndpointError) -> String {
        guard text.utf8.allSatisfy(isPathByte) else { throw .path(String(text)) }
        var path = text
        while path.last == "/" { path = path.dropLast() }
        return String(path)
    }

    private static func isAddress(_ host: String) -> Bool {
        (try? SocketAddress(ipAddress: host, port: 0)) != nil  // an error is the answer "no"
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// RFC 3986 `pchar` and `/`.
    private static func isPathByte(_ byte: UInt8) -> Bool {
        isHostByte(byte) || "%/~!$&'()*+,;=:@".utf8.contains(byte)
    }
}
