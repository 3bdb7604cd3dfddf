/// Bulk data from a WebSocket client to a TCP client.
struct WebSocketBulkScenario: Scenario {
    let name = "relay-websocket"
    let title = "relay: 1 GiB from WebSocket (messages of 16 KiB) to TCP"
    let contenders: [Contender] = [.ours, .original]

    private static let bytes = 1 << 30
    private static let processor = "server CPU"
    private static let rate = "throughput"
    private static let generator = "load generator, of one CPU"

    let metrics = [
        Metric(name: Self.processor, unit: .secondsPerGigabyte, targets: [.atMost(1.0 / 3, of: .original)]),
        Metric(name: Self.rate, unit: .megabytesPerSecond),
        Metric(name: Self.generator, unit: .percent),
    ]

    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample {
        let relayed = try RelayPairs(contender, on: workbench)
        _ = try transfer(1 << 20, relayed, compares: true)
        let amount = workbench.count(Self.bytes) / Pattern.period * Pattern.period
        let effort = try transfer(amount, relayed, compares: false)
        return [
            Self.processor: effort.server / Double(amount),
            Self.rate: Double(amount) / effort.elapsed,
            Self.generator: effort.generatorShare,
        ]
    }

    private func transfer(_ amount: Int, _ relayed: RelayPairs, compares: Bool) throws(BenchmarkError) -> Effort {
        guard let webSocketPort = relayed.relay.webSocketPort else { throw BenchmarkError("there is no WebSocket") }
        let sender = WebSocketSender(toSend: amount, handshakeOf: relayed.nextToken())
        var receiver: BulkEnd?
        let opening = PairOpening(token: sender.token) { pair throws(BenchmarkError) in
            receiver = BulkEnd(sender.other(of: pair), toSend: 0, toReceive: amount, compares: compares)
        }
        try sender.connect(port: webSocketPort, loop: relayed.loop, opening)
        try relayed.dial(side: "0000000000000002", opening)
        try relayed.loop.run("a pair") { () throws(BenchmarkError) in receiver != nil }
        guard let receiver else { throw BenchmarkError("there is no pair") }
        let effort = try Effort.measure(relayed.relay.process) { () throws(BenchmarkError) in
            try sender.start()
            try relayed.loop.run("bulk data") { () throws(BenchmarkError) in receiver.isDone }
        }
        sender.close()
        receiver.close()
        return effort
    }
}

/// A WebSocket client that sends the pattern in messages whose frames are made once and sent over and over.
private final class WebSocketSender: WebSocketUser {
    let token: String
    private let toSend: Int
    private var link: WebSocketLink?
    private var opening: PairOpening?
    private var hasStarted = false
    /// Frames that hold one period of the pattern.
    private let frames: [UInt8]
    private var sentFrameBytes = 0

    private static let messageBytes = 16 << 10

    init(toSend: Int, handshakeOf token: String) {
        self.token = token
        self.toSend = toSend
        var frames: [UInt8] = []
        for position in stride(from: 0, to: Pattern.period, by: Self.messageBytes) {
            let message = Pattern.shared.part(after: position, limit: Self.messageBytes)
            WebSocketFrame.append(message, opcode: 2, mask: 0x9E37_79B1, to: &frames)
        }
        self.frames = frames
    }

    func connect(port: UInt16, loop: LoadLoop, _ opening: PairOpening) throws(BenchmarkError) {
        self.opening = opening
        link = try WebSocketLink(port: port, path: "/", source: 1, loop: loop, user: self)
    }

    /// The end of a pair that is not this client.
    func other(of pair: RelayPair) -> Connection {
        pair.one === link?.connection ? pair.other : pair.one
    }

    func start() throws(BenchmarkError) {
        hasStarted = true
        try pump()
    }

    func close() {
        link?.abandon()
    }

    func webSocketOpened() throws(BenchmarkError) {
        link?.append(RelayPairs.handshake(token: token, side: "0000000000000001"), binary: true)
        opening?.sentHandshake()
        try link?.flush()
    }

    func webSocketReceived(_ payload: UnsafeRawBufferPointer) throws(BenchmarkError) {
        guard payload.elementsEqual("ok\n".utf8), let connection = link?.connection else {
            throw BenchmarkError("'\(String(decoding: payload, as: UTF8.self))' in place of ok")
        }
        try opening?.isReady(connection)
        opening = nil
    }

    func webSocketWritable() throws(BenchmarkError) {
        if hasStarted { try pump() }
    }

    func webSocketEnded() throws(BenchmarkError) {
        throw BenchmarkError("a WebSocket was closed in the middle")
    }

    private func pump() throws(BenchmarkError) {
        guard let connection = link?.connection else { return }
        let total = toSend / Pattern.period * frames.count
        let turnEnd = min(sentFrameBytes + (1 << 20), total)
        while sentFrameBytes < turnEnd {
            let start = sentFrameBytes % frames.count
            let end = min(frames.count, start + turnEnd - sentFrameBytes)
            let count = try frames.withBytes { frames throws(BenchmarkError) in
                try connection.sendSome(UnsafeRawBufferPointer(rebasing: frames[start..<end]))
            }
            guard count > 0 else { return }
            sentFrameBytes += count
        }
        if sentFrameBytes < total { connection.runAgain() }
    }
}
