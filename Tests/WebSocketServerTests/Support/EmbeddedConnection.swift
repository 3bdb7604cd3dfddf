import NIOCore
import NIOEmbedded
import NIOWebSocket
import TestSupport

@testable import WebSocketServer

/// A connection without a socket, whose time stands still until the test moves it.
struct EmbeddedConnection {
    let channel = EmbeddedChannel()
    let connection: WebSocketConnection
    let client = RecordingClient()

    init(
        delivery: WebSocketConfiguration.Delivery = .wholeMessages(upTo: 1000),
        configure: (inout WebSocketConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = WebSocketConfiguration(serverName: "test", delivery: delivery)
        configure(&configuration)
        connection = WebSocketConnection(
            eventLoop: channel.eventLoop,
            peer: nil,
            commons: ConnectionCommons(configuration: configuration),
            client: client
        )
        try channel.pipeline.syncOperations.addHandler(connection)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        connection.open(with: ByteBuffer())
    }

    /// Time goes by.
    func pass(_ duration: Duration) {
        channel.embeddedEventLoop.advanceTime(by: TimeAmount(duration))
    }

    /// The client sends frames, in one segment.
    func receive(_ frames: WebSocketTestFrame...) throws {
        try channel.writeInbound(ByteBuffer(bytes: frames.flatMap(\.bytes)))
        channel.embeddedEventLoop.run()
    }

    /// What the server has written since the last look.
    func written() throws -> [WebSocketTestFrame] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        var frames: [WebSocketTestFrame] = []
        while let frame = WebSocketTestFrame.take(from: &bytes) { frames.append(frame) }
        precondition(bytes.isEmpty, "half a frame was written")
        return frames
    }

    func finish() {
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }
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
