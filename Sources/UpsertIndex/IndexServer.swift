internal import Glibc
internal import UpsertHTTP
internal import UpsertSQLite

/// A running Pinecone-compatible index: REST and gRPC on one port, records durable in SQLite, exact search.
///
/// What it answers as success is on disk. It survives `kill -9` and a restart; one server at a time per directory.
package final class IndexServer: Sendable {
    private let listener: HTTPListener
    private let store: RecordStore

    /// Makes requests go wrong, for tests.
    package let faults: FaultInjector
    /// What was applied; nil unless ``IndexConfiguration/journal`` asked for it.
    package let journal: WriteJournal?

    /// Opens or creates the index and listens.
    ///
    /// - Throws: ``IndexError`` for a configuration that makes no sense or does not fit the directory; I/O errors.
    package static func start(_ configuration: IndexConfiguration) async throws -> IndexServer {
        if let problem = configuration.problem { throw IndexError(problem) }
        try makeDirectory(configuration.directory)
        let journal = configuration.journal ? WriteJournal() : nil
        let store: RecordStore
        do {
            store = try RecordStore(
                directory: configuration.directory, dimension: configuration.dimension, metric: configuration.metric,
                journal: journal)
        } catch let error as SQLiteError {
            let busy = error.primaryCode == SQLiteError.Primary.busy
            throw IndexError("\(configuration.directory): \(busy ? "in use by another process" : "\(error)")")
        }
        let rules = RecordRules(dimension: configuration.dimension, metric: configuration.metric)
        let faults = FaultInjector()
        let front = IndexFront(
            service: IndexService(store: store, rules: rules), apiKey: configuration.apiKey,
            control: ControlRoutes(faults: faults, journal: journal, isEnabled: configuration.faultControl))
        // JSON takes up to about 25 bytes a float, so this leaves room to reach the 4 MiB check with any text.
        let listener = try await HTTPListener.bind(
            .tcp(host: configuration.host, port: configuration.port),
            configuration: HTTPConfiguration(bodyBytesMax: 64 << 20)
        ) { await front.handle($0) }
        return IndexServer(listener: listener, store: store, faults: faults, journal: journal)
    }

    private init(listener: HTTPListener, store: RecordStore, faults: FaultInjector, journal: WriteJournal?) {
        self.listener = listener
        self.store = store
        self.faults = faults
        self.journal = journal
    }

    /// The TCP port that it listens on.
    package var port: Int { listener.port ?? 0 }

    /// Host and port, such as `127.0.0.1:5081`.
    package var address: String { listener.address }

    /// Finishes open requests for up to `grace`, then closes the port and the database.
    package func stop(grace: Duration = .seconds(5)) async {
        await listener.close(grace: grace)
        await store.close()
    }

    private static func makeDirectory(_ path: String) throws {
        var status = stat()
        if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
        guard unsafe mkdir(path, 0o750) == 0 || errno == EEXIST else {
            let reason = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "cannot be made"
            throw IndexError("\(path): \(reason)")
        }
    }
}
