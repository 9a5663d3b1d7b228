/// One request on its way to the handler, and the way back to its connection.
struct RequestJob: Sendable {
    let request: HTTPRequest
    let reply: @Sendable (HTTPResponse) -> Void

    func run(_ handler: HTTPHandler) async {
        let response = await handler(request)
        reply(response)
        await response.afterwards?()
    }
}

/// What every connection of a listener shares.
struct ConnectionContext: Sendable {
    let configuration: HTTPConfiguration
    let jobs: AsyncStream<RequestJob>.Continuation
    var peer: PeerCredentials?
}
