import Testing

@testable import UpsertTransport

struct TargetTests {
    @Test(
        "a URL is normalised",
        arguments: [
            ("index-1.svc.pinecone.io", "https://index-1.svc.pinecone.io", 443),
            ("https://Index.PINECONE.io./", "https://index.pinecone.io", 443),
            ("HTTPS://a.example:443", "https://a.example", 443),
            ("https://a.example:8443/", "https://a.example:8443", 8_443),
            ("http://localhost", "http://localhost", 80), ("http://[::1]:5081", "http://[::1]:5081", 5_081),
            ("http://127.0.0.1:18090/indexes/it/", "http://127.0.0.1:18090/indexes/it", 18_090),
            ("http://x.localhost:1/a%20b", "http://x.localhost:1/a%20b", 1),
        ])
    func normalised(_ text: String, _ url: String, _ port: Int) throws {
        let endpoint = try TargetEndpoint(text)
        #expect(endpoint.url == url)
        #expect(endpoint.port == port)
        #expect(try TargetEndpoint(endpoint.url) == endpoint)
    }

    @Test(
        "a wrong URL is refused with the reason",
        arguments: [
            ("", EndpointError.missingHost), ("https://", .missingHost), ("https:///x", .missingHost),
            ("ftp://a", .scheme("ftp")), ("https://u:p@a", .userInfo), ("https://a?x", .query),
            ("https://a/#x", .query),
            ("https://a:0", .port("0")), ("https://a:", .port("")), ("https://a:65536", .port("65536")),
            ("https://a:+1", .port("+1")), ("https://a b", .host("a b")), ("https://ä.example", .host("ä.example")),
            ("https://[zz]", .host("[zz]")), ("https://[::1", .host("[::1")), ("https://[::1]x", .host("[::1]x")),
            ("https://a/b c", .path("/b c")), ("http://a.example", .plaintext("a.example")),
            ("http://127.evil.example", .plaintext("127.evil.example")),
            ("http://localhost.example", .plaintext("localhost.example")),
        ])
    func refused(_ text: String, _ error: EndpointError) {
        #expect(throws: error) { try TargetEndpoint(text) }
    }

    @Test("plain http to another machine needs permission")
    func plaintext() throws {
        #expect(try TargetEndpoint("http://a.example", allowPlaintext: true).port == 80)
    }

    @Test("the error about a password in a URL does not repeat it")
    func noPasswordInErrors() {
        #expect(throws: EndpointError.userInfo) { try TargetEndpoint("https://me:hunter2@a.example") }
        #expect(!"\(EndpointError.userInfo)".contains("hunter2"))
    }

    @Test("the vendor's hosts are known")
    func vendor() throws {
        #expect(try TargetEndpoint("x.svc.aped-1.pinecone.io").isPinecone)
        #expect(try !TargetEndpoint("pinecone.io.example").isPinecone)
        #expect(try !TargetEndpoint("notpinecone.io").isPinecone)
    }

    @Test("a path is refused for gRPC")
    func pathWithGRPC() throws {
        #expect(throws: EndpointError.pathWithGRPC("/x")) { try grpc(configuration(port: 1, path: "/x")) }
    }

    @Test("a key never shows itself")
    func redaction() throws {
        let key = try APIKey("  s3cret-key\n")
        #expect(key.secret == "s3cret-key")
        var dumped = ""
        dump(key, to: &dumped)
        dump(Optional([key]), to: &dumped)
        for text in [
            "\(key)", String(reflecting: key), String(describing: [key]), "\(Mirror(reflecting: key).children.count)",
            dumped,
        ] {
            #expect(!text.contains("s3cret"))
        }
    }

    @Test(
        "a text that no header can carry is not a key",
        arguments: [
            ("", APIKey.Invalid.empty), (" \n", .empty), ("a b", .characters), ("a\nb", .characters),
            ("ä", .characters),
        ])
    func invalidKey(_ text: String, _ error: APIKey.Invalid) {
        #expect(throws: error) { try APIKey(text) }
    }

    @Test("a key of the longest length is taken, one byte more is not")
    func keyLength() throws {
        #expect(try APIKey(String(repeating: "k", count: 4_096)).secret.count == 4_096)
        #expect(throws: APIKey.Invalid.tooLong) { try APIKey(String(repeating: "k", count: 4_097)) }
    }
}
