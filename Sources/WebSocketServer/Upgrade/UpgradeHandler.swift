import LinuxIO
import NIOCore
import NIOHTTP1
import Sockets
import WormholeWire

/// The first owner of a new connection's socket: waits for one request and makes a WebSocket of the connection, or answers.
///
///     [proxied] ──▶ reading          a PROXY protocol header comes first, where one is expected
///     reading ──▶ finished           ``WebSocketConnection`` has the socket, or it is closed
///        └──────▶ ending             an answer was sent
final class UpgradeHandler: StreamSocketOwner {
    private enum State {
        case reading
        case ending(OrderlyEnd)
        case finished
    }

    private let socket: StreamSocket
    private let listener: ListenerState
    /// The client: the other end, unless a proxy says who it is.
    private var peer: PeerAddress?
    /// What has come of the proxy's header; `nil` when none is awaited any more.
    private var proxyHeader: ByteBuffer?
    private let accepted: Timestamp
    private let acceptedTick: NIODeadline
    private var state = State.reading
    private var head: RequestHeadReader

    /// - Parameter socket: A connection just accepted, which knows its handler as its owner.
    init(_ socket: StreamSocket, listener: ListenerState) {
        self.socket = socket
        self.listener = listener
        peer = socket.peer
        accepted = Timestamp(microseconds: SystemClock.wallMicroseconds)
        acceptedTick = socket.loop.now
        let configuration = listener.commons.configuration
        proxyHeader = configuration.expectsProxyHeader ? ByteBuffer() : nil
        head = RequestHeadReader(limit: configuration.maximumHeaderBytes)
        listener.upgradeBegan(by: socket.peer)
        socket.setTimer(at: acceptedTick + configuration.upgradeTimeout)
    }

    // MARK: Calls from the socket

    var takesInput: Bool {
        switch state {
        case .reading: true
        case .ending(let end): end.takesInput
        case .finished: false
        }
    }

    func streamSocket(received bytes: inout ByteBuffer) {
        switch state {
        case .reading: if takeProxyHeader(from: &bytes) { read(&bytes) }
        case .ending(let end): end.discarded(bytes.readableBytes)
        case .finished: break
        }
    }

    func streamSocketReadCompleted() {}

    func streamSocketInputEnded() {
        switch state {
        case .reading: refuse(.disconnected)
        case .ending(let end): end.inputEnded()
        case .finished: break
        }
    }

    func streamSocketWritabilityChanged() {}

    func streamSocketTimerFired() {
        switch state {
        case .reading: refuse(.timeout)
        case .ending(let end): end.look()
        case .finished: break
        }
    }

    func streamSocketClosed() {
        if case .reading = state { refuse(.disconnected) }
        state = .finished
        listener.connectionClosed()
    }

    // MARK: The request

    /// Takes the proxy's header off the first bytes.
    ///
    /// - Parameter bytes: Left with what stands behind the header.
    /// - Returns: Whether the request may begin.
    private func takeProxyHeader(from bytes: inout ByteBuffer) -> Bool {
        guard var all = proxyHeader else { return true }
        proxyHeader = nil  // Or appending would copy it every time.
        all.writeBuffer(&bytes)
        switch ProxyHeader.read(all.readableBytesView) {
        case .incomplete:
            proxyHeader = all
            return false
        case .complete(let header):
            peer = PeerAddress(address: header.address, port: header.port)
            all.moveReaderIndex(forwardBy: header.length)
            bytes = all
            return true
        case .unusable:
            refuse(.badProxyHeader)
            return false
        }
    }

    private func read(_ bytes: inout ByteBuffer) {
        let (consumed, reading) = bytes.withUnsafeReadableBytes { head.read($0) }
        bytes.moveReaderIndex(forwardBy: consumed)
        switch reading {
        case .incomplete:
            break
        case .complete(let head):
            decide(head, behind: &bytes)
        case .malformed:
            listener.delegate?.webSocketListener(rejected: .badRequest, peer: peer)
            answer(HTTPAnswer(.badRequest, [:], ""))
        case .tooLong:
            listener.delegate?.webSocketListener(rejected: .badRequest, peer: peer)
            answer(HTTPAnswer(.requestHeaderFieldsTooLarge, [:], ""))
        }
    }

    private func decide(_ head: RequestHead, behind bytes: inout ByteBuffer) {
        let request = UpgradeRequest(
            head: head,
            peer: peer,
            isProxied: listener.commons.configuration.expectsProxyHeader,
            accepted: accepted,
            acceptedTick: acceptedTick,
            wantsUpgrade: UpgradeCheck.isRequested(by: head)
        )
        guard let delegate = listener.delegate else { return refuse(.disconnected) }
        let isForHead = head.method == .head
        switch delegate.webSocketListener(route: request) {
        case .respond(let status, let headers, let body):
            answer(HTTPAnswer(status, headers, body), isForHead: isForHead)
        case .upgrade(let client):
            do throws(UpgradeCheck.Fault) {
                upgrade(to: client, key: try UpgradeCheck.key(of: head), behind: &bytes)
            } catch {
                delegate.webSocketListener(rejected: error == .notGet ? .badRequest : .badUpgrade, peer: peer)
                answer(error.answer, isForHead: isForHead)
            }
        }
    }

    private func upgrade(to client: any WebSocketClient, key: ArraySlice<UInt8>, behind bytes: inout ByteBuffer) {
        finishReading(.finished)
        let connection = WebSocketConnection(socket, peer: peer, listener: listener, client: client)
        socket.owner = connection
        connection.open(accepting: key)
        if bytes.readableBytes > 0 { connection.streamSocket(received: &bytes) }
    }

    // MARK: The way out

    private func finishReading(_ next: State) {
        guard case .reading = state else { return }
        state = next
        listener.upgradeEnded(by: socket.peer)
        socket.cancelTimer()
    }

    private func answer(_ answer: HTTPAnswer, isForHead: Bool = false) {
        let configuration = listener.commons.configuration
        let end = OrderlyEnd(socket, configuration: configuration, inputHasEnded: false)
        finishReading(.ending(end))
        end.begin(with: answer.bytes(serverName: configuration.serverName, isForHead: isForHead))
    }

    private func refuse(_ reason: WebSocketRejection) {
        finishReading(.finished)
        listener.delegate?.webSocketListener(rejected: reason, peer: peer)
        socket.close()
    }
}

@available(*, unavailable)
extension UpgradeHandler: Sendable {}
