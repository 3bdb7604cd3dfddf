import LinuxIO

/// Something with a descriptor, told by its loop what that descriptor is ready for.
protocol LoopPeer: AnyObject {
    func ready(_ readiness: Readiness) throws(BenchmarkError)
    /// Closes the descriptor and has the loop forget it.
    func close()
}

/// The loop of a load generator: one thread, edge-triggered epoll, one shared buffer for reading.
///
/// Everything that is watched stays alive until it is removed, or the loop is ended.
final class LoadLoop {
    /// Where every peer reads into; what is in it is valid until the peer returns.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)

    /// When a peer last read something from its socket, in nanoseconds of the monotonic clock.
    var lastRead: Int64 = 0

    /// Whether it asks again and again for what is ready, and never sleeps.
    private let isPolling: Bool
    private let epoll: Epoll
    private var events = EpollEvents(capacity: 256)
    private var places: [Place] = []
    private var freePlaces: [Int] = []
    private var pending: [UInt64] = []

    private struct Place {
        var peer: (any LoopPeer)?
        /// Counts the peers the place has had, so that an event for one that is gone is recognised.
        var generation: UInt32 = 0
    }

    /// - Parameter isPolling: For measurements of how long something takes that is alone. A processor that sleeps takes tens of
    ///   microseconds to wake up, more in a virtual machine; where it is the generator's, the server has no part in them. It
    ///   costs a processor, so that it is not for measurements of how much a server does.
    init(isPolling: Bool) throws(BenchmarkError) {
        self.isPolling = isPolling
        do throws(ErrorNumber) { epoll = try Epoll() } catch { throw BenchmarkError("epoll: \(error)") }
    }

    deinit { scratch.deallocate() }

    /// Watches a descriptor.
    ///
    /// - Returns: What ``remove(_:)`` and ``runAgain(_:)`` want to know.
    func add(_ peer: any LoopPeer, _ descriptor: borrowing Descriptor) throws(BenchmarkError) -> UInt64 {
        let index = freePlaces.popLast() ?? places.count
        if index == places.count { places.append(Place()) }
        places[index].peer = peer
        let tag = UInt64(places[index].generation) << 32 | UInt64(index)
        do throws(ErrorNumber) {
            try epoll.add(descriptor, for: .socketForLife, tag: tag)
        } catch {
            throw BenchmarkError("epoll: \(error)")
        }
        return tag
    }

    /// Forgets a peer, whose descriptor is being closed.
    func remove(_ tag: UInt64) {
        let index = Int(tag & 0xFFFF_FFFF)
        guard places[index].generation == UInt32(tag >> 32), places[index].peer != nil else { return }
        places[index].peer = nil
        places[index].generation &+= 1
        freePlaces.append(index)
    }

    /// Closes everything that is still watched.
    func end() {
        for index in places.indices { places[index].peer?.close() }
        pending.removeAll()
    }

    /// Has a peer that stopped by itself continue after the others have had their turn.
    func runAgain(_ tag: UInt64) {
        pending.append(tag)
    }

    /// Runs until a condition holds.
    ///
    /// - Parameters:
    ///   - seconds: The longest it may take: a limit for what is broken, never part of a measurement.
    ///   - waiting: What is waited for, for the error's text.
    ///   - isDone: Asked after each turn.
    func run(
        _ waiting: String,
        within seconds: Double = 60,
        until isDone: () throws(BenchmarkError) -> Bool
    ) throws(BenchmarkError) {
        let deadline = SystemClock.monotonicNanoseconds + Int64(seconds * 1e9)
        while try !isDone() {
            guard SystemClock.monotonicNanoseconds < deadline else {
                throw BenchmarkError("still waiting for \(waiting) after \(Int(seconds)) s")
            }
            try turn()
        }
    }

    /// Runs for an amount of time, for servers that are to be watched while nothing happens.
    func idle(seconds: Double) throws(BenchmarkError) {
        let end = SystemClock.monotonicNanoseconds + Int64(seconds * 1e9)
        while SystemClock.monotonicNanoseconds < end { try turn() }
    }

    private func turn() throws(BenchmarkError) {
        let count: Int
        do throws(ErrorNumber) {
            count = try epoll.wait(into: &events, milliseconds: pending.isEmpty && !isPolling ? 20 : 0)
        } catch {
            throw BenchmarkError("epoll: \(error)")
        }
        for index in 0..<count {
            let event = events[index]
            try peer(event.tag)?.ready(event.readiness)
        }
        guard !pending.isEmpty else { return }
        let again = pending
        pending.removeAll(keepingCapacity: true)
        for tag in again { try peer(tag)?.ready([.readable, .writable]) }
    }

    private func peer(_ tag: UInt64) -> (any LoopPeer)? {
        let place = places[Int(tag & 0xFFFF_FFFF)]
        return place.generation == UInt32(tag >> 32) ? place.peer : nil
    }
}
