import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// How pairs of TCP clients end: in order, losing nothing, leaving one record and no descriptor.
@Suite(.timeLimit(.minutes(1)))
struct ClosingTests {
    @Test(
        "48, 49, 51: when one closes the other is told, and the record does not wait for it",
        arguments: [true, false]
    )
    func oneCloses(isFirst: Bool) async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            let (leaver, survivor) = isFirst ? (first, second) : (second, first)
            await leaver.close()
            #expect(try await survivor.rest() == "")
            let record = try #require(try await relay.records(1).first)
            #expect(record.mood == .happy)
            #expect(record.totalBytes == 0)
            #expect(record.session?.cause == .clientClose)
            await survivor.close()
            try await relay.isEmpty()
            #expect(relay.moods == [.happy])
        }
    }

    @Test("50: what was sent before a reset arrives, and then the end", arguments: [true, false])
    func reset(isFirst: Bool) async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            let (leaver, survivor) = isFirst ? (first, second) : (second, first)
            try await leaver.send("nine byte")
            #expect(try await survivor.receive(exactly: 9) == Array("nine byte".utf8))
            await leaver.reset()
            #expect(try await survivor.rest() == "")
            let record = try #require(try await relay.records(1).first)
            #expect(record.totalBytes == 9)
            #expect(record.session?.cause == .ioError)
            try await relay.isEmpty()
            #expect(relay.moods == [.happy])
        }
    }

    @Test("52: half-closing after sending ends the pair, and everything arrives")
    func halfClose() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            let pattern = Pattern(seed: 52)
            try await first.send(pattern, count: 1000)
            await first.shutdownOutput()
            #expect(try await second.expectToEnd(pattern) == 1000)
            #expect(try await first.rest() == "")
            #expect(try await relay.records(1).map(\.totalBytes) == [1000])
            try await relay.isEmpty()
        }
    }

    @Test("53 (D2): what the partner sent before a half-close still arrives")
    func nothingIsLostBackwards() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            let pattern = Pattern(seed: 53)
            try await second.send(pattern, count: 1000)
            await first.shutdownOutput()
            #expect(try await first.expectToEnd(pattern) == 1000)
            #expect(try await second.rest() == "")
            #expect(try await relay.records(1).map(\.totalBytes) == [1000])
        }
    }

    @Test("53: so does everything the relay had taken for a client that half-closes without having read")
    func nothingIsLostUnderPressure() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair(receiveBuffer: 16384)
            let pattern = Pattern(seed: 530)
            _ = try await second.sendUntilBlocked(pattern)
            try await eventually("a report of what is buffered", isTrue: { relay.relayLevels.bufferedBytes > 0 })
            let taken = relay.progressedBytes
            await first.shutdownOutput()
            let arrived = try await first.expectToEnd(pattern)
            #expect(arrived >= taken)
            #expect(try await relay.records(1).map(\.totalBytes) == [UInt64(arrived)])
        }
    }

    @Test("54 (D2): a second that says everything at once and leaves loses nothing, and hears its ok")
    func everythingAtOnce() async throws {
        try await TestRelay.run { relay in
            let first = try await relay.client(Handshake.sided("a", "1"))
            try await relay.waiting(1)
            let pattern = Pattern(seed: 54)
            let second = try relay.connect()
            try await second.send(Array(Handshake.sided("a", "2").utf8) + pattern.bytes(at: 0, count: 1000))
            await second.shutdownOutput()
            try await first.expectOK()
            #expect(try await first.expectToEnd(pattern) == 1000)
            #expect(try await second.rest() == "ok\n")
            #expect(try await relay.records(1).map(\.totalBytes) == [1000])
        }
    }

    @Test("56: everything a closed sender's kernel took arrives at a slow reader, and only then the record")
    func slowReader() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair(receiveBuffer: 16384)
            let pattern = Pattern(seed: 56)
            let accepted = try await first.sendUntilBlocked(pattern)
            await first.close()
            try await Task.sleep(for: .milliseconds(50))
            #expect(relay.records.isEmpty)
            #expect(try await second.expectToEnd(pattern) == accepted)
            #expect(try await relay.records(1).map(\.totalBytes) == [UInt64(accepted)])
            try await relay.isEmpty()
        }
    }

    @Test("57: when a client that does not read leaves, its partner is let go at once")
    func stalledReaderLeaves() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair(receiveBuffer: 16384)
            _ = try await first.sendUntilBlocked(Pattern(seed: 57))
            await second.close()
            _ = try await first.rest()
            #expect(try await relay.records(1).map(\.mood) == [.happy])
            await first.close()
            try await relay.isEmpty()
            #expect(relay.moods == [.happy])
        }
    }

    @Test("58 (D1): with both directions blocked, a reset is noticed, and the other still gets what was queued")
    func resetUnderPressure() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair(receiveBuffer: 16384)
            let forth = Pattern(seed: 58)
            let accepted = try await first.sendUntilBlocked(forth)
            _ = try await second.sendUntilBlocked(Pattern(seed: 59))
            await first.reset()
            // What was in the first's own kernel is gone with it, but not what the relay's had.
            let arrived = try await second.expectToEnd(forth)
            #expect(arrived > 0 && arrived <= accepted)
            #expect(try await relay.records(1).map(\.mood) == [.happy])
            await second.close()
            try await relay.isEmpty()
            #expect(relay.moods == [.happy])
        }
    }

    @Test("an ending pair whose bytes nobody takes is cut off after the drain timeout")
    func stalledDrain() async throws {
        // A Unix socket, because its end arrives however much is queued before it.
        let folder = try TemporaryFolder()
        let configure = { (configuration: inout TransitConfiguration) in
            configuration.stalledDrainTimeout = .milliseconds(300)
        }
        try await TestRelay.run(path: folder.path + "/relay.sock", configure: configure) { relay in
            let (first, second) = try await relay.pair()
            _ = try await first.sendUntilBlocked(Pattern(seed: 61))
            await first.close()
            try await relay.isEmpty()
            #expect(relay.moods == [.happy])
            await second.close()
        }
    }

    @Test("a reset with the other direction blocked is cut off after the drain timeout when nobody reads")
    func stalledReset() async throws {
        try await TestRelay.run(configure: { $0.stalledDrainTimeout = .milliseconds(300) }) { relay in
            let (first, second) = try await relay.pair(receiveBuffer: 16384)
            _ = try await first.sendUntilBlocked(Pattern(seed: 62))
            _ = try await second.sendUntilBlocked(Pattern(seed: 63))
            await first.reset()
            try await relay.isEmpty()
            #expect(relay.moods == [.happy])
            try await eventually("empty buffers", isTrue: { relay.relayLevels.bufferedBytes == 0 })
            await second.close()
        }
    }

    @Test("a slow reader that also sends loses nothing when its partner leaves")
    func slowReaderThatSends() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair(receiveBuffer: 16384)
            let pattern = Pattern(seed: 64)
            // Less than the relay's kernel takes for the reader, so that the pair is over before it has read.
            try await first.send(pattern, count: 200_000)
            await first.close()
            _ = try await relay.records(1)
            try await second.send([UInt8](repeating: 0, count: 100_000))
            #expect(try await second.expectToEnd(pattern) == 200_000)
            await second.close()
            try await relay.isEmpty()
        }
    }
}
