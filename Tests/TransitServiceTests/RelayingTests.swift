import Glibc
import LinuxIO
import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// Bytes between two TCP clients.
@Suite(.timeLimit(.minutes(1)))
struct RelayingTests {
    @Test("45: each reads what the other sent, and both are counted")
    func bothWays() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            try await first.send("hello")
            try await second.send("world!")
            #expect(try await second.receive(exactly: 5) == Array("hello".utf8))
            #expect(try await first.receive(exactly: 6) == Array("world!".utf8))
            await first.close()
            #expect(try await second.rest() == "")
            let record = try #require(try await relay.records(1).first)
            #expect(record.mood == .happy)
            #expect(record.totalBytes == 11)
        }
    }

    @Test("46: every byte value passes unchanged, both ways")
    func everyByte() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            let bytes = (0...255).map { UInt8($0) }
            try await first.send(bytes)
            try await second.send(bytes.reversed())
            #expect(try await second.receive(exactly: 256) == bytes)
            #expect(try await first.receive(exactly: 256) == bytes.reversed())
        }
    }

    @Test("47: 64 MiB arrive complete and in order", arguments: [false, true])
    func bulk(isUnix: Bool) async throws {
        let folder = try TemporaryFolder()
        try await TestRelay.run(path: isUnix ? folder.path + "/relay.sock" : nil) { relay in
            let (first, second) = try await relay.pair()
            let pattern = Pattern(seed: 47)
            let count = 64 << 20
            async let sent: Void = first.send(pattern, count: count)
            try await second.expect(pattern, count: count)
            try await sent
            await first.close()
            #expect(try await second.rest() == "")
            #expect(try await relay.records(1).map(\.totalBytes) == [UInt64(count)])
            try await eventually("the counter of bytes", isTrue: { relay.progressedBytes == UInt64(count) })
        }
    }

    @Test("what comes behind an urgent byte in bulk is not lost")
    func urgent() async throws {
        let bulk = 16 << 20
        try await TestRelay.run { relay in
            let (reader, sender, number) = try await relay.rawPair()
            let pattern = Pattern(seed: 48)
            async let sent: Void = {
                try await sender.send(pattern, count: bulk + 1000)
                var byte: UInt8 = 0
                #expect(Glibc.send(number, &byte, 1, CInt(MSG_OOB) | CInt(MSG_NOSIGNAL)) == 1)
                try await sender.send(pattern, count: 1000, from: bulk + 1000)
                await sender.close()
            }()
            try await reader.expect(pattern, count: bulk + 2000)
            try await sent
            #expect(try await reader.rest() == "")
        }
    }

    @Test("bulk both ways and small records in between arrive complete and in order")
    func mixed() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            let forth = Pattern(seed: 1)
            let back = Pattern(seed: 2)
            for (start, count) in [(0, 100), (100, 5 << 20), ((5 << 20) + 100, 3), ((5 << 20) + 103, 2 << 20)] {
                async let sentForth: Void = first.send(forth, count: count, from: start)
                async let sentBack: Void = second.send(back, count: count, from: start)
                async let readBack: Void = first.expect(back, count: count, from: start)
                try await second.expect(forth, count: count, from: start)
                _ = try await (sentForth, sentBack, readBack)
            }
        }
    }

    @Test("without a pipe to be had, bulk is copied")
    func withoutPipes() async throws {
        try await TestRelay.run(configure: { $0.pipes = 0 }) { relay in
            let (first, second) = try await relay.pair()
            let pattern = Pattern(seed: 48)
            async let sent: Void = first.send(pattern, count: 8 << 20)
            try await second.expect(pattern, count: 8 << 20)
            try await sent
        }
    }

    @Test("55: a client that does not read stops its partner after a bounded amount, held in a bounded buffer")
    func backpressure() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair(receiveBuffer: 16384)
            let pattern = Pattern(seed: 55)
            let accepted = try await first.sendUntilBlocked(pattern)
            #expect(accepted < 32 << 20)
            try await eventually("a report of what is buffered", isTrue: { relay.relayLevels.bufferedBytes > 0 })
            #expect(relay.relayLevels.bufferedBytes <= 256 << 10)
            #expect(relay.relayLevels.sessions == 1)
            // Nothing is lost by the wait.
            try await second.expect(pattern, count: accepted)
            try await eventually("empty buffers", isTrue: { relay.relayLevels.bufferedBytes == 0 })
            #expect(relay.observations.contains { if case .transitReadPaused = $0 { true } else { false } })
        }
    }

    @Test("59: a pair that stands still does not slow another")
    func stalledNeighbour() async throws {
        try await TestRelay.run(configure: { $0.workers = 1 }) { relay in
            let (stalled, silent) = try await relay.pair(receiveBuffer: 16384)
            _ = try await stalled.sendUntilBlocked(Pattern(seed: 59))
            let (first, second) = try await relay.pair()
            let pattern = Pattern(seed: 60)
            async let sent: Void = first.send(pattern, count: 16 << 20)
            try await second.expect(pattern, count: 16 << 20)
            try await sent
            await silent.close()
        }
    }

    @Test("60: 200 pairs one after the other leave no descriptor behind")
    func noDescriptorLeft() async throws {
        try await TestRelay.run { relay in
            for _ in 0..<200 {
                let (first, second) = try await relay.pair()
                try await first.send("x")
                #expect(try await second.receive(exactly: 1) == [0x78])
                await second.close()
                #expect(try await first.rest() == "")
                await first.close()
            }
            try await relay.isEmpty()
            #expect(relay.moods == Array(repeating: .happy, count: 200))
            #expect(SocketTable.connections(through: relay.port).isEmpty)
        }
    }

    @Test("61 (D11): accepted connections are kept alive and have no Nagle delay")
    func socketOptions() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            let accepted = SocketTable.connections(through: relay.port)
            #expect(accepted.count == 2)
            for number in accepted {
                #expect(SocketTable.option(SO_KEEPALIVE, of: number) != 0)
                // Dead peers are found in a quarter of an hour, where the kernel would take more than two.
                let tcp = CInt(IPPROTO_TCP)
                let idle = SocketTable.option(TCP_KEEPIDLE, level: tcp, of: number)
                let probes = SocketTable.option(TCP_KEEPCNT, level: tcp, of: number)
                #expect(idle + probes * SocketTable.option(TCP_KEEPINTVL, level: tcp, of: number) <= 15 * 60)
                #expect(SocketTable.option(TCP_NODELAY, level: CInt(IPPROTO_TCP), of: number) != 0)
            }
            await first.close()
            await second.close()
        }
    }

    @Test("(D9) an idle pair ends when the operator says so, and counts as happy")
    func idleTimeout() async throws {
        try await TestRelay.run(configure: { $0.idleTimeout = .milliseconds(300) }) { relay in
            let (first, second) = try await relay.pair()
            try await first.send("x")
            #expect(try await second.rest() == "x")
            #expect(try await first.rest() == "")
            let record = try #require(try await relay.records(1).first)
            #expect(record.mood == .happy)
            #expect(record.totalBytes == 1)
            #expect(record.session?.cause == .idleTimeout)
            #expect(relay.observations.contains(.limitHit(.transitIdle)))
            try await relay.isEmpty()
        }
    }

    @Test("110: what is under way is reported while it is, and gone when it is over")
    func levels() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            try await first.send("12345")
            try await second.send("123")
            _ = try await second.receive(exactly: 5)
            _ = try await first.receive(exactly: 3)
            try await eventually("incomplete bytes", isTrue: { relay.relayLevels.incompleteBytes == 8 })
            #expect(relay.relayLevels.sessions == 1)
            await first.close()
            try await eventually("no session", isTrue: { relay.relayLevels.sessions == 0 })
            #expect(relay.relayLevels.incompleteBytes == 0)
        }
    }
}

extension TestRelay {
    /// A pair, and the number of the second's socket, for calls that ``WebSocketTestSocket`` does not make.
    fileprivate func rawPair() async throws -> (
        first: WebSocketTestSocket, second: WebSocketTestSocket, number: CInt
    ) {
        let token = Handshake.freshToken()
        let first = try await client(Handshake.sided(token: token, "1"))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let number = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw WebSocketTestError(.system(errno), "connect") }
        let second = WebSocketTestSocket(owning: Descriptor(owning: number))
        try await second.send(Handshake.sided(token: token, "2"))
        try await first.expectOK()
        try await second.expectOK()
        return (first, second, number)
    }
}
