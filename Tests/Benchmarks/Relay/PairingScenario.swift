import LinuxIO

/// Short pairs, one after the other, a number of them at a time: connect, handshake, `ok`, 1 KiB each way, close.
struct PairingScenario: Scenario {
    let name = "relay-pairings"
    let title = "relay: pairings with 1 KiB each way, 8 at a time"
    let contenders: [Contender] = [.ours, .original, .haproxy, .direct]

    private static let concurrency = 8
    private static let processor = "server CPU per pair"
    private static let rate = "pairs"
    private static let median = "handshake to ok, p50"
    private static let slowest = "handshake to ok, p99"
    private static let generator = "load generator, of one CPU"

    let metrics = [
        Metric(
            name: Self.processor,
            unit: .microseconds,
            targets: [.atMost(1.2, of: .haproxy), .atMost(1.0 / 8, of: .original)]
        ),
        Metric(name: Self.rate, unit: .perSecond),
        Metric(name: Self.median, unit: .milliseconds),
        Metric(name: Self.slowest, unit: .milliseconds, targets: [.atMost(1, of: .haproxy)]),
        Metric(name: Self.generator, unit: .percent),
    ]

    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample {
        let relayed = try RelayPairs(contender, on: workbench)
        let load = PairingLoad(relayed)
        try load.run(Self.concurrency, seconds: 0.2)
        load.startCounting()
        let effort = try Effort.measure(relayed.relay.process) { () throws(BenchmarkError) in
            try load.run(Self.concurrency, seconds: workbench.seconds(3))
        }
        let quantiles = load.pairing.quantiles(0.5, 0.99)
        return [
            Self.processor: effort.server / Double(load.pairing.count),
            Self.rate: Double(load.pairing.count) / effort.elapsed,
            Self.median: quantiles[0],
            Self.slowest: quantiles[1],
            Self.generator: effort.generatorShare,
        ]
    }
}

/// Keeps a number of short pairs going.
private final class PairingLoad {
    private(set) var pairing = Distribution()
    private let relayed: RelayPairs
    private var open = 0
    private var end: Int64 = 0

    init(_ relayed: RelayPairs) {
        self.relayed = relayed
    }

    func startCounting() {
        pairing.removeAll()
    }

    /// Begins pairs for so many seconds, and waits until all have ended.
    func run(_ concurrency: Int, seconds: Double) throws(BenchmarkError) {
        end = SystemClock.monotonicNanoseconds + Int64(seconds * 1e9)
        for _ in 0..<concurrency { try begin() }
        try relayed.loop.run("pairs") { () throws(BenchmarkError) in open == 0 }
    }

    private func begin() throws(BenchmarkError) {
        open += 1
        try relayed.open { [unowned self] pair throws(BenchmarkError) in
            pairing.add(nanoseconds: pair.pairingNanoseconds)
            let closing = ShortEnd(pair.one, closesFirst: true, onEnd: nil)
            let following = ShortEnd(pair.other, closesFirst: false) { [unowned self] () throws(BenchmarkError) in
                open -= 1
                if SystemClock.monotonicNanoseconds < end { try begin() }
            }
            try closing.start()
            try following.start()
        }
    }
}

/// One end of a short pair: sends 1 KiB at once and checks the 1 KiB it gets; then closes, or waits for the other's end.
private final class ShortEnd: ConnectionUser {
    private let connection: Connection
    private let closesFirst: Bool
    private let onEnd: (() throws(BenchmarkError) -> Void)?
    private var received = 0

    private static let bytes = 1024

    init(_ connection: Connection, closesFirst: Bool, onEnd: (() throws(BenchmarkError) -> Void)?) {
        self.connection = connection
        self.closesFirst = closesFirst
        self.onEnd = onEnd
        connection.user = self
    }

    func start() throws(BenchmarkError) {
        try connection.send(Array(Pattern.shared.part(after: 0, limit: Self.bytes)))
    }

    func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) throws(BenchmarkError) {
        guard received + bytes.count <= Self.bytes, Pattern.shared.continues(with: bytes, after: received) else {
            throw BenchmarkError("other bytes arrived than were sent")
        }
        received += bytes.count
        if closesFirst, received == Self.bytes { connection.close() }
    }

    func connectionEnded(_ connection: Connection) throws(BenchmarkError) {
        guard !closesFirst, received == Self.bytes else {
            throw BenchmarkError("a pair ended after \(received) of \(Self.bytes) bytes")
        }
        connection.close()
        try onEnd?()
    }
}
