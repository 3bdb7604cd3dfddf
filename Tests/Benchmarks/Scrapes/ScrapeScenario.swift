/// What a scrape every second costs a server that works, as a share of its processor time.
///
/// The difference between a server that is scraped and one that is not drowns in the noise of either. So both are measured by
/// themselves: what the work takes of the processor in a second, and what one scrape takes of it in the same server.
struct ScrapeScenario: Scenario {
    enum Work: String {
        case relay, mailbox
    }

    let work: Work
    let contenders: [Contender] = [.ours]

    var name: String { "scrape-\(work.rawValue)" }
    var title: String {
        switch work {
        case .relay: "metrics: a scrape every second, beside 8 pairs of bulk"
        case .mailbox: "metrics: a scrape every second, beside 16 pairs of mailbox messages"
        }
    }

    private static let scrapes = 50
    private static let pairs = 16
    private static let share = "CPU of a scrape, of that of a second's work"
    private static let scrape = "CPU of a scrape"
    private static let size = "size"

    var metrics: [Metric] {
        [
            Metric(name: Self.share, unit: .percent, targets: [.within(0.01, reason: "the issue")]),
            Metric(name: Self.scrape, unit: .milliseconds),
            Metric(name: Self.size, unit: .bytes, targets: [.within(100_000, reason: "the issue")]),
        ]
    }

    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample {
        switch work {
        case .relay:
            let relayed = try RelayPairs(contender, on: workbench)
            let working = try relay(relayed, workbench.count(64 << 20))
            return try sample(relayed.relay.process, relayed.relay.adminPort, beside: working)
        case .mailbox:
            let server = try MailboxUnderTest(contender, on: workbench)
            let working = try exchange(server, workbench)
            return try sample(server.process, server.adminPort, beside: working)
        }
    }

    private func sample(
        _ process: ServerProcess?,
        _ port: UInt16?,
        beside working: Effort
    ) throws(BenchmarkError) -> Sample {
        guard let process, let port else { throw BenchmarkError("there is no admin endpoint") }
        var size = try Scrape.size(port: port)
        let scraping = try Effort.measure(process) { () throws(BenchmarkError) in
            for _ in 0..<Self.scrapes { size = try Scrape.size(port: port) }
        }
        let each = scraping.server / Double(Self.scrapes)
        return [
            Self.share: each / (working.server / working.elapsed),
            Self.scrape: each,
            Self.size: Double(size),
        ]
    }

    private func relay(_ relayed: RelayPairs, _ amount: Int) throws(BenchmarkError) -> Effort {
        var ends: [BulkEnd] = []
        for pair in try relayed.open(8) {
            ends.append(BulkEnd(pair.one, toSend: amount, toReceive: amount))
            ends.append(BulkEnd(pair.other, toSend: amount, toReceive: amount))
        }
        let effort = try Effort.measure(relayed.relay.process) { () throws(BenchmarkError) in
            for end in ends { try end.start() }
            try relayed.loop.run("bulk data") { () throws(BenchmarkError) in ends.allSatisfy(\.isDone) }
        }
        for end in ends { end.close() }
        return effort
    }

    private func exchange(_ server: MailboxUnderTest, _ workbench: Workbench) throws(BenchmarkError) -> Effort {
        let loop = try workbench.newLoop()
        var members: [MessagePair] = []
        for number in 1...Self.pairs {
            members.append(try MessagePair(number: number, manner: .together, port: server.port, loop: loop))
        }
        try loop.run("open mailboxes") { () throws(BenchmarkError) in members.allSatisfy(\.isOpen) }
        return try Effort.measure(server.process) { () throws(BenchmarkError) in
            try loop.idle(seconds: workbench.seconds(2))
            for member in members { member.isStopping = true }
            try loop.run("the last messages") { () throws(BenchmarkError) in members.allSatisfy(\.hasEnded) }
        }
    }
}
