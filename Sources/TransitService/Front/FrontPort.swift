internal import Admission
internal import LinuxIO
internal import Observations
internal import Synchronization
internal import TransitRules

/// What the front is told by the event loop of the WebSocket clients, and in the end by the server.
enum FrontOrder: Sendable {
    /// A client has been upgraded.
    case opened(WebSocketKey, Arrival, SourceID?)
    /// Its first message was judged.
    case judged(WebSocketKey, HandshakeVerdict)
    /// It sent a data message while it waited.
    case message(WebSocketKey)
    /// It sent text.
    case text(WebSocketKey)
    /// It is gone, or is being told so.
    case ended(WebSocketKey, CloseCause)
    /// Look for state that should not exist, and say what was found.
    case audit(AuditAnswer)
    /// Do this between two turns.
    case perform(@Sendable (FrontLoop) -> Void)
    /// Accept nobody any more, end everyone who has no partner, and stop when the pairs are over. Answered when no worker
    /// will be given a pair any more.
    case stop(LoopAnswer<Void>)
}

/// The way into the front, for every other thread. Bounded by the WebSocket clients there are: each posts a few orders in
/// its life.
final class FrontPort: Sendable {
    let signal: EventSignal
    private let orders = Mutex<[FrontOrder]>([])

    init() throws(ErrorNumber) {
        signal = try EventSignal()
    }

    /// From any thread.
    func post(_ order: FrontOrder) {
        let isFirst = orders.withLock { orders in
            orders.append(order)
            return orders.count == 1
        }
        // Whoever found the queue empty wakes the front; it takes everything at once.
        if isFirst { signal.raise() }
    }

    /// On the front's thread: everything that was ordered since the last call.
    func takeOrders() -> [FrontOrder] {
        signal.clear()
        return orders.withLock { orders in
            let taken = orders
            orders = []
            return taken
        }
    }
}
