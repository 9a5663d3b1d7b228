internal import NIOCore

/// Collects a body up to its bound. What is beyond is read and thrown away, so that the client sees the answer.
struct BodyCollector {
    private(set) var bytes: [UInt8] = []
    private(set) var isTooLarge = false
    private let bytesMax: Int

    /// - Parameter expected: The declared length, if any.
    init(bytesMax: Int, expected: Int?) {
        self.bytesMax = bytesMax
        guard let expected else { return }
        if expected > bytesMax { isTooLarge = true } else { bytes.reserveCapacity(max(expected, 0)) }
    }

    mutating func append(_ buffer: ByteBuffer) {
        guard !isTooLarge else { return }
        guard bytes.count + buffer.readableBytes <= bytesMax else {
            isTooLarge = true
            bytes = []
            return
        }
        unsafe buffer.withUnsafeReadableBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// The answer to a body that is too large.
    static func refusal(bytesMax: Int) -> HTTPResponse {
        HTTPResponse(status: 413, contentType: "text/plain", text: "request body is larger than \(bytesMax) bytes\n")
    }
}
