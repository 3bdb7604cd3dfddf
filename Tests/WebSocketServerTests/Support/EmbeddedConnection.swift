import Glibc
import LinuxIO
import NIOCore
import NIOHTTP1
import NIOWebSocket
import Sockets
import TestSupport
import Testing

@testable import WebSocketServer

/// A connection whose time stands still until the test moves it. The other end of its socket is in the test's hand.
struct EmbeddedConnection {
    let connection: WebSocketConnection
    let client = RecordingClient()
    private let loop: SocketLoop
    private let listener: ListenerState
    private let peer: CInt

    init(
        delivery: WebSocketConfiguration.Delivery = .wholeMessages(upTo: 1000),
        configure: (inout WebSocketConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = WebSocketConfiguration(serverName: "test", delivery: delivery)
        configure(&configuration)
        let loop = try SocketLoop(manualFrom: .uptimeNanoseconds(1_000_000_000))
        let delegate = IgnorantDelegate()
        try self.init(ListenerState(eventLoop: loop, configuration: configuration, delegate: delegate), on: loop)
    }

    /// Another one of the same listener.
    init(beside other: EmbeddedConnection) throws {
        try self.init(other.listener, on: other.loop)
    }

    private init(_ listener: ListenerState, on loop: SocketLoop) throws {
        self.listener = listener
        self.loop = loop
        var ends: [CInt] = [0, 0]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
        peer = ends[1]
        let socket = try StreamSocket(Descriptor(owning: ends[0]), peer: nil, on: loop, highWaterMark: 1 << 16)
        connection = WebSocketConnection(socket, peer: nil, listener: listener, client: client)
        socket.owner = connection
        connection.open(accepting: [])
        loop.turn()
        _ = take()
    }

    var isOpen: Bool { connection.socket.isOpen }

    /// Time goes by.
    func pass(_ duration: Duration) {
        loop.advance(by: TimeAmount(duration))
    }

    /// The client sends frames, in one segment.
    func receive(_ frames: WebSocketTestFrame...) throws {
        let bytes = frames.flatMap(\.bytes)
        try #require(write(peer, bytes, bytes.count) == bytes.count)
        loop.turn()
    }

    /// What the server has written since the last look.
    func written() throws -> [WebSocketTestFrame] {
        var bytes = take()
        var frames: [WebSocketTestFrame] = []
        while let frame = WebSocketTestFrame.take(from: &bytes) { frames.append(frame) }
        precondition(bytes.isEmpty, "half a frame was written")
        return frames
    }

    /// The client takes what is there for it, or so many bytes of it.
    func take(atMost limit: Int = .max) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < limit {
            let count = read(peer, &buffer, min(buffer.count, limit - bytes.count))
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// Leaves the kernel as little room for what is on its way to the client as it can have.
    func narrow() throws {
        var size: CInt = 1
        let number = try #require(connection.socket.number)
        try #require(setsockopt(number, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size)) == 0)
    }

    func finish() {
        connection.abort()
        loop.turn()
        close(peer)
    }
}

private final class IgnorantDelegate: WebSocketListenerDelegate {
    func webSocketListener(route request: UpgradeRequest) -> WebSocketRoute {
        .respond(status: .notFound, headers: [:], body: "")
    }
    func webSocketListener(rejected reason: WebSocketRejection, peer: PeerAddress?) {}
    func webSocketListener(acceptFailed error: ErrorNumber) {}
}

/// A client that notes what it hears.
final class RecordingClient: WebSocketClient {
    var messages: [String] = []
    var roundTrips: [Duration] = []
    var causes: [WebSocketCloseCause] = []
    var readsCompleted = 0
    /// What it does when a message comes.
    var reaction: (WebSocketConnection) -> Void = { _ in }

    func webSocketOpened(_ connection: WebSocketConnection) {}
    func webSocket(
        _ connection: WebSocketConnection,
        received payload: ByteBuffer,
        opcode: WebSocketOpcode,
        isFinal: Bool
    ) {
        messages.append(String(buffer: payload))
        reaction(connection)
    }
    func webSocketReadCompleted(_ connection: WebSocketConnection) { readsCompleted += 1 }
    func webSocketWritabilityChanged(_ connection: WebSocketConnection) {}
    func webSocketPonged(_ connection: WebSocketConnection, roundTrip: Duration) { roundTrips.append(roundTrip) }
    func webSocketClosed(_ connection: WebSocketConnection, cause: WebSocketCloseCause) { causes.append(cause) }
}
