import Testing
import UpsertDaemon
import UpsertTestSupport
import UpsertTransport

@Suite("API keys")
struct APIKeySourceTests {
    private let directory = TemporaryDirectory()

    private func target(file: String?) throws -> TargetConfiguration {
        var target = TargetConfiguration(name: "main", endpoint: try TargetEndpoint("https://a.svc.pinecone.io"))
        target.apiKeyFile = file
        return target
    }

    private func failure(_ source: APIKeySource) -> String? {
        do throws(APIKeyFailure) {
            _ = try source.read()
            return nil
        } catch {
            return error.description
        }
    }

    @Test("a key is read from a file of its owner, without the newline at its end")
    func fromFile() throws {
        let path = directory.path + "/key"
        writeFile(path, "pcsk_secret\n", permissions: 0o600)
        let source = try APIKeySource(target(file: path), credentials: nil)
        #expect(try source.read() == APIKey("pcsk_secret"))
        #expect(!"\(try source.read())".contains("secret"))
    }

    @Test("a key that others can read is refused, with the command that mends it", arguments: [0o640, 0o604, 0o644])
    func permissions(mode: UInt32) throws {
        let path = directory.path + "/key"
        writeFile(path, "pcsk_secret\n", permissions: mode)
        let told = try #require(failure(APIKeySource(target(file: path), credentials: nil)))
        #expect(told.hasSuffix("(mode \(String(mode, radix: 8))); mend it with: chmod 600 \(path)"))
        #expect(!told.contains("pcsk_secret"))
    }

    @Test("the default is the systemd credential of the target's name, whose permissions are systemd's")
    func credential() throws {
        writeFile(directory.path + "/main.key", "pcsk_credential", permissions: 0o440)
        let source = try APIKeySource(target(file: nil), credentials: directory.path)
        #expect(source.path == directory.path + "/main.key")
        #expect(try source.read() == APIKey("pcsk_credential"))
        let named = try APIKeySource(target(file: directory.path + "/main.key"), credentials: directory.path)
        #expect(named.isCredential)
    }

    @Test("no key, an empty one, and one that no header can carry are told apart")
    func unusable() throws {
        #expect(throws: APIKeyFailure.self) { try APIKeySource(self.target(file: nil), credentials: nil) }
        let path = directory.path + "/key"
        writeFile(path, "\n", permissions: 0o600)
        let source = try APIKeySource(target(file: path), credentials: nil)
        #expect(failure(source) == "API key file \(path): the API key is empty")
        writeFile(path, "two words", permissions: 0o600)
        #expect(failure(source)?.contains("space, control or non-ASCII") == true)
        writeFile(path, String(repeating: "k", count: 5_000), permissions: 0o600)
        #expect(failure(source)?.contains("is larger than") == true)
    }
}
