package import NIOCore
package import NIOWebSocket

/// The owner of one WebSocket connection: hears what the client sends, and how it ends.
///
/// Called on the connection's event loop, and never from within a call the owner makes to its connection.
package protocol WebSocketClient: AnyObject {
    /// The handshake is done. What is sent and flushed here travels with the 101.
    func webSocketOpened(_ connection: WebSocketConnection)
    /// Payload of a data message has arrived; see ``WebSocketConfiguration/Delivery``.
    ///
    /// - Parameters:
    ///   - payload: The unmasked bytes. Those of text messages are checked to be (the beginning of) UTF-8.
    ///   - opcode: `.text` or `.binary`, in every piece of a message.
    ///   - isFinal: Whether the message is complete. Of whole messages always `true`. The last piece may be empty.
    func webSocket(
        _ connection: WebSocketConnection,
        received payload: ByteBuffer,
        opcode: WebSocketOpcode,
        isFinal: Bool
    )
    /// Everything one read from the socket brought has been reported, or reading was paused: the moment to flush.
    func webSocketReadCompleted(_ connection: WebSocketConnection)
    /// ``WebSocketConnection/isWritable`` has changed, perhaps back again: whoever found that it was not is told when it is.
    func webSocketWritabilityChanged(_ connection: WebSocketConnection)
    /// A Ping of ours was answered.
    func webSocketPonged(_ connection: WebSocketConnection, roundTrip: Duration)
    /// The connection has ended. Called exactly once, after which nothing more is.
    ///
    /// Called as soon as nothing more can come of the connection: at the client's Close or violation, at its
    /// disconnection, but after a Close of ours when the client has taken everything and the connection is closed.
    func webSocketClosed(_ connection: WebSocketConnection, cause: WebSocketCloseCause)
}
