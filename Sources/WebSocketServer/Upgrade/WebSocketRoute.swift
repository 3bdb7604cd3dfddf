package import NIOHTTP1

/// What becomes of a request.
package enum WebSocketRoute {
    /// The request is for a WebSocket. One that does not ask for it, or not as RFC 6455 demands, is answered with 405,
    /// 400 or 426, and the client object never hears of it.
    case upgrade(any WebSocketClient)
    /// An ordinary answer, after which the connection is closed. `Content-Length`, `Connection` and `Server` are added;
    /// `HEAD` gets no body.
    case respond(status: HTTPResponseStatus, headers: HTTPHeaders, body: String)
}
