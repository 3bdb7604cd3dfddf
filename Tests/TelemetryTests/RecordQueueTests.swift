import Foundation
import Observations
import Synchronization
import TestSupport
import Testing
import WormholeWire

@testable import Telemetry

@Suite("The queue in front of a sink")
struct RecordQueueTests {
    private let table = MetricTable(TelemetryConfiguration())

    private func queue(capacity: Int) -> RecordQueue {
        RecordQueue(for: .database, capacity: capacity, metrics: table.usage)
    }

    private func records(_ numbers: Range<Int>) -> [UsageRecord] {
        numbers.map { .transit(Sample.transfer(bytes: UInt64($0))) }
    }

    private var dropped: Double { table.usage.records.value(.database, .transit, .dropped) }

    @Test("when it is full the oldest give way, and are counted")
    func dropsOldest() {
        let queue = queue(capacity: 5)
        queue.append(records(0..<4))
        queue.append(records(4..<8))
        #expect(queue.take(upTo: 100) == records(3..<8))
        #expect(dropped == 3)
        #expect(table.usage.queued.value(.database) == 5, "they wait until they are written")
        queue.settle()
        #expect(table.usage.queued.value(.database) == 0)
    }

    @Test("what could not be written goes back to the front, as far as there is room")
    func putsBack() {
        let queue = queue(capacity: 5)
        queue.append(records(0..<4))
        let taken = queue.take(upTo: 3)
        queue.append(records(4..<7))
        queue.putBack(taken)
        #expect(table.usage.queued.value(.database) == 5)
        #expect(queue.take(upTo: 100) == records(2..<7))
        #expect(dropped == 2)
    }

    @Test("the taker sleeps until there is something, and no longer than until the end")
    func wakes() async throws {
        let queue = queue(capacity: 1000)
        let taken = Atomic<Int>(0)
        Thread.detachNewThread {
            while !queue.isClosed {
                queue.wait(upTo: .seconds(3600))
                taken.wrappingAdd(queue.take(upTo: 10).count, ordering: .relaxed)
            }
            taken.store(-1, ordering: .relaxed)
        }
        for number in 1...20 {
            queue.append(records(0..<1))
            try await eventually("record \(number) was taken") { taken.load(ordering: .relaxed) == number }
        }
        queue.close()
        try await eventually("the taker has ended") { taken.load(ordering: .relaxed) == -1 }
    }

    @Test("nothing is lost or counted twice between two threads")
    func twoThreads() async throws {
        let queue = queue(capacity: 64)
        let total = 20_000
        Thread.detachNewThread {
            for number in 0..<total { queue.append(records(number..<number + 1)) }
            queue.close()
        }
        var taken = 0
        while true {
            let wasClosed = queue.isClosed
            let batch = queue.take(upTo: 16)
            // Every other batch cannot be written at first.
            if taken % 2 == 1 {
                queue.putBack(batch)
                taken += queue.take(upTo: 1).count
            } else {
                taken += batch.count
            }
            if wasClosed, queue.count == 0 { break }
            queue.wait(upTo: .milliseconds(100))
        }
        #expect(Double(taken) + dropped == Double(total))
    }
}
