// swift-tools-version: 6.2

import PackageDescription

/// What every target of ours is compiled with: Swift 6 mode, and imports and existentials spelled out.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Of the targets every message passes through. Debug builds, the tests' among them, find accesses to memory that overlap;
/// release builds need not look again with every access.
let fast = strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

/// Of the program: Swift's libraries, Foundation among them, become part of it. Finding and relocating them one by one is a fifth of
/// a start, and the machine that runs the program needs no Swift. Foundation's archives are named here, because nothing else names
/// them. The toolchain's own linker takes a second, and has nothing to say of what Foundation calls.
let linkedWhole: [LinkerSetting] = [
    .unsafeFlags(["-static-stdlib", "-use-ld=lld"], .when(configuration: .release)),
    .linkedLibrary("CoreFoundation", .when(configuration: .release)),
    .linkedLibrary("_FoundationICU", .when(configuration: .release)),
    .linkedLibrary("_FoundationCShims", .when(configuration: .release)),
    .linkedLibrary("_FoundationCollections", .when(configuration: .release)),
]

/// The commit, which the Makefile passes. A package without it, such as one from a tarball, is built all the same.
let revision = Context.environment["WORMHOLE_REVISION"].flatMap { $0.isEmpty ? nil : $0 } ?? "unknown"

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")

let package = Package(
    name: "wormhole-server",
    products: [
        .executable(name: "wormhole-server", targets: ["wormhole-server"])
    ],
    dependencies: [
        // The command line.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Buffers, futures, the interface of event loops, and the vocabulary of HTTP and WebSocket.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // The service's own log.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Start order, signals, graceful stop.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // SHA-1, for the proof of work a mailbox server may ask for; SHA-256, for the fingerprints of imported records, and
        // for those of the status page's script and style sheet.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // SQLite: opening, migrations, statements, online backup.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // Deques: queues that give memory back at both ends. A heap: pairs that wait for their share of a rate.
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    ],
    targets: [
        // The program: reads flags, starts the appliance.
        .executableTarget(
            name: "wormhole-server",
            dependencies: [
                "Appliance", "LinuxIO", "Telemetry", "WormholeWire", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict,
            linkerSettings: linkedWhole
        ),
        .target(
            name: "Appliance",
            dependencies: [
                "Admin", "Admission", "CBuildRevision", "CSQLite", "LinuxIO", "MailboxRules", "MailboxService",
                "Observations", "Telemetry", "TransitRules", "TransitService", "WormholeWire", logging,
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),

        // Protocol values, shared by both services.
        .target(name: "WormholeWire", swiftSettings: fast),

        // Who may come in, and how often; shared by both services.
        .target(name: "Admission", dependencies: ["LinuxIO", "Observations"], swiftSettings: strict),

        // The mailbox server.
        .target(
            name: "MailboxRules",
            dependencies: [
                "Admission", "Observations", "WormholeWire", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: fast
        ),
        .target(
            name: "MailboxService",
            dependencies: [
                "Admission", "LinuxIO", "MailboxRules", "Observations", "Sockets", "WebSocketServer", "WormholeWire",
                logging, grdb, grdbSQLite, nioCore, nioPosix,
            ],
            swiftSettings: fast
        ),

        // The transit relay.
        .target(
            name: "TransitRules",
            dependencies: ["Admission", "Observations", "WormholeWire"],
            swiftSettings: strict
        ),
        .target(
            name: "TransitService",
            dependencies: [
                "Admission", "LinuxIO", "Observations", "Sockets", "TransitRules", "WebSocketServer", "WormholeWire",
                logging, nioCore, nioHTTP1, nioWebSocket,
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),

        // What is observed, and who reads it.
        .target(name: "Observations", dependencies: ["WormholeWire"], swiftSettings: fast),
        .target(
            name: "Telemetry",
            dependencies: [
                "LinuxIO", "Observations", "WormholeWire", logging, grdb, grdbSQLite,
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Admin",
            dependencies: [
                "CMicroHTTPD", "LinuxIO", "Observations", "Telemetry", "WormholeWire", logging,
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict
        ),

        // Transports that know nothing about wormholes.
        .target(
            name: "WebSocketServer",
            dependencies: [
                "LinuxIO", "Sockets", "WormholeWire", nioCore, nioHTTP1, nioWebSocket,
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: fast
        ),
        .target(
            name: "Sockets",
            dependencies: ["LinuxIO", nioCore, .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: fast
        ),
        .target(name: "LinuxIO", dependencies: ["CLinux"], swiftSettings: strict),
        .systemLibrary(name: "CLinux"),
        .target(name: "CBuildRevision", cSettings: [.define("BUILD_REVISION", to: "\"\(revision)\"")]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD",
            pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"])]
        ),

        // Tests, from the bottom up.
        .target(
            name: "TestSupport",
            dependencies: ["LinuxIO", "WormholeWire", logging, .product(name: "Crypto", package: "swift-crypto")],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .testTarget(name: "WormholeWireTests", dependencies: ["WormholeWire", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "ObservationsTests", dependencies: ["Observations", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "AdmissionTests", dependencies: ["Admission", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "MailboxRulesTests", dependencies: ["MailboxRules", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "MailboxServiceTests",
            dependencies: [
                "Admission", "LinuxIO", "MailboxRules", "MailboxService", "Observations", "Sockets", "TestSupport",
                "WormholeWire", logging, grdb, nioCore,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TransitRulesTests",
            dependencies: ["Admission", "Observations", "TransitRules", "TestSupport", "WormholeWire"],
            swiftSettings: strict
        ),
        // Counts the allocations of the tests' process, thread by thread.
        .target(name: "AllocationCount", path: "Tests/AllocationCount"),
        .testTarget(
            name: "TransitServiceTests",
            dependencies: [
                "AllocationCount", "LinuxIO", "Observations", "TransitService", "TestSupport", "WormholeWire", logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TelemetryTests",
            dependencies: ["Telemetry", "TestSupport", logging],
            swiftSettings: strict
        ),
        .testTarget(name: "AdminTests", dependencies: ["Admin", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "WebSocketServerTests",
            dependencies: [
                "LinuxIO", "Sockets", "WebSocketServer", "TestSupport", nioCore, nioEmbedded, nioHTTP1, nioWebSocket,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SocketsTests",
            dependencies: ["LinuxIO", "Sockets", "TestSupport", nioCore],
            swiftSettings: strict
        ),
        .testTarget(name: "LinuxIOTests", dependencies: ["LinuxIO", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "ApplianceTests",
            dependencies: [
                "Admission", "Appliance", "LinuxIO", "MailboxRules", "MailboxService", "Observations", "Telemetry",
                "TestSupport", "TransitService", "WormholeWire", logging,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "wormhole-bench",
            dependencies: ["LinuxIO", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/Benchmarks",
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEnd",
            dependencies: [
                "Admission", "Appliance", "LinuxIO", "MailboxRules", "MailboxService", "Telemetry", "TestSupport",
                "TransitService", "WormholeWire", "wormhole-server", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["requirements.txt"],
            resources: [.copy("Fixtures")],
            swiftSettings: strict
        ),
    ]
)
