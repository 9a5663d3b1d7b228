internal import NIOCore
internal import NIOHTTP2
internal import NIOPosix
internal import NIOSSL

#if canImport(Glibc)
    internal import Glibc
#endif

extension HTTP2Connection {
    /// Bytes of pending writes below which more are wanted, and above which no more are taken. Large bodies cost twice
    /// the CPU with NIO's default of 32 and 64 KiB, which flips every few frames.
    private static let watermark = ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 1 << 20)

    /// Starts to connect; ends in ``received(_:)`` or ``ended()``.
    ///
    /// - Parameter tls: The TLS context; nil for plaintext.
    func connect(tls: NIOSSLContext?) {
        let timeout = TimeAmount(configuration.connectTimeout)
        let endpoint = configuration.endpoint
        readyTimer = loop.assumeIsolated().scheduleTask(in: timeout) { [configuration] in
            let stage = self.channel == nil ? "no connection to" : "no HTTP/2 settings from"
            self.abandon("\(stage) \(endpoint.hostAndPort) within \(configuration.connectTimeout)")
        }
        let bound = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelOption(ChannelOptions.writeBufferWaterMark, value: Self.watermark)
            .channelOption(Self.unacknowledgedTimeout, value: unacknowledgedMax)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try bound.value.configure(channel.pipeline.syncOperations, tls: tls)
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel): self.connected(channel)
                case .failure(let error):
                    self.fail(ConnectionFailure.reason(error, endpoint: endpoint))
                    self.ended()
                }
            }
    }

    private func connected(_ channel: any Channel) {
        guard state != .closed else {
            channel.close(promise: nil)
            return
        }
        self.channel = channel
        tick(in: pulse.period)
        channel.closeFuture.assumeIsolated().whenComplete { _ in
            self.nextTick?.task.cancel()
            self.nextTick = nil
            self.channel = nil
            self.ended()
        }
    }

    private func configure(_ pipeline: ChannelPipeline.SynchronousOperations, tls: NIOSSLContext?) throws {
        if let tls {
            let name = configuration.endpoint.isAddress ? nil : configuration.endpoint.host
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
        }
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .enablePush, value: 0),
            // Enough for an error that quotes a record's metadata: a longer one ends the connection with all its requests.
            HTTP2Setting(parameter: .maxHeaderListSize, value: 256 << 10),
        ]
        // The limits against abusive peers are meant for servers. A gRPC server may PING with every upload it measures.
        connection.controlFrameRateLimit.maximumCount = 100_000
        connection.maximumSequentialEmptyDataFrames = 16
        connection.contentLengthValidation = .disabled
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.streamResetFrameRateLimit.maximumCount = 100_000
        // One piece is being sent while the next one is made.
        stream.outboundBufferSizeHighWatermark = RequestBody.pieceBytes
        stream.outboundBufferSizeLowWatermark = RequestBody.pieceBytes / 4
        multiplexer = try pipeline.configureHTTP2Pipeline(
            mode: .client, connectionConfiguration: connection, streamConfiguration: stream
        ) { pushed in
            pushed.close()
        }
        try pipeline.addHandler(HTTP2ConnectionHandler(self))
    }

    /// Asks the pulse after `delay` at the latest.
    func tick(in delay: TimeAmount) {
        let at = NIODeadline.now() + delay
        if let nextTick, nextTick.at <= at { return }
        nextTick?.task.cancel()
        let task = loop.assumeIsolated().scheduleTask(deadline: at) { self.tick() }
        nextTick = (task, at)
    }

    private func tick() {
        nextTick = nil
        defer { if channel != nil { tick(in: pulse.rest(openStreams: openStreams, at: .now())) } }
        switch pulse.verdict(openStreams: openStreams, at: .now()) {
        case .fine: break
        case .idle where waiting.isEmpty: abandon("idle connection closed")
        case .idle: break
        case .dead: abandon("no sign of life from \(configuration.endpoint.hostAndPort) on an open connection")
        case .ping:
            guard let channel else { return }
            let frame = HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: 1), ack: false))
            channel.writeAndFlush(frame).assumeIsolated().whenSuccess { self.pulse.wrotePing(at: .now()) }
        }
    }

    private static var unacknowledgedTimeout: ChannelOptions.Types.SocketOption {
        ChannelOptions.Types.SocketOption(
            level: .tcp, name: NIOBSDSocket.Option(rawValue: NIOBSDSocket.Option.RawValue(TCP_USER_TIMEOUT)))
    }

    /// Milliseconds that written bytes may stay unacknowledged before the kernel gives the connection up: the same
    /// patience as that of the keepalive, which cannot ask while the socket takes no bytes.
    private var unacknowledgedMax: SocketOptionValue {
        let patience = configuration.keepaliveInterval + configuration.keepaliveTimeout
        return SocketOptionValue(clamping: TimeAmount(patience).nanoseconds / 1_000_000)
    }
}
