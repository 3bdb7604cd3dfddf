import LinuxIO

/// Memory for clients that are connected and bound and do nothing.
struct IdleClientScenario: Scenario {
    let name = "mailbox-idle"
    let title = "mailbox: idle bound connections"
    let contenders: [Contender] = [.ours, .original]
    let rounds: Int? = 1

    private static let connections = 10_000
    /// Connected before the memory is looked at for the first time, so that what is needed only once is there.
    private static let first = 200
    private static let perConnection = "resident memory per connection"
    private static let atRest = "resident memory without any"

    var metrics: [Metric] {
        [
            Metric(
                name: Self.perConnection,
                unit: .bytes,
                targets: [.within(10_000, reason: "the issue"), .atMost(1, of: .original)]
            ),
            Metric(name: Self.atRest, unit: .megabytes),
            Metric(name: "server CPU per connection", unit: .microseconds),
            Metric(name: "connections", unit: .count),
        ]
    }

    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample {
        let server = try MailboxUnderTest(contender, on: workbench)
        let atRest = try server.process.residentBytes()
        let load = try IdleClients(port: server.port, loop: workbench.newLoop())
        try load.grow(to: Self.first)
        _ = try server.process.settle()
        let before = try server.process.residentBytes()
        let count = workbench.count(Self.connections)
        let effort = try Effort.measure(server.process) { () throws(BenchmarkError) in
            try load.grow(to: Self.first + count)
        }
        let after = try server.process.residentBytes()
        return [
            Self.perConnection: (after - before) / Double(count),
            Self.atRest: atRest,
            "server CPU per connection": effort.server / Double(count),
            "connections": Double(count),
        ]
    }
}

/// Clients that bind and stay.
private final class IdleClients: MailboxUser {
    /// So many connect at the same time, fewer than any server's queue holds.
    private static let concurrency = 32

    private let port: UInt16
    private let loop: LoadLoop
    private var clients: [MailboxClient] = []
    private var wanted = 0
    private var bound = 0

    init(port: UInt16, loop: LoadLoop) {
        self.port = port
        self.loop = loop
    }

    func grow(to count: Int) throws(BenchmarkError) {
        wanted = count
        while clients.count < min(bound + Self.concurrency, wanted) { try connect() }
        try loop.run("\(count) clients", within: 300) { () throws(BenchmarkError) in bound == wanted }
    }

    func mailboxOpened(_ client: MailboxClient) throws(BenchmarkError) {
        client.bind()
        // Has no effect but an answer, which tells that the bind is done.
        client.list()
        try client.flush()
    }

    func mailbox(_ client: MailboxClient, received reply: MailboxReply) throws(BenchmarkError) {
        guard case .nameplates = reply else { throw BenchmarkError("\(reply) to a list") }
        bound += 1
        if clients.count < wanted { try connect() }
    }

    func mailboxEnded(_ client: MailboxClient) throws(BenchmarkError) {
        throw BenchmarkError("an idle client was closed")
    }

    private func connect() throws(BenchmarkError) {
        clients.append(try MailboxClient(number: clients.count + 1, port: port, loop: loop, user: self))
    }
}
