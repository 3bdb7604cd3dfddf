import Admission
import Glibc
import LinuxIO
import NIOCore
import Observations
import Sockets
import TestSupport
import Testing
import TransitRules

@testable import TransitService
@testable import WebSocketServer

/// A bridge on a loop without a thread. The test decides what the front would, holds the other ends of all sockets, and
/// says when the loop has a turn, so that what must coincide does.
final class ManualBridge {
    let loop: SocketLoop
    let bridge: Bridge
    private let listener: ListenerState
    private let doorkeeper: Doorkeeper
    private let pipeline = ObservationPipeline()
    private var ends: [PeerEnd] = []

    init(sessionRate: Int = 0) throws {
        loop = try SocketLoop(manualFrom: .now())
        doorkeeper = Doorkeeper(limits: AdmissionLimits(), countsLoopback: false, census: SourceCensus())
        bridge = Bridge(
            eventLoop: loop,
            front: try FrontPort(),
            limits: RelayLimits(idle: .zero, stalledDrain: .seconds(60)),
            doorkeeper: doorkeeper,
            throttle: Throttle(session: RateLimit(bytesPerSecond: sessionRate), all: nil),
            firstOwner: 0,
            pulse: .unwatched,
            observations: pipeline.makeSource()
        )
        listener = ListenerState(
            eventLoop: loop,
            configuration: Bridge.listenerConfiguration(TransitConfiguration()),
            delegate: bridge
        )
    }

    deinit {
        for end in ends { close(end.number) }
    }

    /// Runs `body`, then cuts off whoever is left.
    static func run(sessionRate: Int = 0, _ body: (ManualBridge) throws -> Void) throws {
        let bridge = try ManualBridge(sessionRate: sessionRate)
        defer {
            for client in bridge.bridge.connected.values { client.abort(.drain) }
            for socket in bridge.bridge.sockets.values { socket.abort(.drain) }
            bridge.loop.turn()
        }
        try body(bridge)
    }

    // MARK: Clients

    /// An upgraded client that has sent its handshake.
    ///
    /// - Parameter early: Frames in the same segment, which come before the front can have said anything.
    func webSocketClient(early: [WebSocketTestFrame] = []) throws -> (client: BridgeClient, end: PeerEnd) {
        let (number, end) = try socketPair()
        let key = UInt64(ends.count)
        let client = BridgeClient(
            key: WebSocketKey(number: key),
            accepted: .current,
            family: .unix,
            pass: try pass(),
            bridge: bridge
        )
        let stream = try StreamSocket(Descriptor(owning: number), peer: nil, on: loop, highWaterMark: 64 << 10)
        let connection = WebSocketConnection(stream, peer: nil, listener: listener, client: client)
        stream.owner = connection
        connection.open(accepting: [])
        loop.turn()
        _ = end.read()
        let handshake = WebSocketTestFrame.binary(Handshake.sided("a", key.isMultiple(of: 2) ? "0" : "1").utf8)
        end.writeAll(([handshake] + early).flatMap(\.bytes))
        loop.turn()
        return (client, end)
    }

    /// What the front decides: the two are a pair.
    func join(_ first: BridgeClient, _ second: BridgeClient) {
        let record = PairRecord(first: first.accepted, second: second.accepted, paired: .current)
        bridge.join(first.key, second.key, record: record)
    }

    /// Joins a client with a socket, which came first.
    ///
    /// - Returns: The other end of the socket.
    func joinSocket(with client: BridgeClient) throws -> PeerEnd {
        let (number, end) = try socketPair()
        let handoff = SocketHandoff(
            end: RelayEnd(
                descriptor: Descriptor(owning: number),
                pass: try pass(),
                kind: ConnectionKind(component: .transit, transport: .tcp, family: .unix),
                accepted: .current
            ),
            side: .first,
            unsent: [],
            early: [],
            record: PairRecord(first: client.accepted, second: .current, paired: .current)
        )
        bridge.join(handoff, with: client.key)
        return end
    }

    private func pass() throws -> DoorPass {
        switch doorkeeper.admit(nil, at: 0) {
        case .admitted(let pass): return pass
        case .refused: throw WebSocketTestError(.unexpected, "a pass")
        }
    }

    private func socketPair() throws -> (number: CInt, end: PeerEnd) {
        var numbers: [CInt] = [0, 0]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &numbers) == 0)
        let end = PeerEnd(number: numbers[1])
        ends.append(end)
        return (numbers[0], end)
    }

    // MARK: Reports

    /// Records of the pairs that have ended, since the last call.
    func records() -> [TransitSummary] {
        bridge.observations.flush()
        var records: [TransitSummary] = []
        _ = pipeline.drain { if case .transitEnded(let summary) = $0 { records.append(summary) } }
        return records
    }
}

/// The test's end of a socket, which never waits.
struct PeerEnd {
    let number: CInt

    /// - Returns: How many bytes the kernel took.
    func write(_ bytes: ArraySlice<UInt8>) -> Int {
        max(0, bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) })
    }

    func writeAll(_ bytes: [UInt8]) {
        let count = write(bytes[...])
        precondition(count == bytes.count, "the kernel took \(count) bytes of \(bytes.count)")
    }

    /// Everything that is there.
    func read() -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(number, &buffer, buffer.count)
            guard count > 0 else { return all }
            all += buffer[..<count]
        }
    }

    /// Whether everything was read and the end comes next.
    var hasEnded: Bool {
        var byte: UInt8 = 0
        return recv(number, &byte, 1, CInt(MSG_PEEK)) == 0
    }

    func shutdownOutput() {
        shutdown(number, CInt(SHUT_WR))
    }
}
