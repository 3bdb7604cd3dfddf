import Admission
import MailboxRules
import MailboxService
import Observations
import TestSupport
import Testing

/// What one client or one source may take from all others, over real connections. A proxy on this host tells the sources.
@Suite("Limits of the mailbox server", .timeLimit(.minutes(2)))
struct LimitTests {
    private static func headers(_ address: String) -> [String] { ["X-Real-IP: \(address)", "X-Real-Port: 5"] }

    /// What an upgrade is answered with.
    private static func status(_ harness: MailboxServerHarness, from address: String) async throws -> String {
        let socket = try WebSocketTestSocket.connect(port: harness.port)
        try await socket.send(WebSocketTestClient.request(path: "/v1", headers: headers(address)))
        let answer = try await socket.receive(through: "\r\n\r\n")
        return String(decoding: answer.dropFirst(9).prefix(3), as: UTF8.self)
    }

    @Test("one source may fill its share of the connections, and nobody else's; this host has no share")
    func connectionsPerSource() async throws {
        try await MailboxServerHarness.run({ $0.maximumConnectionsPerSource = 2 }) { harness in
            let first = try await harness.visit(headers: Self.headers("192.0.2.1")).visitor
            var others = [try await harness.visit(headers: Self.headers("192.0.2.1")).visitor]
            #expect(try await Self.status(harness, from: "192.0.2.1") == "429")
            try await harness.observed("the reason") { $0 == .connectionRejected(.mailbox, reason: .sourceLimit) }
            for _ in 0..<5 { others.append(try await harness.visit().visitor) }
            // All of one IPv6 network are one source.
            for last in 1...2 {
                others.append(try await harness.visit(headers: Self.headers("2001:db8::\(last)")).visitor)
            }
            #expect(try await Self.status(harness, from: "2001:db8::3") == "429")
            others.append(try await harness.visit(headers: Self.headers("2001:db8:0:1::1")).visitor)
            await first.vanish()
            try await eventually("there is room again") {
                try await Self.status(harness, from: "192.0.2.1") == "101"
            }
            #expect(others.count == 9)
        }
    }

    @Test("D13: as many connections as there may be, then a word instead of a reset")
    func connections() async throws {
        try await MailboxServerHarness.run({ $0.maximumConnections = 3 }) { harness in
            var visitors: [Visitor] = []
            for _ in 0..<3 { visitors.append(try await harness.visit().visitor) }
            let socket = try WebSocketTestSocket.connect(port: harness.port)
            try await socket.send(WebSocketTestClient.request(path: "/v1"))
            let answer = String(decoding: try await socket.receiveToEnd().bytes, as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.hasSuffix("The server is full.\n"), "\(answer)")
            try await harness.observed("the reason") { $0 == .connectionRejected(.mailbox, reason: .globalLimit) }
            for visitor in visitors { try await visitor.expectSilence() }
        }
    }

    @Test("who leaves before what it said is stored gives its place back", arguments: [true, false])
    func leavingEarly(withClose: Bool) async throws {
        let folder = try TemporaryFolder()
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.maximumConnections = 2
            configuration.maximumConnectionsPerSource = 2
        }
        let harness = try await MailboxServerHarness(
            database: folder.path + "/relay.sqlite",
            endpoint: "tcp:0:interface=127.0.0.1",
            configure
        )
        for number in 1...6 {
            try await eventually("there is room for number \(number)") {
                let socket = try WebSocketTestSocket.connect(port: harness.port)
                try await socket.send(WebSocketTestClient.request(path: "/v1", headers: Self.headers("192.0.2.1")))
                let answer = String(decoding: try await socket.receive(through: "\r\n\r\n"), as: UTF8.self)
                guard answer.hasPrefix("HTTP/1.1 101 ") else { return false }
                let frames = [
                    WebSocketTestFrame.text(#"{"type":"bind","appid":"a","side":"s"}"#),
                    .text(#"{"type":"claim","nameplate":"\#(number)"}"#),
                ]
                // All in one piece, so that the end is known before the claim is stored.
                try await socket.send(frames.flatMap(\.bytes) + (withClose ? WebSocketTestFrame.close(1000).bytes : []))
                await socket.shutdownOutput()
                _ = try await socket.receiveToEnd()
                return true
            }
        }
        await harness.server.stop()
    }

    @Test("new connections are held to a rate, of one source and of all")
    func arrivals() async throws {
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.connectionRate = 8
            configuration.connectionRatePerSource = 1
        }
        try await MailboxServerHarness.run(configure) { harness in
            // As many as fit six seconds at once.
            for _ in 0..<6 { #expect(try await Self.status(harness, from: "192.0.2.1") == "101") }
            try await eventually("the source is refused") { try await Self.status(harness, from: "192.0.2.1") == "429" }
            try await harness.observed("the reason") { $0 == .connectionRejected(.mailbox, reason: .sourceRate) }
            var last = 1
            try await eventually("everybody is refused") {
                last = last % 250 + 1
                return try await Self.status(harness, from: "192.0.2.\(last)") == "503"
            }
            try await harness.observed("the reason for all") {
                $0 == .connectionRejected(.mailbox, reason: .acceptRate)
            }
        }
    }

    @Test("a client that says too much in too short a time is read more slowly, and gets every answer")
    func commandRate() async throws {
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.commands = Pace(20, per: .seconds(1), burst: 10)
        }
        try await MailboxServerHarness.run(configure) { harness in
            let fast = try await harness.visit(headers: Self.headers("192.0.2.1")).visitor
            let other = try await harness.visit(headers: Self.headers("192.0.2.1")).visitor
            let started = ContinuousClock.now
            for number in 0..<30 { try await fast.say(#"{"type":"ping","ping":\#(number)}"#) }
            try await other.expectSilence()
            for number in 0..<30 {
                _ = try await fast.hear("ack")
                #expect(try await fast.hear("pong")["pong"] == .number(Double(number)))
            }
            // 20 of them at 20 a second.
            #expect(ContinuousClock.now - started > .milliseconds(700))
            try await harness.observed("the limit") { $0 == .limitHit(.mailboxCommandRate) }
        }
    }

    @Test("clients of this host are read as fast as they speak")
    func commandRateOfThisHost() async throws {
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.commands = Pace(1, per: .seconds(60), burst: 1)
        }
        try await MailboxServerHarness.run(configure) { harness in
            let visitor = try await harness.visit().visitor
            for _ in 0..<50 { try await visitor.expectSilence() }
        }
    }

    private static let sourceCommands: [(command: String, reply: String, limit: Limit)] = [
        (#"{"type":"allocate"}"#, "allocated", .mailboxAllocateRate),
        (#"{"type":"claim","nameplate":"4"}"#, "claimed", .mailboxClaimRate),
        (#"{"type":"list"}"#, "nameplates", .mailboxListRate),
    ]

    @Test("one source may ask only so often for what costs others something", arguments: sourceCommands.indices)
    func sourceRates(index: Int) async throws {
        let (command, reply, limit) = Self.sourceCommands[index]
        let configure = { (configuration: inout MailboxConfiguration) in
            let pace = Pace(2, per: .seconds(600), burst: 2)
            configuration.limits.allocations = pace
            configuration.limits.claims = pace
            configuration.limits.lists = pace
        }
        try await MailboxServerHarness.run(configure) { harness in
            var last: Visitor?
            for number in 0..<3 {
                let visitor = try await harness.visit(headers: Self.headers("192.0.2.1")).visitor
                try await visitor.bind("s")
                if number < 2 {
                    _ = try await visitor.ask(command, for: reply)
                } else {
                    let error = try await visitor.ask(command, for: "error")["error"]?.string ?? ""
                    #expect(error.contains("too many") && error.contains("try again later"))
                    last = visitor
                }
            }
            try await harness.observed("the limit") { $0 == .limitHit(limit) }
            // The connection goes on, other sources do not suffer, and this host has no limit.
            try await last?.expectSilence()
            let other = try await harness.visit(headers: Self.headers("192.0.2.2")).visitor
            try await other.bind("s")
            _ = try await other.ask(command, for: reply)
            for _ in 0..<5 { _ = try await harness.visitor("s").ask(command, for: reply) }
        }
    }

    @Test("one source holds only so many nameplates, until they are given back; this host as many as it likes")
    func nameplatesHeld() async throws {
        try await MailboxServerHarness.run({ $0.limits.nameplatesPerSource = 1 }) { harness in
            let first = try await harness.visit(headers: Self.headers("192.0.2.1")).visitor
            try await first.bind("a")
            _ = try await first.claim("4")
            await first.vanish()
            let second = try await harness.visit(headers: Self.headers("192.0.2.1")).visitor
            try await second.bind("b")
            for command in [#"{"type":"allocate"}"#, #"{"type":"claim","nameplate":"5"}"#] {
                try await second.expect(
                    "too many nameplates are held from this address, try again later",
                    for: command
                )
                try await harness.observed("the limit") { $0 == .limitHit(.mailboxNameplatesHeld) }
            }
            // It may come to one that exists, and others may do as before.
            _ = try await second.claim("4")
            let other = try await harness.visit(headers: Self.headers("192.0.2.2")).visitor
            try await other.bind("a")
            _ = try await other.claim("5")
            for _ in 0..<3 { _ = try await harness.visitor("c").ask(#"{"type":"allocate"}"#, for: "allocated") }
            try await second.release()
            try await second.expect(
                "too many nameplates are held from this address, try again later",
                for: #"{"type":"allocate"}"#
            )
            _ = try await harness.visitor("a").ask(#"{"type":"release","nameplate":"4"}"#, for: "released")
            _ = try await second.ask(#"{"type":"allocate"}"#, for: "allocated")
        }
    }

    @Test("messages in a mailbox, its bytes and all stored bytes have a limit, and the mailbox goes on")
    func stored() async throws {
        try await MailboxServerHarness.run({ $0.limits.messagesPerMailbox = 2 }) { harness in
            let visitor = try await harness.visitor("s")
            try await visitor.open("m")
            for _ in 0..<2 { try await visitor.add("00") }
            try await visitor.expect("mailbox is full", for: #"{"type":"add","phase":"p","body":"00"}"#)
            try await harness.observed("the limit") { $0 == .limitHit(.mailboxStore) }
            try await visitor.close()
        }
    }
}
