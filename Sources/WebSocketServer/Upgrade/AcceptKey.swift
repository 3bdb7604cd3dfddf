import NIOCore
import NIOHTTP1
import NIOWebSocket

/// What a server must answer to a `Sec-WebSocket-Key`.
enum AcceptKey {
    private static let upgrader = NIOWebSocketServerUpgrader(
        shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
        upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
    )

    /// The value of `Sec-WebSocket-Accept` for a request without faults.
    ///
    /// Call on the channel's event loop. NIO answers through a future, which is fulfilled when it returns.
    static func value(for head: HTTPRequestHead, on channel: any Channel) -> String? {
        var value: String?
        upgrader.buildUpgradeResponse(channel: channel, upgradeRequest: head, initialResponseHeaders: [:])
            .assumeIsolated()
            .whenSuccess { value = $0["Sec-WebSocket-Accept"].first }
        return value
    }
}
