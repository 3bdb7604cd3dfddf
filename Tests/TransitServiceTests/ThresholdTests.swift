import AllocationCount
import Glibc
import LinuxIO
import TestSupport
import Testing
import TransitService

/// What relaying costs in system calls and allocations, which unlike time are the same on every machine.
@Suite(.timeLimit(.minutes(1)))
struct ThresholdTests {
    @Test("bulk takes few system calls for a megabyte")
    func bulk() async throws {
        // In a process of its own, where no other test's relay is.
        await #expect(processExitsWith: .success) {
            try await TestRelay.run { relay in
                let (first, second) = try await relay.pair()
                let pattern = Pattern(seed: 71)
                let megabytes = 64
                let before = try #require(SystemCallCount.total)
                async let sent: Void = first.send(pattern, count: megabytes << 20)
                try await second.expect(pattern, count: megabytes << 20)
                try await sent
                let calls = try #require(SystemCallCount.total) - before
                // 11 to 14 were measured; copies in pieces of 64 KiB would take 32 and the waits.
                #expect(calls <= 32 * megabytes, "\(calls) calls")
            }
        }
    }

    @Test("a small record takes a wait, a read and a write")
    func records() async throws {
        await #expect(processExitsWith: .success) {
            try await TestRelay.run { relay in
                let (first, second) = try await relay.pair()
                let record = [UInt8](repeating: 7, count: 64)
                let rounds = 1000
                let before = try #require(SystemCallCount.total)
                for _ in 0..<rounds {
                    try await first.send(record)
                    _ = try await second.receive(exactly: 64)
                    try await second.send(record)
                    _ = try await first.receive(exactly: 64)
                }
                let calls = try #require(SystemCallCount.total) - before
                // The pulses of the loops and the reports of the tick come on top.
                #expect(calls <= 2 * rounds * 3 + 200, "\(calls) calls")
            }
        }
    }

    @Test("a pairing takes few system calls")
    func callsOfPairings() async throws {
        await #expect(processExitsWith: .success) {
            try await TestRelay.run { relay in
                let pairings = 200
                let before = try #require(SystemCallCount.total)
                for _ in 0..<pairings {
                    let (first, second) = try await relay.pair()
                    try await first.send("hello")
                    _ = try await second.receive(exactly: 5)
                    await first.close()
                    _ = try await second.receiveToEnd()
                    await second.close()
                }
                try await relay.isEmpty()
                let calls = (try #require(SystemCallCount.total) - before) / pairings
                // 21 were measured, one pairing after the other.
                #expect((1...24).contains(calls), "\(calls) for each")
            }
        }
    }

    /// Allocations of the relay's loops so far. Their names tell them from the clients of the tests.
    private static func allocations() -> Int {
        RelayThreads.all().reduce(0) { $0 + allocation_count($1) }
    }

    @Test("the allocations of a thread are counted, also those of the C library")
    func counting() {
        let own = allocation_thread()
        let before = allocation_count(own)
        var blocks: [UnsafeMutableRawPointer] = []
        blocks.reserveCapacity(1000)
        for size in 1...1000 { blocks.append(.allocate(byteCount: size, alignment: 8)) }
        blocks.append(contentsOf: (0..<100).compactMap { _ in strdup("x").map { UnsafeMutableRawPointer($0) } })
        let count = allocation_count(own) - before
        #expect((1101...2000).contains(count), "\(count)")
        for block in blocks { free(block) }
    }

    @Test("moving bytes allocates nothing, in bulk or in small records, however many there are")
    func chunks() async throws {
        await #expect(processExitsWith: .success) {
            try await TestRelay.run(configure: { $0.workers = 1 }) { relay in
                let (first, second) = try await relay.pair()
                let pattern = Pattern(seed: 72)
                let record = [UInt8](repeating: 7, count: 64)
                // A first time, for what is kept from then on: pipes, blocks, room in queues.
                for isMeasured in [false, true] {
                    let before = Self.allocations()
                    async let sent: Void = first.send(pattern, count: 64 << 20)
                    try await second.expect(pattern, count: 64 << 20)
                    try await sent
                    let bulk = Self.allocations()
                    for _ in 0..<2000 {
                        try await first.send(record)
                        _ = try await second.receive(exactly: 64)
                        try await second.send(record)
                        _ = try await first.receive(exactly: 64)
                    }
                    let records = Self.allocations()
                    guard isMeasured else { continue }
                    #expect(before > 0, "nothing is counted")
                    // Room in a queue may be wanted for the first time as late as now; one for each chunk would be hundreds.
                    #expect((0...8).contains(bulk - before), "64 MiB: \(bulk - before)")
                    #expect((0...8).contains(records - bulk), "4000 records: \(records - bulk)")
                }
            }
        }
    }

    @Test("a pairing takes few allocations, and the next as many as the last")
    func pairings() async throws {
        await #expect(processExitsWith: .success) {
            try await TestRelay.run(configure: { $0.workers = 1 }) { relay in
                let pairings = 200
                var counts: [Int] = []
                for _ in 0..<3 {
                    let before = Self.allocations()
                    for _ in 0..<pairings {
                        let (first, second) = try await relay.pair()
                        try await first.send("hello")
                        _ = try await second.receive(exactly: 5)
                        await first.close()
                        _ = try await second.receiveToEnd()
                        await second.close()
                    }
                    try await relay.isEmpty()
                    counts.append((Self.allocations() - before) / pairings)
                }
                // 90 were measured in a build without optimization, where every closure has a box; 5 in a release build.
                #expect(counts[1] <= 100 && counts[2] <= 100, "\(counts) for each")
                #expect(counts[1] > 0, "nothing is counted")
            }
        }
    }
}
