import LinuxIO

/// Opens pairs through a relay, through a proxy or directly, in the same way for whoever uses them.
///
///     relay             one ── please relay T ──▶ ◀── please relay T ── other      the relay says ok to both
///     proxy, direct     one ── please relay T ──▶ sink                             the sink says ok, and is the other
final class RelayPairs {
    let relay: RelayUnderTest
    let loop: LoadLoop
    private let port: UInt16
    private let sink: Sink
    private let arrivals: Arrivals
    private var tokens: UInt64
    private var sources: Int

    /// Starts the contender, with a loop in front of it.
    convenience init(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) {
        let end = try LoopWithSink(workbench.newLoop())
        let relay = try RelayUnderTest(contender, sinks: [end.sink.port], on: workbench)
        self.init(relay, end, lane: 0)
    }

    private init(_ relay: RelayUnderTest, _ end: LoopWithSink, lane: Int) {
        self.relay = relay
        loop = end.loop
        sink = end.sink
        arrivals = end.arrivals
        port = relay.ports[lane]
        // Sources and tokens of different lanes must not meet.
        sources = lane * LoopbackAddress.sources / 2
        tokens = UInt64(lane) << 32
    }

    /// Starts the contender, with two loops in front of it that can be used by two threads.
    static func two(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> (RelayPairs, RelayPairs)
    {
        let one = try LoopWithSink(workbench.newLoop())
        let other = try LoopWithSink(workbench.newLoop())
        let relay = try RelayUnderTest(contender, sinks: [one.sink.port, other.sink.port], on: workbench)
        return (RelayPairs(relay, one, lane: 0), RelayPairs(relay, other, lane: 1))
    }

    deinit { sink.close() }

    /// Opens a pair.
    ///
    /// - Parameter onOpen: Called once both ends have had their `ok`. It gives them new users.
    func open(_ onOpen: @escaping (RelayPair) throws(BenchmarkError) -> Void) throws(BenchmarkError) {
        let opening = PairOpening(token: nextToken(), onOpen: onOpen)
        try dial(side: "0000000000000001", opening)
        if relay.pairsClients {
            try dial(side: "0000000000000002", opening)
        } else {
            arrivals.expected[opening.token] = opening
        }
    }

    /// Opens so many pairs, a few at a time, and waits for all.
    func open(_ count: Int) throws(BenchmarkError) -> [RelayPair] {
        var pairs: [RelayPair] = []
        while pairs.count < count {
            let wanted = min(pairs.count + 16, count)
            for _ in pairs.count..<wanted { try open { pairs.append($0) } }
            try loop.run("pairs") { () throws(BenchmarkError) in pairs.count == wanted }
        }
        return pairs
    }

    /// Connects a client that will have no partner.
    ///
    /// - Parameter onConnect: Called when it is connected and has sent its handshake.
    func openWaiting(_ onConnect: @escaping () throws(BenchmarkError) -> Void) throws(BenchmarkError) {
        let opening = PairOpening(token: nextToken()) { _ throws(BenchmarkError) in
            throw BenchmarkError("a client was paired that has no partner")
        }
        try dial(side: "0000000000000001", opening, onConnect: onConnect)
    }

    /// A token that no other pair has.
    func nextToken() -> String {
        tokens += 1
        return hexadecimal(tokens &* 0x9E37_79B9_7F4A_7C15, digits: 16) + String(repeating: "0", count: 32)
            + hexadecimal(tokens, digits: 16)
    }

    /// Connects a client for a pair whose other end is on its way, over TCP.
    func dial(
        side: String,
        _ opening: PairOpening,
        onConnect: (() throws(BenchmarkError) -> Void)? = nil
    ) throws(BenchmarkError) {
        sources += 1
        let line = Self.handshake(token: opening.token, side: side)
        let user = DialingEnd(line: line, opening: opening, onConnect: onConnect)
        _ = try Connection.open(port: port, source: sources, loop: loop, user: user)
    }

    /// The line a client begins with. Source: magic-wormhole-transit-relay, `transit_server.py`.
    static func handshake(token: String, side: String) -> [UInt8] {
        Array("please relay \(token) for side \(side)\n".utf8)
    }
}

/// A loop and the sink in it.
private struct LoopWithSink {
    let loop: LoadLoop
    let sink: Sink
    let arrivals = Arrivals()

    init(_ loop: LoadLoop) throws(BenchmarkError) {
        let arrivals = self.arrivals
        self.loop = loop
        sink = try Sink(loop: loop) { ArrivingEnd(arrivals) }
    }
}

/// Ends that the sink waits for, by token.
private final class Arrivals {
    var expected: [String: PairOpening] = [:]
}

/// An end that connects, says its line, and waits for `ok`.
private final class DialingEnd: ConnectionUser {
    private let line: [UInt8]
    private let opening: PairOpening
    private let onConnect: (() throws(BenchmarkError) -> Void)?
    private var answer: [UInt8] = []

    private static let ok = Array("ok\n".utf8)

    init(line: [UInt8], opening: PairOpening, onConnect: (() throws(BenchmarkError) -> Void)?) {
        self.line = line
        self.opening = opening
        self.onConnect = onConnect
    }

    func connectionOpened(_ connection: Connection) throws(BenchmarkError) {
        opening.sentHandshake()
        try connection.send(line)
        try onConnect?()
    }

    func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) throws(BenchmarkError) {
        answer += bytes
        guard Self.ok.starts(with: answer) else {
            throw BenchmarkError("'\(String(decoding: answer, as: UTF8.self))' in place of ok")
        }
        if answer.count == Self.ok.count { try opening.isReady(connection) }
    }

    func connectionEnded(_ connection: Connection) throws(BenchmarkError) {
        throw BenchmarkError("a client was closed before its ok")
    }
}

/// An end that the sink has accepted: reads the line, says `ok`.
private final class ArrivingEnd: ConnectionUser {
    private let arrivals: Arrivals
    private var line: [UInt8] = []

    init(_ arrivals: Arrivals) {
        self.arrivals = arrivals
    }

    func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) throws(BenchmarkError) {
        line += bytes
        guard line.last == 10 else { return }
        let words = line.split(separator: 32)
        guard words.count == 6,
            let opening = arrivals.expected.removeValue(forKey: String(decoding: words[2], as: UTF8.self))
        else { throw BenchmarkError("the sink was sent '\(String(decoding: line, as: UTF8.self))'") }
        try connection.send(Array("ok\n".utf8))
        try opening.isReady(connection)
    }

    /// Somebody looked whether the proxy listens.
    func connectionEnded(_ connection: Connection) throws(BenchmarkError) {
        guard line.isEmpty else { throw BenchmarkError("the sink was left in the middle of a line") }
        connection.close()
    }

    /// The same, when the proxy was in a hurry.
    func connectionFailed(_ connection: Connection, _ error: BenchmarkError) throws(BenchmarkError) {
        guard line.isEmpty else { throw error }
        connection.close()
    }
}
