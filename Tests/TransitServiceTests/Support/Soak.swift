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
            switch Int.random(in: 0...6, using: &visitor.random) {
            case 0: connections += try await visitor.visitAlone()
            case 1: connections += try await visitor.visitAloneByWebSocket()
            case 2: connections += try await visitor.transferByWebSocket()
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

    private mutating func visitAloneByWebSocket() async throws -> Int {
        let client = try await relay.webSocketClient()
        switch Int.random(in: 0...4, using: &random) {
        case 0: break
        case 1: try await client.send(binary: Array("bad".utf8))
        case 2: try await client.send(text: "bad")
        case 3: try await client.send(raw: (0..<200).map { _ in .random(in: 0...255, using: &random) })
        default:
            try await client.send(
                .binary(Handshake.sided(token: Handshake.freshToken(), "1").utf8),
                .binary("early".utf8)
            )
        }
        try await leave(client.socket)
        return 1
    }

    private mutating func transferByWebSocket() async throws -> Int {
        let token = Handshake.freshToken()
        let client = try await relay.webSocketClient(saying: Handshake.sided(token: token, "1"))
        let socket = try await relay.client(Handshake.sided(token: token, "2"))
        try await socket.expectOK()
        guard try await client.nextBinary() == Array("ok\n".utf8) else {
            throw WebSocketTestError(.unexpected, "ok, seed \(seed)")
        }
        let pattern = Pattern(seed: random.next())
        let size = [0, 1, 1000, 70_000, 130_000].randomElement(using: &random) ?? 0
        switch Int.random(in: 0...3, using: &random) {
        case 0:
            // Everything arrives, and then the end.
            try await client.send(binary: pattern.bytes(at: 0, count: size))
            try await client.send(.close(1000))
            guard try await socket.expectToEnd(pattern) == size else {
                throw WebSocketTestError(.unexpected, "lost bytes, seed \(seed)")
            }
            await socket.close()
            try await leave(client.socket)
        case 1:
            async let sent: Void = socket.send(pattern, count: size)
            var received = 0
            while received < size {
                let bytes = try await client.nextBinary()
                guard pattern.matches(bytes, at: received) else {
                    throw WebSocketTestError(.unexpected, "altered bytes, seed \(seed)")
                }
                received += bytes.count
            }
            try await sent
            try await leave(socket)
            try await leave(client.socket)
        case 2:
            _ = try await socket.sendSome(pattern.bytes(at: 0, count: 100_000)[...])
            try await leave(client.socket)
            try await leave(socket)
        default:
            try await client.send(text: "neither")
            try await leave(socket)
            try await leave(client.socket)
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
