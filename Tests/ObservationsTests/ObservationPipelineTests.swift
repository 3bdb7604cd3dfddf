import Foundation
import Synchronization
import TestSupport
import Testing
import WormholeWire

@testable import Observations

@Suite("The pipeline of observations")
struct ObservationPipelineTests {
    /// What the reader has got, in order; observations are numbered by their byte counts.
    private func drain(_ pipeline: ObservationPipeline) -> (numbers: [Int], dropped: Int) {
        var numbers: [Int] = []
        let dropped = pipeline.drain { if case .messageReceived(let bytes) = $0 { numbers.append(bytes) } }
        return (numbers, dropped)
    }

    @Test("observations arrive in order, and only after a flush")
    func orderAndFlush() {
        let pipeline = ObservationPipeline()
        let source = pipeline.makeSource(capacity: 8)
        for number in 0..<3 { source.append(.messageReceived(bytes: number)) }
        #expect(drain(pipeline).numbers.isEmpty)
        source.flush()
        #expect(drain(pipeline).numbers == [0, 1, 2])
        #expect(drain(pipeline).numbers.isEmpty)
    }

    @Test("a full source drops the newest, counts them exactly, and takes again once it was read")
    func dropsAreCounted() {
        let pipeline = ObservationPipeline()
        let source = pipeline.makeSource(capacity: 8)
        for number in 0..<20 { source.append(.messageReceived(bytes: number)) }
        source.flush()
        let first = drain(pipeline)
        #expect(first.numbers == Array(0..<8))
        #expect(first.dropped == 12)
        for number in 20..<28 { source.append(.messageReceived(bytes: number)) }
        source.flush()
        let second = drain(pipeline)
        #expect(second.numbers == Array(20..<28))
        #expect(second.dropped == 0)
    }

    @Test("of readiness and lifecycle the last is told, also when there was no room for it")
    func states() {
        let pipeline = ObservationPipeline()
        let source = pipeline.makeSource(capacity: 4)
        func states() -> [Observation] {
            source.flush()
            var states: [Observation] = []
            #expect(pipeline.drain { if $0 != .sideReconnected { states.append($0) } } == 0)
            return states
        }
        source.append(.readinessChanged(.channelDatabase, isReady: true))
        source.append(.readinessChanged(.mailbox, isReady: true))
        for _ in 0..<2 { source.append(.sideReconnected) }
        source.append(.readinessChanged(.channelDatabase, isReady: false))
        for state in [LifecycleState.draining, .stopping] { source.append(.lifecycleChanged(state)) }
        let (unready, ready) = (false, true)
        #expect(
            states() == [
                .readinessChanged(.channelDatabase, isReady: ready), .readinessChanged(.mailbox, isReady: ready),
                .readinessChanged(.channelDatabase, isReady: unready), .lifecycleChanged(.stopping),
            ]
        )
        #expect(states().isEmpty)
        // What comes later and finds room makes what is owed out of date.
        for _ in 0..<4 { source.append(.sideReconnected) }
        for isReady in [true, false] { source.append(.readinessChanged(.usageDatabase, isReady: isReady)) }
        for isReady in [true, false] { source.append(.readinessChanged(.logDescriptor, isReady: isReady)) }
        #expect(
            states() == [
                .readinessChanged(.usageDatabase, isReady: false), .readinessChanged(.logDescriptor, isReady: false),
            ]
        )
    }

    @Test("what is said last of a state is told last, whatever the reader does meanwhile")
    func statesUnderWay() {
        for round in 0..<300 {
            let pipeline = ObservationPipeline()
            let isDone = Atomic<Bool>(false)
            Thread.detachNewThread {
                let source = pipeline.makeSource(capacity: 2)
                for number in 0...(100 + round) {
                    source.append(.readinessChanged(.mailbox, isReady: number.isMultiple(of: 2)))
                    source.flush()
                }
                isDone.store(true, ordering: .releasing)
            }
            var last: Bool?
            while true {
                let wasDone = isDone.load(ordering: .acquiring)
                _ = pipeline.drain { if case .readinessChanged(.mailbox, let isReady) = $0 { last = isReady } }
                if wasDone { break }
            }
            #expect(last == round.isMultiple(of: 2))
        }
    }

    @Test("a source can be filled to the brim again and again")
    func wrapsAround() {
        let pipeline = ObservationPipeline()
        let source = pipeline.makeSource(capacity: 4)
        for round in 0..<1000 {
            for number in 0..<4 { source.append(.messageReceived(bytes: round * 4 + number)) }
            source.flush()
            #expect(drain(pipeline).numbers == (0..<4).map { round * 4 + $0 })
        }
    }

    @Test("payloads that own memory survive the way and are given back", arguments: [0, 3, 8])
    func payloads(read: Int) {
        let pipeline = ObservationPipeline()
        let source = pipeline.makeSource(capacity: 8)
        for number in 0..<8 { source.append(.clientBound(.sample(number))) }
        source.flush()
        var bindings: [ClientBinding] = []
        if read > 0 {
            _ = pipeline.drain { if case .clientBound(let binding) = $0 { bindings.append(binding) } }
            #expect(bindings == (0..<8).map(ClientBinding.sample))
        }
        // What is left, published or not, goes with the source.
        for number in 0..<read { source.append(.clientBound(.sample(number))) }
    }

    @Test("a reader on another thread loses nothing but what was counted as dropped", arguments: [16, 1024, 16384])
    func twoThreads(capacity: Int) async throws {
        let total = 300_000
        let pipeline = ObservationPipeline()
        let isDone = Atomic<Bool>(false)
        Thread.detachNewThread {
            let source = pipeline.makeSource(capacity: capacity)
            for number in 0..<total {
                source.append(.messageReceived(bytes: number))
                if number % 7 == 0 { source.flush() }
            }
            source.flush()
            isDone.store(true, ordering: .releasing)
        }
        var received = 0
        var dropped = 0
        var last = -1
        var isOrdered = true
        while true {
            let wasDone = isDone.load(ordering: .acquiring)
            dropped += pipeline.drain { observation in
                guard case .messageReceived(let number) = observation else { return }
                isOrdered = isOrdered && number > last
                last = number
                received += 1
            }
            if wasDone { break }
            pipeline.wait(upTo: .seconds(5))
        }
        #expect(isOrdered)
        #expect(received + dropped == total)
    }

    @Test("several loops observe at once, each in its own order")
    func severalSources() async throws {
        let perSource = 50_000
        let sources = 4
        let pipeline = ObservationPipeline()
        let done = Atomic<Int>(0)
        for source in 0..<sources {
            Thread.detachNewThread {
                let end = pipeline.makeSource(capacity: 256)
                for number in 0..<perSource {
                    end.append(.messagesReplayed(count: source, bytes: number))
                    end.flush()
                }
                done.wrappingAdd(1, ordering: .releasing)
            }
        }
        var received = 0
        var dropped = 0
        var last = [Int](repeating: -1, count: sources)
        var isOrdered = true
        while true {
            let wasDone = done.load(ordering: .acquiring) == sources
            dropped += pipeline.drain { observation in
                guard case .messagesReplayed(let source, let number) = observation else { return }
                isOrdered = isOrdered && number > last[source]
                last[source] = number
                received += 1
            }
            if wasDone { break }
            pipeline.wait(upTo: .seconds(5))
        }
        #expect(isOrdered)
        #expect(received + dropped == sources * perSource)
    }

    @Test("a sleeping reader is woken by a flush and by an interrupt")
    func wakesReader() async throws {
        let pipeline = ObservationPipeline()
        let rounds = Atomic<Int>(0)
        let mayEnd = Atomic<Bool>(false)
        Thread.detachNewThread {
            while !mayEnd.load(ordering: .relaxed) {
                pipeline.wait(upTo: .seconds(3600))
                _ = pipeline.drain { _ in rounds.wrappingAdd(1, ordering: .relaxed) }
            }
            rounds.store(-1, ordering: .relaxed)
        }
        let source = pipeline.makeSource()
        for round in 1...50 {
            source.append(.sideReconnected)
            source.flush()
            try await eventually("the reader has read observation \(round)") {
                rounds.load(ordering: .relaxed) == round
            }
        }
        mayEnd.store(true, ordering: .relaxed)
        pipeline.interrupt()
        try await eventually("the reader has ended") { rounds.load(ordering: .relaxed) == -1 }
    }
}

extension ClientBinding {
    /// One of many that differ.
    fileprivate static func sample(_ number: Int) -> Self {
        Self(
            appID: AppID(
                unchecked: WireString("an application with a name too long to be kept inside a pointer \(number)")
            ),
            side: Side(unchecked: "a side that is no shorter than that, not even by a little bit"),
            connected: Timestamp(microseconds: Int64(number)),
            implementation: "python",
            version: number.isMultiple(of: 2) ? nil : "0.24.0"
        )
    }
}
