internal import Glibc

/// Talks to the daemon over its status socket, one blocking HTTP/1.1 request a connection.
package struct StatusClient: Sendable {
    /// What the daemon answered.
    package struct Answer: Sendable, Equatable {
        package var status: Int
        package var body: [UInt8]

        package init(status: Int, body: [UInt8]) {
            self.status = status
            self.body = body
        }
    }

    /// Path of the socket.
    package var socketPath: String
    /// Path of the control socket beside it, which exists where systemd makes it.
    package var controlPath: String {
        socketPath.split(separator: "/", omittingEmptySubsequences: false).dropLast().map { $0 + "/" }.joined()
            + "control.sock"
    }
    /// For connecting and for every single read; a reload answers when it is done.
    package var timeout: Duration

    /// Where the socket is unless somebody says otherwise.
    package static let defaultSocketPath = "/run/upsertd/status.sock"
    /// Bytes of an answer.
    private static let answerBytesMax = 256 << 20

    package init(socketPath: String = Self.defaultSocketPath, timeout: Duration = .seconds(60)) {
        self.socketPath = socketPath
        self.timeout = timeout
    }

    /// The body of a successful answer to a GET.
    package func get(_ path: String) throws(StatusClientError) -> [UInt8] { try succeed("GET", path, []) }

    /// The body of a successful answer to a POST.
    @discardableResult
    package func post(_ path: String, body: [UInt8] = []) throws(StatusClientError) -> [UInt8] {
        try succeed("POST", path, body)
    }

    /// A report, read from its JSON.
    package func get<Report: Decodable>(_ path: String, as type: Report.Type) throws(StatusClientError) -> Report {
        let body = try get(path)
        do {
            return try StatusJSON.decode(type, from: body)
        } catch {
            throw .unintelligible("the daemon's answer to \(path) cannot be read: \(error)")
        }
    }

    /// The path of a receipt, by number or name.
    package static func receiptPath(_ id: String) -> String { "/v1/receipts/" + RequestTarget.encoded(id) }

    /// The path by which an operator accepts a target's new host.
    package static func acceptPath(_ target: String) -> String { "/v1/targets/\(RequestTarget.encoded(target))/accept" }

    /// A path with the target that it is about, if any.
    package static func path(_ path: String, target: String?) -> String {
        target.map { "\(path)?target=\(RequestTarget.encoded($0))" } ?? path
    }

    private func succeed(_ method: String, _ path: String, _ body: [UInt8]) throws(StatusClientError) -> [UInt8] {
        let answer = try send(method, path, body: body)
        guard answer.status != 200 else { return answer.body }
        let report = try? StatusJSON.decode(FailureReport.self, from: answer.body)  // another shape is told as it is
        let text = report?.error.message ?? LogText.escaped(String(decoding: answer.body.prefix(500), as: UTF8.self))
        throw .refused(status: answer.status, code: report?.error.code ?? "", message: text)
    }

    /// One request and its answer, whatever its status.
    ///
    /// - Parameter path: Percent-encoded, with its query.
    package func send(_ method: String, _ path: String, body: [UInt8] = []) throws(StatusClientError) -> Answer {
        let head =
            "\(method) \(path) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: \(body.count)\r\n\r\n"
        let bytes = try exchange(Array(head.utf8) + body, changes: method != "GET")
        guard let answer = Self.parse(bytes) else {
            throw .unintelligible("what answers at \(socketPath) is not upsertd")
        }
        return answer
    }

    /// Operators change things over the control socket, which lets them in where the daemon cannot tell users apart; where
    /// they may not read from the status socket, they read there too.
    private func exchange(_ request: [UInt8], changes: Bool) throws(StatusClientError) -> [UInt8] {
        let paths = changes ? [controlPath, socketPath] : [socketPath, controlPath]
        var failures: [String: UnixStream.Failure] = [:]
        for path in paths {
            do throws(UnixStream.Failure) {
                let stream = try UnixStream(path: path, timeout: timeout)
                try stream.send(request)
                return try stream.receiveAll(bytesMax: Self.answerBytesMax)
            } catch {
                // Once connected, the request may have been read: it is not sent twice.
                guard error.step == "connect" else { throw explain(error) }
                failures[path] = error
            }
        }
        throw explain(failures[socketPath] ?? UnixStream.Failure(step: "connect", number: ENOENT))
    }

    private func explain(_ failure: UnixStream.Failure) -> StatusClientError {
        let reason = ErrorNumber.text(failure.number)
        if failure.step == "connect", failure.number == EACCES || failure.number == EPERM {
            return .forbidden(
                "you may not connect to \(socketPath) (\(reason)); its group may, see: ls -l \(socketPath)")
        }
        return .unreachable("upsertd cannot be reached at \(socketPath): \(failure.step): \(reason)")
    }

    /// A whole HTTP/1.1 answer with a content-length; nil for anything else.
    static func parse(_ bytes: [UInt8]) -> Answer? {
        let separator = Array("\r\n\r\n".utf8)
        guard let end = bytes.firstRange(of: separator) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        let body = Array(bytes[end.upperBound...])
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
            return Int(parts[1].drop { $0 == " " }) == body.count ? Answer(status: status, body: body) : nil
        }
        return nil
    }
}

/// Why a request to the daemon came to nothing.
package enum StatusClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Nobody answers at the socket.
    case unreachable(String)
    /// The socket's permissions keep us out.
    case forbidden(String)
    /// The daemon said no, with its HTTP status.
    case refused(status: Int, code: String, message: String)
    /// Something answers that does not speak as the daemon does.
    case unintelligible(String)

    package var description: String {
        switch self {
        case .unreachable(let text), .forbidden(let text), .unintelligible(let text): text
        case .refused(_, _, let message): message
        }
    }
}
