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
    private let peer: CInt
    private let delegate = IgnorantDelegate()

    init(
        delivery: WebSocketConfiguration.Delivery = .wholeMessages(upTo: 1000),
        configure: (inout WebSocketConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = WebSocketConfiguration(serverName: "test", delivery: delivery)
        configure(&configuration)
        loop = try SocketLoop(manualFrom: .uptimeNanoseconds(1_000_000_000))
        var ends: [CInt] = [0, 0]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
        peer = ends[1]
        let socket = try StreamSocket(Descriptor(owning: ends[0]), peer: nil, on: loop, highWaterMark: 1 << 16)
        let listener = ListenerState(eventLoop: loop, configuration: configuration, delegate: delegate)
        connection = WebSocketConnection(socket, peer: nil, listener: listener, client: client)
        socket.owner = connection
        connection.open(accepting: [])
        loop.turn()
        _ = bytesWritten()
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
        var bytes = bytesWritten()
        var frames: [WebSocketTestFrame] = []
        while let frame = WebSocketTestFrame.take(from: &bytes) { frames.append(frame) }
        precondition(bytes.isEmpty, "half a frame was written")
        return frames
    }

    private func bytesWritten() -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(peer, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
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

    func webSocketOpened(_ connection: WebSocketConnection) {}
    func webSocket(
        _ connection: WebSocketConnection,
        received payload: ByteBuffer,
        opcode: WebSocketOpcode,
        isFinal: Bool
    ) {
        messages.append(String(buffer: payload))
    }
    func webSocketReadCompleted(_ connection: WebSocketConnection) { readsCompleted += 1 }
    func webSocketWritabilityChanged(_ connection: WebSocketConnection) {}
    func webSocketPonged(_ connection: WebSocketConnection, roundTrip: Duration) { roundTrips.append(roundTrip) }
    func webSocketClosed(_ connection: WebSocketConnection, cause: WebSocketCloseCause) { causes.append(cause) }
}
