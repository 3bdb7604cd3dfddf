internal import Observations
internal import TransitRules
internal import WormholeWire

/// The way from the front to the event loop of the WebSocket clients.
final class BridgePort: Sendable {
    /// Sends the reply and Close 1000.
    func refuse(_ key: WebSocketKey, with reply: TransitReply) {}
    func close(_ key: WebSocketKey, _ cause: CloseCause, _ farewell: Farewell) {}
    func join(_ first: WebSocketKey, _ second: WebSocketKey, record: PairRecord) {}
    func join(
        _ socket: consuming RelayEnd,
        isFirst: Bool,
        unsent: [UInt8],
        early: [UInt8],
        with key: WebSocketKey,
        record: PairRecord
    ) {}
}
