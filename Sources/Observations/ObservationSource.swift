import Synchronization

/// The end of the pipeline that one loop holds: it collects what happened during a turn and hands it over at its end.
///
///     loop ──append──▶ [ring of fixed size] ──drain──▶ telemetry
///
/// A ring with one writer and one reader: no lock, no allocation, and no waiting. When the reader is behind and the ring is
/// full, observations are dropped and counted, for nothing that is observed may stop a service. Readiness and lifecycle are not
/// dropped, but told behind what is in the ring: a probe goes by them until the next change, which may be far away.
///
/// Confined to the thread that owns it; only ``ObservationPipeline`` reads the other end.
package final class ObservationSource {
    private let ring: ObservationRing
    private let pipeline: ObservationPipeline

    init(ring: ObservationRing, pipeline: ObservationPipeline) {
        self.ring = ring
        self.pipeline = pipeline
    }

    /// Records what happened. It becomes visible to the reader with the next ``flush()``.
    ///
    /// - Returns: Whether there was room; a level that was not taken is to be reported again.
    @discardableResult
    package func append(_ observation: Observation) -> Bool {
        ring.write(observation)
    }

    /// Connections of one transport that were accepted here less those that were closed here. Below zero where another loop
    /// accepts them.
    package func openConnections(_ component: Component, _ transport: Transport) -> Int {
        AddressFamily.allCases.reduce(0) {
            $0 + ring.openConnections(ConnectionKind(component: component, transport: transport, family: $1))
        }
    }

    /// Hands over what was appended. Call once per turn of the loop.
    package func flush() {
        if ring.publish() { pipeline.wakeReader() }
    }
}

@available(*, unavailable)
extension ObservationSource: Sendable {}

/// Storage of an ``ObservationSource``, seen by its writer and by the pipeline's reader.
///
/// `@unchecked Sendable`: a slot belongs to the writer from `head` up to `tail + capacity` and to the reader from `tail` up
/// to `head`; the two indices are passed with release and acquire.
final class ObservationRing: @unchecked Sendable {
    private let slots: UnsafeMutablePointer<Observation>
    private let mask: Int
    /// Next slot to fill, known to the writer alone until published.
    private var writeIndex = 0
    /// The writer's last sight of `tail`.
    private var knownTail = 0
    private let head = Atomic<Int>(0)
    private let tail = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)
    private let owed = OwedStates()
    /// Connections accepted less connections closed, of each kind. Counted even of observations that are dropped, so that the
    /// difference is right for ever.
    private let open: UnsafeMutablePointer<Atomic<Int>>

    /// - Parameter capacity: A power of two.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "the capacity of a ring is a power of two")
        slots = .allocate(capacity: capacity)
        mask = capacity - 1
        open = .allocate(capacity: ConnectionKind.allCases.count)
        for kind in ConnectionKind.allCases { (open + kind.ordinal).initialize(to: Atomic(0)) }
    }

    deinit {
        for index in tail.load(ordering: .relaxed)..<writeIndex { (slots + (index & mask)).deinitialize(count: 1) }
        slots.deallocate()
        open.deinitialize(count: ConnectionKind.allCases.count)
        open.deallocate()
    }

    /// - Returns: Whether there was room.
    func write(_ observation: Observation) -> Bool {
        switch observation {
        case .connectionAccepted(let kind): open[kind.ordinal].wrappingAdd(1, ordering: .relaxed)
        case .connectionClosed(let kind, _, _): open[kind.ordinal].wrappingSubtract(1, ordering: .relaxed)
        default: break
        }
        if writeIndex - knownTail > mask {
            knownTail = tail.load(ordering: .acquiring)
            guard writeIndex - knownTail <= mask else {
                if owed.note(observation, at: writeIndex) { return true }
                dropped.wrappingAdd(1, ordering: .relaxed)
                return false
            }
        }
        (slots + (writeIndex & mask)).initialize(to: observation)
        writeIndex += 1
        switch observation {
        case .readinessChanged, .lifecycleChanged: owed.settle(observation)
        default: break
        }
        return true
    }

    /// From any thread.
    func openConnections(_ kind: ConnectionKind) -> Int { open[kind.ordinal].load(ordering: .relaxed) }

    /// - Returns: Whether there was anything to hand over.
    func publish() -> Bool {
        guard head.load(ordering: .relaxed) != writeIndex else { return false }
        // Ordered before the look at whether the reader sleeps, as its flag is before its look at `head`.
        head.store(writeIndex, ordering: .sequentiallyConsistent)
        return true
    }

    /// Whether the reader has anything to drain.
    var hasUnread: Bool { head.load(ordering: .sequentiallyConsistent) != tail.load(ordering: .relaxed) }

    /// Calls `body` with each published observation, oldest first, and frees its slot; and then with the states for which there
    /// was no slot.
    func drain(_ body: (Observation) -> Void) {
        let first = tail.load(ordering: .relaxed)
        let end = head.load(ordering: .acquiring)
        if first != end {
            for index in first..<end { body((slots + (index & mask)).move()) }
            tail.store(end, ordering: .releasing)
        }
        owed.take(readUpTo: end, body)
    }

    /// - Returns: How many were dropped since the last call.
    func takeDropped() -> Int { dropped.exchange(0, ordering: .relaxed) }
}
