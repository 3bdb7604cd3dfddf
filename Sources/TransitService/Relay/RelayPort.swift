internal import DequeModule
internal import LinuxIO
internal import Synchronization
internal import TransitRules

/// What a worker is told from outside.
enum RelayOrder: ~Copyable, Sendable {
    /// Own this pair to its end.
    case adopt(MovingPair)
    /// Look for state that should not exist, and say what was found.
    case audit(AuditAnswer)
    /// Do this between two turns.
    case perform(@Sendable (RelayWorker) -> Void)
    /// No more pairs will come. Let those there are finish until then, then end them, then stop.
    case drain(until: Instant)
}

/// The way into a worker, for every other thread.
///
/// Bounded by the connections there are: each order but the last carries two.
final class RelayPort: Sendable {
    let signal: EventSignal
    private let orders = Mutex(UniqueDeque<RelayOrder>())
    /// Pairs that it was given and has, for choosing the worker with the fewest.
    private let openPairs = Atomic<Int>(0)

    init() throws(ErrorNumber) {
        signal = try EventSignal()
    }

    var load: Int { openPairs.load(ordering: .relaxed) }

    /// From any thread.
    func adopt(_ pair: consuming MovingPair) {
        pairCame()
        post(.adopt(pair))
    }

    /// From any thread; nothing is to be adopted after it. Told again, the earlier deadline counts.
    func drain(until deadline: Instant) {
        post(.drain(until: deadline))
    }

    /// From any thread.
    func audit(_ answer: AuditAnswer) {
        post(.audit(answer))
    }

    /// From any thread.
    func perform(_ body: @escaping @Sendable (RelayWorker) -> Void) {
        post(.perform(body))
    }

    /// On the worker's thread: everything that was ordered since the last call.
    func takeOrders() -> UniqueDeque<RelayOrder> {
        signal.clear()
        var taken = UniqueDeque<RelayOrder>()
        orders.withLock { swap(&$0, &taken) }
        return taken
    }

    /// From any thread.
    func pairCame() {
        openPairs.wrappingAdd(1, ordering: .relaxed)
    }

    /// On the worker's thread: it has ended, or is somebody else's.
    func pairLeft() {
        openPairs.wrappingSubtract(1, ordering: .relaxed)
    }

    private func post(_ order: consuming RelayOrder) {
        var order: RelayOrder? = consume order
        let isFirst = orders.withLock { orders in
            let isFirst = orders.isEmpty
            if let order = order.take() { orders.append(order) }
            return isFirst
        }
        // Whoever found the queue empty wakes the worker; it takes everything at once.
        if isFirst { signal.raise() }
    }
}
