import Testing

/// Tests on real sockets, one after another: some of them wait for time limits, which a crowd of others would disturb.
@Suite(.serialized, .timeLimit(.minutes(1)))
enum SocketTests {}
