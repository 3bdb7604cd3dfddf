import NIOCore
import NIOHTTP1

/// Sits behind the HTTP decoder and keeps what it found.
final class RequestCatcher: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart

    private(set) var head: HTTPRequestHead?
    /// The bytes are not HTTP.
    private(set) var hasFailed = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), self.head == nil { self.head = head }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The decoder's own; errors of the socket go to the handler in front of it.
        hasFailed = true
    }
}

@available(*, unavailable)
extension RequestCatcher: Sendable {}
