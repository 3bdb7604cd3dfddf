/// Why a connection ended before it became a WebSocket, apart from answers the delegate decided upon.
package enum WebSocketRejection: Sendable, Equatable {
    /// Not HTTP, not a `GET`, or a header too large.
    case badRequest
    /// A request for a WebSocket that RFC 6455 does not allow, or for something else where only a WebSocket is offered.
    case badUpgrade
    /// The request was not complete in time.
    case timeout
    /// Too many others were unfinished.
    case tooManyUnfinished
    /// There are hardly any descriptors left.
    case noDescriptors
    /// Too many others of the same source were.
    case tooManyUnfinishedOfSource
    /// The connection did not begin with a usable header of the PROXY protocol.
    case badProxyHeader
    /// The client left before its request was complete.
    case disconnected
}
