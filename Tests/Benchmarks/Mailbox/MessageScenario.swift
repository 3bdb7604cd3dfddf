import LinuxIO

/// Messages between clients that stay connected, in pairs.
struct MessageScenario: Scenario {
    let name: String
    let title: String
    let pairs: Int
    let manner: MessagePair.Manner
    let metrics: [Metric]
    let contenders: [Contender] = [.ours, .original]

    static let processor = "server CPU per message"
    static let rate = "messages"
    static let median = "add to partner, p50"
    static let slowest = "add to partner, p99"
    static let generator = "load generator, of one CPU"

    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample {
        let server = try MailboxUnderTest(contender, on: workbench)
        let loop = try workbench.newLoop(isPolling: manner == .inTurn)
        var members: [MessagePair] = []
        for number in 1...pairs {
            members.append(try MessagePair(number: number, manner: manner, port: server.port, loop: loop))
        }
        try loop.run("open mailboxes") { () throws(BenchmarkError) in members.allSatisfy(\.isOpen) }
        try loop.idle(seconds: 0.2)
        for member in members { member.startCounting() }
        let effort = try Effort.measure(server.process) { () throws(BenchmarkError) in
            try loop.idle(seconds: workbench.seconds(4))
            for member in members { member.isStopping = true }
            try loop.run("the last messages") { () throws(BenchmarkError) in members.allSatisfy(\.hasEnded) }
        }
        let count = Double(members.reduce(0) { $0 + $1.delivered })
        let quantiles = Distribution(of: members.map(\.latencies)).quantiles(0.5, 0.99)
        return [
            Self.processor: effort.server / count,
            Self.rate: count / effort.elapsed,
            Self.median: quantiles[0],
            Self.slowest: quantiles[1],
            Self.generator: effort.generatorShare,
        ]
    }
}
