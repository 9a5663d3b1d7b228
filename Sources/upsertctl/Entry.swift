import ArgumentParser
@main struct Entry: AsyncParsableCommand {
    mutating func run() async throws {}
}
