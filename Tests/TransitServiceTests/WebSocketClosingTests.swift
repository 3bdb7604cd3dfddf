import Foundation
import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// How pairs with WebSocket clients end.
@Suite(.timeLimit(.minutes(1)))
struct WebSocketClosingTests {
    private static func run(
        configure: (inout TransitConfiguration) -> Void = { _ in },
        _ body: (TestRelay) async throws -> Void
    ) async throws {
        try await TestRelay.run(webSocket: true, configure: configure, body)
    }

    @Test(
        "79: a socket closes: the WebSocket client gets what was left, then Close 1000",
        arguments: [0, 1000, 300_000]
    )
    func socketCloses(count: Int) async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            let pattern = Pattern(seed: UInt64(count))
            try await socket.send(pattern, count: count)
            await socket.close()
            var received = 0
            while true {
                let frame = try await client.next()
                if frame.opcode == 8 {
                    #expect(frame.closeCode == 1000)
                    break
                }
                #expect(pattern.matches(frame.payload, at: received))
                received += frame.payload.count
            }
            #expect(received == count)
            #expect(try await relay.records(1).map(\.totalBytes) == [UInt64(count)])
            _ = try await client.close()
            try await relay.isEmpty()
        }
    }

    @Test(
        "50, 78: however a client leaves, its partner is told, and there is one record",
        arguments: [
            "ws closes", "ws disconnects", "ws resets", "tcp half-closes", "tcp resets",
        ]
    )
    func ends(how: String) async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: false)
            try await client.send(binary: Array("nine byte".utf8))
            #expect(try await socket.receive(exactly: 9) == Array("nine byte".utf8))
            switch how {
            case "ws closes": _ = try await client.close()
            case "ws disconnects": await client.socket.close()
            case "ws resets": await client.socket.reset()
            case "tcp half-closes": await socket.shutdownOutput()
            default: await socket.reset()
            }
            if how.hasPrefix("ws") {
                #expect(try await socket.rest() == "")
            } else {
                #expect(try await client.next().closeCode == 1000)
                _ = try await client.close()
                if how == "tcp half-closes" { #expect(try await socket.rest() == "") }
            }
            await socket.close()
            #expect(try await relay.records(1).map(\.totalBytes) == [9])
            try await relay.isEmpty()
            #expect(relay.moods == [.happy])
        }
    }

    @Test("53: what a WebSocket client sent before its partner half-closed still arrives")
    func nothingIsLostBackwards() async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: false)
            let pattern = Pattern(seed: 530)
            try await client.send(binary: pattern.bytes(at: 0, count: 1000))
            await socket.shutdownOutput()
            #expect(try await socket.expectToEnd(pattern) == 1000)
        }
    }

    @Test("83 (D3): a slow reader gets everything a sender that closed cleanly had sent, then Close")
    func slowReader() async throws {
        try await Self.run { relay in
            let token = Handshake.freshToken()
            let sender = try await relay.webSocketClient(saying: Handshake.sided(token: token, "1"))
            let reader = try await WebSocketTestClient.connect(port: relay.webSocketPort, receiveBuffer: 16384)
            try await reader.send(binary: Array(Handshake.sided(token: token, "2").utf8))
            _ = try await sender.nextBinary()
            #expect(try await reader.nextBinary() == Array("ok\n".utf8))
            let pattern = Pattern(seed: 83)
            async let sent: Void = {
                for offset in stride(from: 0, to: 4_000_000, by: 100_000) {
                    try await sender.send(binary: pattern.bytes(at: offset, count: 100_000))
                }
                _ = try await sender.close()
            }()
            var received = 0
            while true {
                let frame = try await reader.next()
                if frame.opcode == 8 {
                    #expect(frame.closeCode == 1000)
                    break
                }
                #expect(pattern.matches(frame.payload, at: received))
                received += frame.payload.count
                if received % 7 == 0 { try await Task.sleep(for: .milliseconds(20)) }
            }
            #expect(received == 4_000_000)
            try await sent
            #expect(try await relay.records(1).map(\.totalBytes) == [4_000_000])
        }
    }

    @Test("84 (D4): one endless message flows as it comes, and is not kept")
    func endlessMessage() async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            let pattern = Pattern(seed: 84)
            let count = 20 << 20
            // The header announces 60 MB, of which a third comes; masked with zeros, so that it is cheap to make.
            let header = WebSocketTestFrame(opcode: 2, payload: [], mask: [0, 0, 0, 0], announcedLength: 60_000_000)
                .bytes
            async let sent: Void = {
                try await client.socket.send(header)
                try await client.socket.send(pattern, count: count)
            }()
            try await socket.expect(pattern, count: count)
            try await sent
            #expect(relay.relayLevels.bufferedBytes <= 512 << 10)
        }
    }

    @Test("55, 84: a socket that does not read stops its WebSocket partner after a bounded amount")
    func backpressure() async throws {
        try await Self.run { relay in
            let token = Handshake.freshToken()
            let socket = try await relay.client(Handshake.sided(token: token, "1"), receiveBuffer: 16384)
            let client = try await relay.webSocketClient(saying: Handshake.sided(token: token, "2"))
            try await socket.expectOK()
            _ = try await client.nextBinary()
            let pattern = Pattern(seed: 85)
            let header = WebSocketTestFrame(
                opcode: 2,
                payload: [],
                mask: [0, 0, 0, 0],
                announcedLength: 1 << 40
            ).bytes
            try await client.socket.send(header)
            let accepted = try await client.socket.sendUntilBlocked(pattern)
            #expect(accepted < 64 << 20)
            try await eventually("a report of what is buffered", isTrue: { relay.relayLevels.bufferedBytes > 0 })
            #expect(relay.relayLevels.bufferedBytes <= 256 << 10)
            try await socket.expect(pattern, count: accepted)
            await client.socket.close()
            #expect(try await socket.rest() == "")
        }
    }

    @Test("55 (D4): FIN behind bytes nobody takes makes us hold no more of them than before, and all arrive")
    func finBehindBackpressure() async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            let pattern = Pattern(seed: 56)
            // Fast at first, for the kernel then takes more in advance.
            let fast = 32 << 20
            async let start: Void = socket.send(pattern, count: fast)
            var received = 0
            while received < fast {
                let bytes = try await client.nextBinary()
                guard pattern.matches(bytes, at: received) else { throw WebSocketTestError(.unexpected, "a pattern") }
                received += bytes.count
            }
            try await start
            // Then nobody reads: as much as the kernels take, and FIN behind it.
            let late = try await socket.sendUntilBlocked(pattern)
            await socket.shutdownOutput()
            while received < fast + late {
                let bytes = try await client.nextBinary()
                guard pattern.matches(bytes, at: received - fast) else {
                    throw WebSocketTestError(.unexpected, "a pattern")
                }
                received += bytes.count
            }
            #expect(try await client.next().closeCode == 1000)
            _ = try await client.close()
            await socket.close()
            #expect(try await relay.records(1).map(\.totalBytes) == [UInt64(received)])
            let peak = relay.observations.reduce(0) { peak, observation in
                if case .relayLevels(let levels) = observation { max(peak, levels.bufferedBytes) } else { peak }
            }
            #expect(late > 1 << 20 && peak <= 192 << 10, "\(peak) at most of \(late)")
        }
    }

    @Test("86 (D6): what comes after the partner has left is not counted, and no error")
    func late() async throws {
        try await Self.run { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            await socket.close()
            #expect(try await client.next().closeCode == 1000)
            try await client.send(binary: [UInt8](repeating: 1, count: 1000))
            _ = try await client.close()
            #expect(try await relay.records(1).map(\.totalBytes) == [0])
            try await relay.isEmpty()
            #expect(!relay.observations.contains(.internalErrorCaught(.transit)))
        }
    }

    @Test("87: a WebSocket client's record starts with its accept, not with its handshake")
    func started() async throws {
        try await Self.run { relay in
            let socket = try WebSocketTestSocket.connect(port: relay.webSocketPort)
            try await Task.sleep(for: .milliseconds(300))
            let client = try await WebSocketTestClient.upgrade(socket)
            _ = try await client.close()
            let record = try #require(try await relay.records(1).first)
            #expect(record.totalTime >= .milliseconds(300))
        }
    }

    @Test("62 (D10): connections are kept alive")
    func keepAlive() async throws {
        try await Self.run { relay in
            let client = try await relay.webSocketClient()
            let accepted = SocketTable.connections(through: relay.webSocketPort)
            #expect(accepted.count == 1)
            for number in accepted { #expect(SocketTable.option(9, of: number) != 0) }
            _ = try await client.close()
        }
    }

    @Test("101, 102 (D25): at the end everyone gets Close 1001 and a record")
    func stopping() async throws {
        let relay = try await TestRelay.start(webSocket: true)
        let (first, second) = try await relay.webSocketPair()
        let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
        let waiting = try await relay.webSocketClient(saying: Handshake.legacy())
        let silent = try await relay.webSocketClient()
        try await relay.waiting(1)
        async let stopped: Void = relay.server.stop(drainTimeout: .zero)
        for client in [first, second, client, waiting, silent] {
            #expect(try await client.next().closeCode == 1001)
            _ = try await client.close(1001)
        }
        #expect(try await socket.rest() == "")
        await stopped
        #expect(Set(relay.moods) == [.happy, .lonely, .empty])
        #expect(relay.records.count == 4)
        #expect(relay.openConnections == 0)
        #expect(SocketTable.connections(through: relay.webSocketPort).isEmpty)
    }

    @Test("clients that ignore the Close do not hold the end up")
    func stoppingTheDeaf() async throws {
        let relay = try await TestRelay.start(webSocket: true)
        let (first, second) = try await relay.webSocketPair()
        let start = ContinuousClock.now
        await relay.server.stop(drainTimeout: .zero)
        #expect(ContinuousClock.now - start < .seconds(8))
        #expect(relay.moods == [.happy])
        #expect(relay.openConnections == 0)
        await first.socket.close()
        await second.socket.close()
    }

    @Test("an idle pair with a WebSocket client ends when the operator says so")
    func idle() async throws {
        try await Self.run(configure: { $0.idleTimeout = .milliseconds(300) }) { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            #expect(try await socket.rest() == "")
            #expect(try await client.next().closeCode == 1000)
            #expect(try await relay.records(1).first?.session?.cause == .idleTimeout)
        }
    }
}
