// swift-tools-version: 6.2
// upsertd: the durable write path to Pinecone. Linux only.
import PackageDescription

/// The settings of every hand-written target.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error, .when(configuration: .release)),
    // One release build serves the binaries and the tests, which look inside some modules.
    .unsafeFlags(["-enable-testing"], .when(configuration: .release)),
]

/// Tests call C and read raw bytes freely; what they may not do is warn.
let testing: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// The programs carry the Swift runtime, so that they run where no Swift is installed. The libraries are those that the
/// objects do not name themselves, since they are compiled for the tests, too, which use the shared ones.
let standalone: [LinkerSetting] = [
    .unsafeFlags(["-static-stdlib", "-use-ld=lld", "-Xlinker", "--gc-sections"]),
    .linkedLibrary("CoreFoundation"), .linkedLibrary("_FoundationICU"),
    .linkedLibrary("_FoundationCShims"), .linkedLibrary("_FoundationCollections"),
]

func nio(_ product: String) -> Target.Dependency { .product(name: product, package: "swift-nio") }

let package = Package(
    name: "upsertd",
    products: [
        .executable(name: "upsertd", targets: ["upsertd"]),
        .executable(name: "upsertctl", targets: ["upsertctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .target(name: "UpsertSQLite", dependencies: ["CSQLite"], swiftSettings: strict),
        .target(
            name: "UpsertHTTP",
            dependencies: [
                nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
            ],
            swiftSettings: strict),
        .target(name: "UpsertCore", swiftSettings: strict),
        .target(
            name: "UpsertStorage",
            dependencies: ["UpsertCore", "UpsertSQLite"],
            resources: [.embedInCode("migrations")],
            swiftSettings: strict),
        .target(
            name: "UpsertTransport",
            dependencies: [
                "UpsertCore",
                nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOTLS"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            swiftSettings: strict),
        .target(name: "UpsertIndex", dependencies: ["UpsertSQLite", "UpsertHTTP"], swiftSettings: strict),
        .target(
            name: "UpsertDaemon",
            dependencies: [
                "UpsertCore", "UpsertStorage", "UpsertTransport", "UpsertIndex", "UpsertHTTP", "UpsertSQLite",
                "CSystemd", "CMalloc", nio("NIOCore"), nio("NIOPosix"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "upsertd",
            dependencies: [
                "UpsertDaemon", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict,
            linkerSettings: standalone),
        .executableTarget(
            name: "upsertctl",
            dependencies: [
                "UpsertDaemon", "UpsertCore", "UpsertStorage",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            swiftSettings: strict,
            linkerSettings: standalone),
        .target(name: "UpsertTestSupport", dependencies: ["UpsertCore"], path: "Tests/UpsertTestSupport"),
        .executableTarget(
            name: "UpsertCost", dependencies: ["UpsertCore", "UpsertStorage", "UpsertTestSupport"],
            path: "Tests/UpsertCost", swiftSettings: testing),
        .testTarget(
            name: "UpsertCoreTests", dependencies: ["UpsertCore", "UpsertTestSupport"], swiftSettings: testing),
        .testTarget(
            name: "UpsertStorageTests",
            dependencies: [
                "UpsertCore", "UpsertStorage", "UpsertSQLite", "UpsertTestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: testing),
        .testTarget(
            name: "UpsertModelTests",
            dependencies: ["UpsertCore", "UpsertStorage", "UpsertSQLite", "CSQLite", "UpsertTestSupport"],
            swiftSettings: testing),
        .testTarget(
            name: "UpsertFuzzTests",
            dependencies: ["UpsertCore", "UpsertIndex", "UpsertDaemon", "UpsertTestSupport"],
            swiftSettings: testing),
        .testTarget(
            name: "UpsertTransportTests",
            dependencies: [
                "UpsertTransport", "UpsertHTTP", "UpsertTestSupport", nio("NIOCore"), nio("NIOPosix"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            exclude: ["Certificates"],
            swiftSettings: testing),
        .testTarget(
            name: "UpsertIndexTests",
            dependencies: ["UpsertIndex", "UpsertHTTP"],
            swiftSettings: testing),
        .testTarget(
            name: "UpsertDaemonTests",
            dependencies: [
                "UpsertDaemon", "UpsertHTTP", "UpsertCore", "UpsertStorage", "UpsertTransport", "UpsertTestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: testing),
    ],
    swiftLanguageModes: [.v6]
)
