internal import LinuxIO
internal import NIOCore
internal import Observations
internal import Sockets
internal import TransitRules
internal import WormholeWire

/// The way to the event loop of the WebSocket clients, for every other thread.
final class BridgePort: Sendable {
    let eventLoop: SocketLoop
    private let bridge: NIOLoopBoundBox<Bridge?>

    init(eventLoop: SocketLoop) {
        self.eventLoop = eventLoop
        bridge = .makeEmptyBox(valueType: Bridge.self, eventLoop: eventLoop)
    }

    /// On the event loop, once: who hears what is said here.
    func attach(_ bridge: Bridge) {
        self.bridge.value = bridge
    }

    /// On the event loop: lets the bridge go.
    func detach() {
        bridge.value = nil
    }

    /// Sends a client the reply and Close 1000.
    func refuse(_ key: WebSocketKey, with reply: TransitReply) {
        perform { $0.refuse(key, with: reply) }
    }

    /// Sends a client Close, or takes note that it is gone.
    func close(_ key: WebSocketKey, _ cause: CloseCause, _ farewell: Farewell) {
        perform { $0.close(key, cause, farewell) }
    }

    /// Tells two WebSocket clients of each other.
    func join(_ first: WebSocketKey, _ second: WebSocketKey, record: PairRecord) {
        perform { $0.join(first, second, record: record) }
    }

    /// Tells a WebSocket client of a partner with a socket, which has been told already.
    func join(_ socket: consuming SocketHandoff, with key: WebSocketKey) {
        let handover = Handover<SocketHandoff>(socket)
        perform { bridge in
            if let socket = handover.take() { bridge.join(socket, with: key) }
        }
    }

    /// Runs `body` on the event loop, after everything that was said before.
    func perform(_ body: @escaping @Sendable (Bridge) -> Void) {
        eventLoop.execute {
            guard let bridge = self.bridge.value else { return }
            body(bridge)
        }
    }
}

/// A socket on its way to the event loop where its partner lives.
struct SocketHandoff: ~Copyable, Sendable {
    let end: RelayEnd
    /// Which of the two it is.
    let side: PairSide
    /// What the socket did not take of our own words; as good as always nothing.
    let unsent: [UInt8]
    /// What it sent behind its handshake.
    let early: [UInt8]
    let record: PairRecord

    init(end: consuming RelayEnd, side: PairSide, unsent: [UInt8], early: [UInt8], record: PairRecord) {
        self.end = end
        self.side = side
        self.unsent = unsent
        self.early = early
        self.record = record
    }

    consuming func takeEnd() -> RelayEnd { end }
}
