import LinuxIO
import NIOCore
import NIOHTTP1
import NIOWebSocket
import Sockets
import Synchronization
import TestSupport

@testable import WebSocketServer

/// A listener on a free port of the loopback, whose clients do as the test says; by default they echo.
final class EchoServer: Sendable {
    typealias Behaviour = @Sendable (WebSocketConnection, ClientEvent) -> Void

    /// What was reported so far.
    struct Log: Sendable {
        var closed: [WebSocketCloseCause] = []
        var rejected: [WebSocketRejection] = []
        var acceptFailures: [CInt] = []
        var requests: [(path: String, wantsUpgrade: Bool, hasPeer: Bool)] = []
        var ponged: [Duration] = []
        var reads = 0
        var received: [(bytes: [UInt8], opcode: UInt8, isFinal: Bool)] = []
    }

    let port: Int
    let loop: SocketLoop
    let listener: WebSocketListener
    private let delegate: NIOLoopBound<EchoDelegate>
    private let records: Mutex<Log>

    var log: Log { records.withLock { $0 } }

    /// Starts a server for the time `body` takes.
    static func run<Result>(
        delivery: WebSocketConfiguration.Delivery = .wholeMessages(upTo: 32 << 20),
        socket: CInt? = nil,
        configure: (inout WebSocketConfiguration) -> Void = { _ in },
        behaviour: @escaping Behaviour = echo,
        _ body: (EchoServer) async throws -> Result
    ) async throws -> Result {
        var configuration = WebSocketConfiguration(serverName: "echo/1", delivery: delivery)
        configuration.pingInterval = .zero
        configure(&configuration)
        let (descriptor, port) = if let socket { (socket, 0) } else { try WebSocketTestListener.loopback() }
        let server = try await EchoServer(owning: descriptor, port: port, configuration, behaviour)
        do {
            let result = try await body(server)
            try await server.stop()
            return result
        } catch {
            try await server.stop()
            throw error
        }
    }

    private init(
        owning descriptor: CInt,
        port: Int,
        _ configuration: WebSocketConfiguration,
        _ behaviour: @escaping Behaviour
    ) async throws {
        self.port = port
        let loop = try SocketLoop.start(name: "echo")
        self.loop = loop
        records = Mutex(Log())
        let made = try await loop.submit {
            let delegate = EchoDelegate(loop: loop, behaviour: behaviour)
            let listener = try WebSocketListener.start(
                on: Descriptor(owning: descriptor),
                eventLoop: loop,
                configuration: configuration,
                delegate: delegate
            )
            return (listener, NIOLoopBound(delegate, eventLoop: loop))
        }.get()
        listener = made.0
        delegate = made.1
        try await loop.submit { self.delegate.value.server = self }.get()
    }

    private func stop() async throws {
        try await listener.stopAccepting().get()
        try await onLoop { $0.forEach { $0.abort() } }
        try await listener.connectionsClosed().get()
        let delegate = delegate
        try await loop.submit { delegate.value.server = nil }.get()
        try await loop.shutdownGracefully()
    }

    func record(_ change: (inout Log) -> Void) {
        records.withLock { change(&$0) }
    }

    /// Runs `body` on the event loop with the open connections.
    @discardableResult
    func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable ([WebSocketConnection]) throws -> Value
    ) async throws -> Value {
        let delegate = delegate
        return try await loop.submit { try body(delegate.value.connections) }.get()
    }

    /// Sends every message back, piece by piece, as a message of its own.
    static let echo: Behaviour = { connection, event in
        switch event {
        case .received(let payload, let opcode, _): connection.send(payload, as: opcode)
        case .readCompleted: connection.flush()
        case .opened, .writabilityChanged, .ponged, .closed: break
        }
    }
}

/// What a client object hears.
enum ClientEvent {
    case opened
    case received(ByteBuffer, WebSocketOpcode, isFinal: Bool)
    case readCompleted
    case writabilityChanged
    case ponged(Duration)
    case closed(WebSocketCloseCause)
}
