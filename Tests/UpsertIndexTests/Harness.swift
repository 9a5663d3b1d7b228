import Foundation
import Testing
import UpsertHTTP

@testable import UpsertIndex

/// A directory that is removed when the test lets go of it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/upsertd-index-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// An index without sockets: requests go straight to the front, so tests see exactly what would be written.
struct Harness {
    let directory: TemporaryDirectory
    let store: RecordStore
    let front: IndexFront
    let faults = FaultInjector()
    let journal = WriteJournal()

    init(
        dimension: Int = 2, metric: Metric = .dotproduct, apiKey: String? = nil, directory: TemporaryDirectory? = nil
    ) throws {
        self.directory = try directory ?? TemporaryDirectory()
        store = try RecordStore(
            directory: self.directory.path, dimension: dimension, metric: metric, journal: journal)
        front = IndexFront(
            service: IndexService(store: store, rules: RecordRules(dimension: dimension, metric: metric)),
            apiKey: apiKey, control: ControlRoutes(faults: faults, journal: journal, isEnabled: true))
    }

    func rest(
        _ method: String, _ target: String, _ body: String = "", headers: HTTPFields = ["api-key": "k"]
    ) async -> RESTAnswer {
        let response = await front.handle(
            HTTPRequest(version: .http1, method: method, target: target, headers: headers, body: Array(body.utf8)))
        return RESTAnswer(response: response)
    }

    func grpc(_ method: String, _ message: [UInt8], key: String = "k") async -> GRPCAnswer {
        var body: [UInt8] = [0]
        for shift in [24, 16, 8, 0] { body.append(UInt8(truncatingIfNeeded: message.count >> shift)) }
        let response = await front.handle(
            HTTPRequest(
                version: .http2, method: "POST", target: "/VectorService/\(method)",
                headers: ["content-type": "application/grpc", "api-key": key], body: body + message))
        return GRPCAnswer(response: response)
    }

    /// Upserts one vector with these JSON members beside its id.
    @discardableResult
    func upsert(_ id: String, _ members: String = #""values":[1,0]"#, namespace: String = "") async -> RESTAnswer {
        await rest(
            "POST", "/vectors/upsert", #"{"vectors":[{"id":"\#(id)",\#(members)}],"namespace":"\#(namespace)"}"#)
    }

    func ids(namespace: String = "") async -> [String] {
        let answer = await rest("GET", "/vectors/list?namespace=\(namespace)")
        guard case .array(let vectors)? = answer.json?["vectors"] else { return [] }
        return vectors.compactMap { if case .string(let id)? = $0["id"] { id } else { nil } }
    }
}

struct RESTAnswer {
    let response: HTTPResponse

    var status: Int { response.status }
    var text: String { String(decoding: response.body, as: UTF8.self) }
    var json: JSONValue? { try? JSONReader.parse(response.body[...]) }
    var message: String? { if case .string(let text)? = json?["message"] { text } else { nil } }
}

struct GRPCAnswer {
    let response: HTTPResponse

    /// The gRPC status, from the trailers or from a trailers-only answer.
    var status: Int? { (response.trailers["grpc-status"] ?? response.headers["grpc-status"]).flatMap { Int($0) } }
    var message: String? {
        response.headers["grpc-message"].flatMap { PercentCoding.decode(Substring($0)) }
    }
    var body: ArraySlice<UInt8> { response.body.dropFirst(5) }
}

/// Protobuf messages as a client would send them.
enum Message {
    static func vector(
        _ id: String, _ values: [Float] = [1, 0], metadata: [JSONMember] = [], sparse: SparseVector? = nil
    ) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, id)
        if !values.isEmpty { writer.delimited(2, FloatBytes.bytes(values)) }
        if !metadata.isEmpty { writer.message(3) { StructMessage.write(metadata, to: &$0) } }
        if let sparse {
            writer.message(4) { inner in
                for index in sparse.indices { inner.varint(1, UInt64(index)) }
                for value in sparse.values { inner.float(2, value) }
            }
        }
        return writer.bytes
    }

    static func upsert(_ vectors: [[UInt8]], namespace: String = "") -> [UInt8] {
        var writer = ProtobufWriter()
        for vector in vectors { writer.delimited(1, vector) }
        if !namespace.isEmpty { writer.string(2, namespace) }
        return writer.bytes
    }
}

/// A generator whose seed is printed, so that a failure can be repeated with `SEED=…`.
func seededGenerator(_ test: String = #function) -> SplitMix64 {
    let seed = ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: .min ... .max)
    print("\(test): SEED=\(seed)")
    return SplitMix64(state: seed)
}

extension SplitMix64: RandomNumberGenerator {}
