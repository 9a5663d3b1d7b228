/// Where a listener listens.
package enum HTTPBinding: Sendable, Equatable {
    /// A TCP address; port 0 takes a free one.
    case tcp(host: String, port: Int)
    /// A Unix socket with these permission bits. A stale socket is replaced; anything else in the way is an error.
    case unix(path: String, mode: UInt32)
    /// A stream socket bound already, as by socket activation; the listener owns it from now on.
    case descriptor(Int32)
}

/// The bounds of a listener.
package struct HTTPConfiguration: Sendable {
    /// Largest request body, bytes; a larger one is answered with 413.
    package var bodyBytesMax: Int
    /// Connections at a time; one more is closed at once.
    package var connectionsMax: Int
    /// Requests at a time on one HTTP/2 connection. HTTP/1 serves one at a time.
    package var streamsMax: Int
    /// HTTP/2 receive window of each stream and of each connection, bytes.
    package var windowBytes: Int
    /// Largest HTTP/2 frame that is accepted, 16,384...16,777,215 bytes.
    package var frameBytesMax: Int
    /// A connection that sends nothing for so long, with no request being answered, is closed.
    package var idleTimeout: Duration

    package init(
        bodyBytesMax: Int = 16 << 20, connectionsMax: Int = 1024, streamsMax: Int = 128, windowBytes: Int = 16 << 20,
        frameBytesMax: Int = 1 << 20, idleTimeout: Duration = .seconds(300)
    ) {
        self.bodyBytesMax = bodyBytesMax
        self.connectionsMax = connectionsMax
        self.streamsMax = streamsMax
        self.windowBytes = windowBytes
        self.frameBytesMax = frameBytesMax
        self.idleTimeout = idleTimeout
    }
}
