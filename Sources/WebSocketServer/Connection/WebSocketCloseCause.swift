package import NIOWebSocket

/// Why a WebSocket connection has ended.
package enum WebSocketCloseCause: Sendable, Equatable {
    /// The client sent Close, with this code or with none.
    case clientClose(WebSocketErrorCode?)
    /// The client broke the rules of RFC 6455 and was sent Close with this code: 1002 or 1007.
    case protocolError(WebSocketErrorCode)
    /// The client sent a message above the limit; it was sent Close 1009.
    case messageTooBig
    /// The client answered no Ping.
    case pingTimeout
    /// We sent Close with this code first.
    case serverClose(WebSocketErrorCode)
    /// We aborted the connection.
    case aborted
    /// The connection was reset, or reading or writing failed.
    case ioError
    /// The client ended the TCP connection without Close.
    case disconnected
}
