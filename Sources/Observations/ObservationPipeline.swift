import Dispatch
import Synchronization
import WormholeWire

/// The bounded way from the loops, which observe, to the one thread that reads.
///
/// Each loop gets a source of its own; the reader drains them all. Any number of threads may ask for sources; only one
/// thread may drain and wait.
package final class ObservationPipeline: Sendable {
    /// Observations one source holds before it drops: enough for a tenth of a second at the highest rate a loop reaches.
    package static let defaultCapacity = 16384

    private let rings = Mutex<[ObservationRing]>([])
    private let readerSleeps = Atomic<Bool>(false)
    private let wakeUp = DispatchSemaphore(value: 0)

    package init() {}

    /// A new end for one loop.
    ///
    /// - Parameter capacity: How many observations it holds until the reader comes by; a power of two.
    package func makeSource(capacity: Int = ObservationPipeline.defaultCapacity) -> sending ObservationSource {
        let ring = ObservationRing(capacity: capacity)
        rings.withLock { $0.append(ring) }
        return ObservationSource(ring: ring, pipeline: self)
    }

    /// Calls `body` with everything the sources have handed over; per source in the order it happened.
    ///
    /// - Returns: How many observations were dropped since the last call, because their source was full.
    package func drain(_ body: (Observation) -> Void) -> Int {
        var dropped = 0
        for ring in rings.withLock({ $0 }) {
            ring.drain(body)
            dropped += ring.takeDropped()
        }
        return dropped
    }

    /// Connections of one kind that are open: those accepted less those closed, by all sources together. From any thread.
    ///
    /// While one goes from loop to loop it is counted once. Nothing that is dropped makes this wrong.
    package func openConnections(_ kind: ConnectionKind) -> Int {
        rings.withLock { $0 }.reduce(0) { $0 + $1.openConnections(kind) }
    }

    /// Waits until a source has something to read, ``interrupt()`` is called, or `timeout` has passed.
    ///
    /// May return early, and may return with nothing to read.
    package func wait(upTo timeout: Duration) {
        readerSleeps.store(true, ordering: .sequentiallyConsistent)
        // A source that published before it could see the flag has not signalled: look once more before sleeping.
        if !rings.withLock({ $0.contains(where: \.hasUnread) }) {
            _ = wakeUp.wait(timeout: .now() + timeout.seconds)
        }
        readerSleeps.store(false, ordering: .sequentiallyConsistent)
    }

    /// Ends the reader's ``wait(upTo:)``: this one, or else the next. From any thread.
    package func interrupt() {
        wakeUp.signal()
    }

    /// Called by a source that has published, from its own thread.
    func wakeReader() {
        if readerSleeps.exchange(false, ordering: .sequentiallyConsistent) { wakeUp.signal() }
    }
}
