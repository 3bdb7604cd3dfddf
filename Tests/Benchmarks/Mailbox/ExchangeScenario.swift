import LinuxIO

/// Whole exchanges of two clients each, a number of them at a time.
struct ExchangeScenario: Scenario {
    /// How many exchanges are going on at any time.
    let concurrency: Int
    let targets: (processor: [Target], rate: [Target])

    var name: String { "mailbox-exchange-\(concurrency)" }
    var title: String { "mailbox: whole exchange of two clients, \(concurrency) at a time" }
    let contenders: [Contender] = [.ours, .original]

    var metrics: [Metric] {
        [
            Metric(name: "server CPU per exchange", unit: .milliseconds, targets: targets.processor),
            Metric(name: "exchanges", unit: .perSecond, targets: targets.rate),
            Metric(name: "exchange, p50", unit: .milliseconds),
            Metric(name: "exchange, p99", unit: .milliseconds),
            Metric(name: "load generator, of one CPU", unit: .percent),
        ]
    }

    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample {
        let server = try MailboxUnderTest(contender, on: workbench)
        let load = try ExchangeLoad(port: server.port, loop: workbench.newLoop())
        try load.run(concurrency, seconds: 0.2)
        load.startCounting()
        let effort = try Effort.measure(server.process) { () throws(BenchmarkError) in
            try load.run(concurrency, seconds: workbench.seconds(4))
        }
        let count = Double(load.durations.count)
        let quantiles = load.durations.quantiles(0.5, 0.99)
        return [
            "server CPU per exchange": effort.server / count,
            "exchanges": count / effort.elapsed,
            "exchange, p50": quantiles[0],
            "exchange, p99": quantiles[1],
            "load generator, of one CPU": effort.generatorShare,
        ]
    }
}

/// Keeps a number of exchanges going.
private final class ExchangeLoad {
    private(set) var durations = Distribution()
    private let port: UInt16
    private let loop: LoadLoop
    private var exchanges: [ObjectIdentifier: Exchange] = [:]
    private var number = 0
    private var end: Int64 = 0

    init(port: UInt16, loop: LoadLoop) {
        self.port = port
        self.loop = loop
    }

    func startCounting() {
        durations.removeAll()
    }

    /// Begins exchanges for so many seconds, and waits until all have ended.
    func run(_ concurrency: Int, seconds: Double) throws(BenchmarkError) {
        end = SystemClock.monotonicNanoseconds + Int64(seconds * 1e9)
        for _ in 0..<concurrency { try begin() }
        try loop.run("exchanges") { () throws(BenchmarkError) in exchanges.isEmpty }
    }

    private func begin() throws(BenchmarkError) {
        number += 1
        let exchange = try Exchange(number: number, port: port, loop: loop) {
            [unowned self] exchange throws(BenchmarkError) in
            let now = SystemClock.monotonicNanoseconds
            durations.add(nanoseconds: now - exchange.started)
            exchanges[ObjectIdentifier(exchange)] = nil
            if now < end { try begin() }
        }
        exchanges[ObjectIdentifier(exchange)] = exchange
    }
}
