import Glibc
import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// Visitors of every kind, for as long as one likes: `make soak` lets many more come than `make test`.
@Suite(.timeLimit(.minutes(120)))
struct SoakTests {
    /// Seeds at work at a time, and what each does before the books are checked.
    private static let visitors: UInt64 = 8
    private static let rounds = 60

    @Test("100, 136: random bytes and random departures leave one record each, or share one, and nothing else behind")
    func soak() async throws {
        let wanted = Self.number("SOAK_CONNECTIONS") ?? 1
        let firstSeed = UInt64(Self.number("SOAK_SEED") ?? 0)
        let relay = try await TestRelay.start(webSocket: true) { configuration in
            configuration.handshakeTimeout = .seconds(1)
            configuration.stalledDrainTimeout = .seconds(1)
            configuration.farewellTimeout = .milliseconds(200)
        }
        var total = 0
        var seed = firstSeed
        var descriptors: Int?
        var memory: Int?
        while total < wanted {
            let connections = try await Self.visit(relay, seeds: seed..<seed + Self.visitors)
            total += connections
            seed += Self.visitors
            try await Self.checkBooks(of: relay, connections: connections, "seeds from \(firstSeed), up to \(seed)")
            // After a tenth, everything there will ever be has been there.
            if total >= wanted / 10, descriptors == nil {
                descriptors = Self.openDescriptors
                memory = Self.memoryInUse
            }
        }
        // The pool of pipes may still have grown: two descriptors each.
        #expect(Self.openDescriptors - (descriptors ?? 0) <= 2 * TransitConfiguration().pipes)
        #expect(Self.memoryInUse - (memory ?? 0) < 64 << 20)
        await relay.server.stop(drainTimeout: .zero)
    }

    private static func visit(_ relay: TestRelay, seeds: Range<UInt64>) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for seed in seeds { group.addTask { try await Soak(seed: seed, relay: relay).run(rounds: rounds) } }
            return try await group.reduce(0, +)
        }
    }

    /// Everybody is gone, and has left what the rules promise.
    private static func checkBooks(of relay: TestRelay, connections: Int, _ context: Comment) async throws {
        try await eventually("every accept", isTrue: { relay.acceptedConnections == connections })
        try await relay.isEmpty()
        // A WebSocket client's end is reported by its event loop, its record by the front, maybe a moment later.
        try await eventually("a record of each", isTrue: { accountedConnections(of: relay) >= connections })
        #expect(accountedConnections(of: relay) == connections, context)
        #expect(!relay.moods.contains(.jilted), context)
        try await eventually("empty buffers", isTrue: { relay.relayLevels == RelayLevels(owner: -1) })
        #expect(SocketTable.connections(through: relay.port).isEmpty, context)
        #expect(SocketTable.connections(through: relay.webSocketPort).isEmpty, context)
        relay.forget()
    }

    /// Connections that have left a record, or share one.
    private static func accountedConnections(of relay: TestRelay) -> Int {
        relay.moods.reduce(0) { $0 + ($1 == .happy ? 2 : 1) }
    }

    private static func number(_ variable: String) -> Int? {
        getenv(variable).flatMap { Int(String(cString: $0)) }
    }

    private static var openDescriptors: Int { (0..<4096 as Range<CInt>).filter { fcntl($0, F_GETFD) >= 0 }.count }

    /// Resident memory of this process, which is the visitors' as well.
    private static var memoryInUse: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, CInt(line.count), file) != nil else { return 0 }
        let fields = line.split(separator: 0x20).map {
            String(decoding: $0.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
    }
}
