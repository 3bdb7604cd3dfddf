package import LinuxIO
import NIOCore
import NIOWebSocket
import Sockets

/// One WebSocket connection after its handshake: the owner of its socket.
///
///     open ──close()──▶ closing ──the client's Close──▶ ending ──▶ closed
///       └────the client's Close, a violation, FIN──────────▲
///
/// In `closing` our Close is out and the client's is awaited; in `ending` the last bytes are on their way, see
/// ``OrderlyEnd``. Confined to the event loop. Its concerns are in the files beside this one: what comes in, what goes
/// out, keepalive, and the end.
package final class WebSocketConnection: StreamSocketOwner {
    enum State {
        case open
        case closing(WebSocketErrorCode, ClosingProgress)
        case ending(OrderlyEnd)
        case closed
    }

    /// The other end of the connection; `nil` for a Unix socket.
    package let peer: PeerAddress?

    let socket: StreamSocket
    let listener: ListenerState
    var state = State.open
    /// Whom to tell; `nil` once the end was told.
    var client: (any WebSocketClient)?
    /// What the owner will be told once the socket is closed, if it is not told before.
    var endCause: WebSocketCloseCause?
    var keepalive: Keepalive

    // Input.
    var reader: WebSocketFrameReader
    var isPaused = false
    /// What was read from the socket when reading was already paused.
    var held: ByteBuffer?
    var inputHasEnded = false

    // Output.
    var output = ByteBuffer()
    /// Something was queued at the socket and not flushed.
    var isUnflushed = false
    /// Pongs are to be flushed when the input is worked off.
    var owesFlush = false
    /// The Pong for the latest Ping, where the client does not take what is queued for it.
    var owedPong: ByteBuffer?
    /// What was last told about writability, and whether telling is under way.
    var toldWritable = true
    /// Whether it took no more at a moment since then.
    var hasBeenUnwritable = false
    var isTellingWritability = false

    /// - Parameter socket: Its owner is set by the caller.
    init(_ socket: StreamSocket, peer: PeerAddress?, listener: ListenerState, client: any WebSocketClient) {
        self.socket = socket
        self.peer = peer
        self.listener = listener
        self.client = client
        let configuration = listener.commons.configuration
        self.reader = WebSocketFrameReader(delivery: configuration.delivery)
        self.keepalive = Keepalive(
            interval: configuration.pingInterval,
            timeout: configuration.pingTimeout,
            now: socket.loop.now
        )
    }

    var commons: ConnectionCommons { listener.commons }

    /// Queues the answer to the upgrade request and tells the owner.
    ///
    /// - Parameter key: The client's.
    func open(accepting key: ArraySlice<UInt8>) {
        output = commons.takeOutputSpare()
        output.writeImmutableBuffer(commons.switchingProtocols)
        output.writeBytes(AcceptKey.value(for: key))
        output.writeStaticString("\r\n\r\n")
        client?.webSocketOpened(self)
        flush()
        keepAlive()
    }

    // MARK: Calls from the socket

    package func streamSocketReadCompleted() {
        receiveCompleted()
    }

    package func streamSocketInputEnded() {
        inputHasEnded = true
        if held == nil { inputEnded() }
    }

    package func streamSocketWritabilityChanged() {
        writabilityChanged()
    }

    package func streamSocketTimerFired() {
        switch state {
        case .open: keepAlive()
        case .closing: waitForClose()
        case .ending(let end): end.look()
        case .closed: break
        }
    }

    package func streamSocketClosed() {
        // An orderly end shows as the end of input first.
        shut()
        ended(because: endCause ?? .ioError)
        listener.connectionClosed()
    }
}

@available(*, unavailable)
extension WebSocketConnection: Sendable {}
