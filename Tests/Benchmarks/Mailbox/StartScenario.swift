import LinuxIO

/// From the start of the process to the first client's welcome.
struct StartScenario: Scenario {
    let name = "mailbox-start"
    let title = "mailbox: process start to first welcome"
    let contenders: [Contender] = [.ours, .original]

    private static let empty = "empty"
    private static let full = "with 10,000 stored mailboxes"
    private static let storedMailboxes = 10_000
    private static let targets: [Target] = [.atMost(1.0 / 5, of: .original)]

    let metrics = [
        Metric(name: Self.empty, unit: .milliseconds, targets: Self.targets),
        Metric(name: Self.full, unit: .milliseconds, targets: Self.targets),
    ]

    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample {
        let database = try StoredMailboxes.make(Self.storedMailboxes, on: workbench)
        return [
            Self.empty: try timeToWelcome(contender, on: workbench, database: nil),
            Self.full: try timeToWelcome(contender, on: workbench, database: database),
        ]
    }

    private func timeToWelcome(
        _ contender: Contender,
        on workbench: Workbench,
        database: String?
    ) throws(BenchmarkError) -> Double {
        let loop = try workbench.newLoop()
        let start = SystemClock.monotonicNanoseconds
        let server = try MailboxUnderTest(contender, on: workbench, waits: false, channelDatabase: database)
        try server.process.waitUntilListening(on: server.port)
        let client = try FirstClient(port: server.port, loop: loop)
        try loop.run("the first welcome") { () throws(BenchmarkError) in client.isWelcome }
        return Double(SystemClock.monotonicNanoseconds - start) * 1e-9
    }
}

/// A client that only listens.
private final class FirstClient: MailboxUser {
    private var client: MailboxClient?

    var isWelcome: Bool { client?.isWelcome ?? false }

    init(port: UInt16, loop: LoadLoop) throws(BenchmarkError) {
        client = try MailboxClient(number: 1, port: port, loop: loop, user: self)
    }

    func mailboxOpened(_ client: MailboxClient) throws(BenchmarkError) {}

    func mailbox(_ client: MailboxClient, received reply: MailboxReply) throws(BenchmarkError) {
        throw BenchmarkError("\(reply) to nothing")
    }

    func mailboxEnded(_ client: MailboxClient) throws(BenchmarkError) {
        throw BenchmarkError("the first client was closed")
    }
}
