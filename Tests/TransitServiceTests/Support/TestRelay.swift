import Glibc
import LinuxIO
import Logging
import Observations
import Synchronization
import TestSupport
import TransitService
import WormholeWire

/// A relay on free ports of this machine, and everything it has reported.
final class TestRelay: Sendable {
    let server: TransitServer
    /// Where TCP clients come in; 0 when they come in at ``path``.
    let port: Int
    let path: String?
    let webSocketPort: Int
    /// What its listeners are called: ports and paths, those for sockets first.
    let names: [String]
    private let pipeline: ObservationPipeline
    private let seen = Mutex<[Observation]>([])

    private init(
        server: TransitServer,
        port: Int,
        path: String?,
        webSocketPort: Int,
        names: [String],
        pipeline: ObservationPipeline
    ) {
        self.names = names
        self.server = server
        self.port = port
        self.path = path
        self.webSocketPort = webSocketPort
        self.pipeline = pipeline
    }

    /// Runs `body` against a relay of its own, and stops the relay.
    ///
    /// - Parameters:
    ///   - path: Listen at this Unix socket instead of a TCP port.
    ///   - webSocket: Whether to listen for WebSocket clients as well.
    ///   - more: Endpoints to listen at besides, for sockets and for WebSocket clients.
    ///   - sendBuffer: Bytes the relay's sockets have for what their client does not take, about.
    static func run(
        path: String? = nil,
        webSocket: Bool = false,
        sendBuffer: Int? = nil,
        more: (sockets: [String], webSockets: [String]) = ([], []),
        configure: (inout TransitConfiguration) -> Void = { _ in },
        _ body: (TestRelay) async throws -> Void
    ) async throws {
        let relay = try await start(
            path: path,
            webSocket: webSocket,
            sendBuffer: sendBuffer,
            more: more,
            configure: configure
        )
        do {
            try await body(relay)
        } catch {
            await relay.server.stop(drainTimeout: .zero)
            throw error
        }
        await relay.server.stop(drainTimeout: .zero)
    }

    static func start(
        path: String? = nil,
        webSocket: Bool = false,
        sendBuffer: Int? = nil,
        more: (sockets: [String], webSockets: [String]) = ([], []),
        logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        configure: (inout TransitConfiguration) -> Void = { _ in },
        pulses: @escaping @Sendable (String) -> any LoopPulse = { _ in .unwatched }
    ) async throws -> TestRelay {
        var configuration = TransitConfiguration()
        configuration.workers = 2
        configure(&configuration)
        let pipeline = ObservationPipeline()
        let anyPort = "tcp:0:interface=127.0.0.1"
        var sockets = TestListeners()
        sockets.sendBuffer = sendBuffer
        try sockets.open([path.map { "unix:\($0)" } ?? anyPort] + more.sockets)
        var webSockets = TestListeners()
        try webSockets.open((webSocket ? [anyPort] : []) + more.webSockets)
        let names = sockets.names + webSockets.names
        let server = TransitServer(
            configuration: configuration,
            tcp: sockets.handovers,
            webSocket: webSockets.handovers,
            names: names,
            pipeline: pipeline,
            pulses: pulses,
            logger: logger
        )
        try await server.start()
        return TestRelay(
            server: server,
            port: sockets.names.first.flatMap { Int($0) } ?? 0,
            path: path,
            webSocketPort: webSockets.names.first.flatMap { Int($0) } ?? 0,
            names: names,
            pipeline: pipeline
        )
    }

    // MARK: Clients

    /// A client that has said nothing yet.
    func connect(receiveBuffer: Int? = nil) throws -> WebSocketTestSocket {
        if let path { return try WebSocketTestSocket.connect(path: path) }
        return try WebSocketTestSocket.connect(port: port, receiveBuffer: receiveBuffer)
    }

    /// A client that has said this.
    func client(_ opening: String, receiveBuffer: Int? = nil) async throws -> WebSocketTestSocket {
        let client = try connect(receiveBuffer: receiveBuffer)
        try await client.send(opening)
        return client
    }

    /// Two clients that have been told of each other. The first waited, for what was said first is read first.
    func pair(receiveBuffer: Int? = nil) async throws -> (first: WebSocketTestSocket, second: WebSocketTestSocket) {
        let token = Handshake.freshToken()
        let first = try await client(Handshake.sided(token: token, "1"), receiveBuffer: receiveBuffer)
        let second = try await client(Handshake.sided(token: token, "2"), receiveBuffer: receiveBuffer)
        try await first.expectOK()
        try await second.expectOK()
        return (first, second)
    }

    // MARK: Reports

    /// Everything reported so far.
    var observations: [Observation] {
        seen.withLock { seen in
            _ = pipeline.drain { seen.append($0) }
            return seen
        }
    }

    /// Drops what was reported so far. Everybody must be gone.
    func forget() {
        seen.withLock { $0.removeAll(keepingCapacity: true) }
    }

    var records: [TransitSummary] {
        observations.compactMap { if case .transitEnded(let summary) = $0 { summary } else { nil } }
    }

    var moods: [TransitMood] { records.map(\.mood) }

    /// The waiting side as last reported.
    var levels: TransitWaitingLevels {
        observations.reversed().lazy.compactMap {
            if case .transitWaitingLevels(let levels) = $0 { levels } else { nil }
        }.first ?? TransitWaitingLevels()
    }

    /// Connections let in.
    var acceptedConnections: Int {
        observations.lazy.filter { if case .connectionAccepted = $0 { true } else { false } }.count
    }

    /// Connections let in and not yet ended.
    var openConnections: Int {
        observations.reduce(into: 0) { count, observation in
            switch observation {
            case .connectionAccepted: count += 1
            case .connectionClosed: count -= 1
            default: break
            }
        }
    }

    /// Waits for so many records.
    func records(_ count: Int) async throws -> [TransitSummary] {
        try await eventually("\(count) records") { [self] in
            let records = self.records
            return records.count >= count ? records : nil
        }
    }

    /// Waits until so many connections wait for a partner.
    func waiting(_ count: Int) async throws {
        try await eventually("\(count) waiting", isTrue: { levels.connections == count })
    }

    /// Waits until everybody is gone.
    func isEmpty() async throws {
        try await eventually("no open connection", isTrue: { openConnections == 0 })
    }
}

/// Listening sockets on their way to a relay.
private struct TestListeners {
    private(set) var handovers: [Handover<ListeningSocket>] = []
    private(set) var names: [String] = []
    /// What accepted connections inherit.
    var sendBuffer: Int?

    mutating func open(_ endpoints: [String]) throws {
        for endpoint in endpoints {
            let socket = try ListeningSocket.open(Endpoint(endpoint))
            names.append(socket.name)
            if var size = sendBuffer.map({ CInt($0) }) {
                let length = socklen_t(MemoryLayout<CInt>.size)
                guard setsockopt(socket.descriptor.number, SOL_SOCKET, SO_SNDBUF, &size, length) == 0 else {
                    throw WebSocketTestError(.system(errno), "SO_SNDBUF")
                }
            }
            handovers.append(Handover(socket))
        }
    }
}

extension TestRelay {
    /// What the owners of pairs hold, all together, as last reported.
    var relayLevels: RelayLevels {
        var latest: [Int: RelayLevels] = [:]
        for case .relayLevels(let levels) in observations { latest[levels.owner] = levels }
        return latest.values.reduce(into: RelayLevels(owner: -1)) { sum, levels in
            sum.sessions += levels.sessions
            sum.incompleteBytes += levels.incompleteBytes
            sum.bufferedBytes += levels.bufferedBytes
        }
    }

    /// Payload reported as it flowed.
    var progressedBytes: UInt64 {
        observations.reduce(into: 0) { sum, observation in
            if case .transitProgressed(_, let bytes) = observation { sum += bytes }
        }
    }
}
