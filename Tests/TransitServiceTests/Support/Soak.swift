import TestSupport

/// A visitor who does something else each time: every kind of beginning, transfer and ending, decided by a seed.
struct Soak {
    private var random: SeededGenerator
    private let relay: TestRelay
    private let seed: UInt64

    init(seed: UInt64, relay: TestRelay) {
        random = SeededGenerator(seed: seed)
        self.relay = relay
        self.seed = seed
    }

    /// - Returns: How many connections were made.
    func run(rounds: Int) async throws -> Int {
        var visitor = self
        var connections = 0
        for _ in 0..<rounds {
            switch Int.random(in: 0...3, using: &visitor.random) {
            case 0: connections += try await visitor.visitAlone()
            default: connections += try await visitor.transfer()
            }
        }
        return connections
    }

    private mutating func visitAlone() async throws -> Int {
        let client = try relay.connect()
        let opening: [UInt8] =
            switch Int.random(in: 0...5, using: &random) {
            case 0: []
            case 1: Array("please".utf8)
            case 2: (0..<Int.random(in: 1...3000, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            case 3: Array(Handshake.sided(token: Handshake.freshToken(), "1").utf8)
            case 4: Array((Handshake.sided(token: Handshake.freshToken(), "1") + "early").utf8)
            default: Array("bad\n".utf8) + [UInt8](repeating: 1, count: Int.random(in: 0...50_000, using: &random))
            }
        // The relay may have closed in the middle of it.
        do { try await client.send(opening) } catch is WebSocketTestError {}
        try await leave(client)
        return 1
    }

    private mutating func transfer() async throws -> Int {
        let token = Handshake.freshToken()
        let isSlow = Int.random(in: 0...3, using: &random) == 0
        let first = try await relay.client(Handshake.sided(token: token, "1"), receiveBuffer: isSlow ? 16384 : nil)
        let second = try await relay.client(Handshake.sided(token: token, "2"), receiveBuffer: isSlow ? 16384 : nil)
        try await first.expectOK()
        try await second.expectOK()
        let pattern = Pattern(seed: random.next())
        let size = [0, 1, 1000, 70_000, 400_000, 3_000_000].randomElement(using: &random) ?? 0
        switch Int.random(in: 0...4, using: &random) {
        case 0:
            // Everything arrives, and then the end.
            async let arrived = second.expectToEnd(pattern)
            try await first.send(pattern, count: size)
            await first.close()
            guard try await arrived == size else { throw WebSocketTestError(.unexpected, "lost bytes, seed \(seed)") }
            await second.close()
        case 1:
            // Both ways at once, then a half-close.
            async let sent: Void = first.send(pattern, count: size)
            async let back: Void = second.send(pattern, count: size)
            async let read: Void = second.expect(pattern, count: size)
            try await first.expect(pattern, count: size)
            _ = try await (sent, back, read)
            await second.shutdownOutput()
            _ = try await first.receiveToEnd()
            try await leave(first)
            await second.close()
        case 2:
            // Nobody reads, and one resets.
            _ = try await first.sendSome(pattern.bytes(at: 0, count: 100_000)[...])
            _ = try await second.sendSome(pattern.bytes(at: 0, count: 100_000)[...])
            await first.reset()
            try await leave(second)
        default:
            // Some of it, and both leave as they like.
            async let read: Void = second.expect(pattern, count: size)
            try await first.send(pattern, count: size)
            try await read
            try await leave(first)
            try await leave(second)
        }
        return 2
    }

    private mutating func leave(_ client: WebSocketTestSocket) async throws {
        switch Int.random(in: 0...2, using: &random) {
        case 0: await client.close()
        case 1: await client.reset()
        default:
            await client.shutdownOutput()
            _ = try await client.receiveToEnd()
            await client.close()
        }
    }
}
