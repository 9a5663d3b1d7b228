import Testing
import UpsertCore

@testable import UpsertStorage

@Suite struct SpoolNameTests {
    static let alphabets = [
        "latin", "ελληνικά", "кириллица", "עברית", "العربية", "हिन्दी", "বাংলা", "ไทย", "中文", "日本語かな", "한국어", "ქართული",
    ]

    @Test func digitRunsCompareAsNumbers() {
        let sorted: [PathBytes] = [
            "a", "a1", "a01", "a2", "a2b", "a10", "a99999999999999999999", "a100000000000000000000", "b",
            "part-9.ndjson", "part-10.ndjson",
        ]
        for (i, left) in sorted.enumerated() {
            for (j, right) in sorted.enumerated() where left != "a01" && right != "a01" {
                #expect(PathBytes.naturallyPrecedes(left, right) == (i < j), "\(left) \(right)")
            }
        }
        // The same number: still a strict order.
        #expect(PathBytes.naturallyPrecedes("a01", "a1") != PathBytes.naturallyPrecedes("a1", "a01"))
    }

    @Test func naturalOrderIsAStrictTotalOrder() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var generator = TestGenerator(state: seed)
        let letters = Array("0012a9b.".utf8)
        func name() -> PathBytes {
            PathBytes(
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in letters.randomElement(using: &generator)! })
        }
        for _ in 0..<20_000 {
            let (a, b, c) = (name(), name(), name())
            #expect(
                [PathBytes.naturallyPrecedes(a, b), a == b, PathBytes.naturallyPrecedes(b, a)].filter(\.self).count == 1
            )
            if PathBytes.naturallyPrecedes(a, b), PathBytes.naturallyPrecedes(b, c) {
                #expect(PathBytes.naturallyPrecedes(a, c), "\(a) \(b) \(c)")
            }
        }
    }

    @Test func namesOfTwelveAlphabetsSurviveAClaim() throws {
        let fixture = SpoolFixture()
        let spool = try fixture.spool()
        for word in Self.alphabets { fixture.write(word, to: "incoming/\(word).ndjson") }
        let claimed = try fixture.claimAll(spool)
        #expect(Set(claimed.map(\.name.text)) == Set(Self.alphabets.map { $0 + ".ndjson" }))
        #expect(claimed.allSatisfy { $0.name.description == $0.name.text })
        let again = try spool.recover().claims
        #expect(again.map(\.name) == claimed.map(\.name))
        #expect(again.map(\.sequence) == claimed.map(\.sequence))
    }

    @Test func aNameThatIsNotTextSurvivesAClaimAndPrintsEscaped() throws {
        let fixture = SpoolFixture()
        let spool = try fixture.spool()
        let name = PathBytes(Array("a\u{1b}[31m\n".utf8) + [0xFF, 0xC3] + Array("é.json".utf8))
        fixture.write(Array("[]".utf8), to: PathBytes("incoming").appending(name))
        let claimed = try fixture.claimAll(spool)
        #expect(claimed.map(\.name) == [name])
        #expect(claimed.first?.name.description == #"a\x1b[31m\x0a\xff\xc3é.json"#)
    }

    @Test(arguments: [
        ("plain.ndjson", "plain.ndjson"), ("two words", "'two words'"), ("it's", #"'it'\''s'"#), ("-rf", "'-rf'"),
        ("a\nb", #"$'a\x0ab'"#), ("a\nb'c\\d", #"$'a\x0ab\'c\\d'"#), ("", "''"), ("back\\slash", #"$'back\\slash'"#),
    ])
    func shellWords(_ name: String, _ word: String) {
        #expect(PathBytes(name).shellWord == word)
    }

    @Test(arguments: [
        ("\u{202E}evil", #"\xe2\x80\xaeevil"#), ("zero\u{200B}width", #"zero\xe2\x80\x8bwidth"#),
        ("\u{85}", #"\xc2\x85"#),
        ("tab\t", #"tab\x09"#), ("👩‍👩‍👧", #"👩\xe2\x80\x8d👩\xe2\x80\x8d👧"#), ("ok ü 中", "ok ü 中"),
    ])
    func deceptiveCharactersAreEscaped(_ name: String, _ shown: String) {
        #expect(PathBytes(name).description == shown)
    }

    @Test func surrogatesAndOverlongFormsAreNotText() {
        for bytes: [UInt8] in [
            [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xF5, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80],
        ] {
            #expect(printable(bytes) == bytes.map { "\\x" + String($0, radix: 16) }.joined())
        }
    }

    @Test func claimNamesAreUnambiguous() {
        let names = ["a.ndjson", "=a=b.json", "-x.json", "0-1=2.json", String(repeating: "é", count: 100) + ".jsonl"]
        let namespaces = [nil, "", "plain", "a/b", "a=b", "%", ".", "..", "__default_", "UPPER case"]
        var seen: Set<PathBytes> = []
        for name in names {
            for namespace in namespaces {
                let claim = ClaimName(sequence: 42, namespace: namespace, name: PathBytes(name))
                #expect(ClaimName(claim.stored) == claim)
                #expect(claim.stored.bytes.count <= 255 && !claim.stored.bytes.contains(UInt8(ascii: "/")))
                #expect(seen.insert(claim.stored).inserted)
            }
        }
    }

    @Test(arguments: [
        "x", "1-a.json", "000000000001.json", "000000000001-", "000000000001=ns", "000000000001=%2=a.json",
    ])
    func foreignNamesAreNoClaims(_ name: String) {
        #expect(ClaimName(PathBytes(name)) == nil)
    }

    @Test(arguments: [1, 2, 3]) func longNamesKeepTheirExtensionAndWholeCharacters(_ width: Int) throws {
        let letter = ["x", "é", "中"][width - 1]
        let name = PathBytes(String(repeating: letter, count: 247 / width) + ".ndjson")
        let namespace = String(repeating: "n", count: ClaimName.namespaceBytesMax)
        for space in [nil, namespace] {
            let claim = ClaimName(sequence: .max, namespace: space, name: name)
            #expect(claim.stored.bytes.count <= 255)
            #expect(claim.name.hasSuffix(letter + ".ndjson"))
            #expect(!claim.name.text.contains("\u{FFFD}"))
            #expect(claim.name.bytes.count + ".9223372036854775807.errors.ndjson".utf8.count <= 255)
        }
    }

    @Test func aNameOf255BytesIsClaimedAndRejected() throws {
        let fixture = SpoolFixture()
        let spool = try fixture.spool()
        let name = String(repeating: "n", count: 248) + ".ndjson"
        fixture.write("x", to: "incoming/" + name)
        let claim = try #require(try fixture.claimAll(spool).first)
        let errors = ErrorsFile(for: claim, in: spool, submission: claim.sequence)
        _ = try errors.append(Refusal(whole: .init(.malformed, "no")))
        #expect(try errors.sync() > 0)
        #expect(try spool.finish(claim, consumed: nil, as: .reject) == .finished)
        #expect(fixture.names("rejected").count == 2)
    }

    @Test(arguments: [
        ("plain", "plain"), ("a%20b", "a b"), ("a%2fb", "a/b"), ("%25", "%"), ("__default__", ""), ("a b", "a b"),
    ])
    func namespacesAreDecoded(_ directory: String, _ namespace: String) {
        #expect(NamespaceName.decoded(PathBytes(directory)) == namespace)
        #expect(NamespaceName.decoded(NamespaceName.encoded(namespace)) == namespace)
    }

    @Test(arguments: ["%", "%2", "%zz", "%00", "é", "%C3%A9", ""]) func badNamespacesAreRefused(_ directory: String) {
        #expect(NamespaceName.decoded(PathBytes(directory)) == nil)
    }
}

/// SplitMix64: the same numbers for the same seed.
struct TestGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
