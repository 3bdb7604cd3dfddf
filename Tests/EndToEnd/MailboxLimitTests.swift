import Foundation
import TestSupport
import Testing

/// Each limit of the mailbox server, given by its option: the real server keeps to it, and counts it under its own name.
@Suite("Limits of the mailbox server, by option", .timeLimit(.minutes(2)))
struct MailboxLimitTests {
    private static func hits(_ limit: String) -> String { #"wormhole_limit_hits_total{limit="\#(limit)"}"# }

    private static func rejections(_ reason: String) -> String {
        #"wormhole_connections_rejected_total{component="mailbox",reason="\#(reason)"}"#
    }

    private static func ends(_ cause: String) -> String {
        #"wormhole_connections_closed_total{component="mailbox",cause="\#(cause)"}"#
    }

    /// Waits until a series has reached a value, beyond which it must not be.
    private static func expect(_ series: String, _ value: Double, at server: RunningServer) async throws {
        let reached = try await eventually(series) {
            let now = try await server.metric(series)
            return now >= value ? now : nil
        }
        #expect(reached == value, "\(series)")
    }

    private static func headers(_ address: String) -> [String] { ["X-Real-IP: \(address)", "X-Real-Port: 5"] }

    /// What an upgrade is answered with, and the connection; `nil` when it is closed without a word.
    private static func knock(
        at port: Int,
        _ headers: [String] = []
    ) async throws -> (status: String?, socket: WebSocketTestSocket) {
        let socket = try WebSocketTestSocket.connect(port: port)
        do {
            try await socket.send(WebSocketTestClient.request(path: "/v1", headers: headers))
            let answer = try await socket.receive(through: "\r\n\r\n")
            return (String(decoding: answer.dropFirst(9).prefix(3), as: UTF8.self), socket)
        } catch let error as WebSocketTestError where error.code != .deadline {
            return (nil, socket)
        }
    }

    // MARK: What is stored

    private static func add(bytes: Int) -> JSON {
        ["type": "add", "phase": "p", "body": .string(String(repeating: "0", count: bytes))]
    }

    /// A client that has a mailbox of its own open.
    private static func holder(of mailbox: String, at port: Int) async throws -> MailboxClient {
        let client = try await MailboxClient(port: port, app: "app", side: "s")
        try await client.send(["type": "open", "mailbox": .string(mailbox)])
        return client
    }

    @Test("--max-message-size, --max-mailbox-messages, --max-mailbox-bytes, --max-stored-bytes")
    func sizes() async throws {
        let server = try await RunningServer(
            "--max-message-size=3000",
            "--max-mailbox-messages=3",
            "--max-mailbox-bytes=2000",
            "--max-stored-bytes=5000"
        )
        let port = await server.ports.mailbox
        let body = String(repeating: "0", count: 1500)

        let many = try await Self.holder(of: "many", at: port)
        for _ in 0..<3 { try await many.add("p", "00") }
        #expect(try await many.refusal(of: Self.add(bytes: 2)) == "mailbox is full")
        try await Self.expect(Self.hits("mailbox_store"), 1, at: server)

        let large = try await Self.holder(of: "large", at: port)
        try await large.add("p", body)
        #expect(try await large.refusal(of: Self.add(bytes: 1500)) == "mailbox is full")
        try await Self.expect(Self.hits("mailbox_store"), 2, at: server)
        try await large.add("p", "00")

        // There is room for three of these in all mailboxes together.
        for mailbox in ["second", "third"] { try await Self.holder(of: mailbox, at: port).add("p", body) }
        let last = try await Self.holder(of: "last", at: port)
        #expect(try await last.refusal(of: Self.add(bytes: 1500)) == "mailbox is full")
        try await Self.expect(Self.hits("mailbox_store"), 3, at: server)
        try await last.add("p", "00")
        #expect(try await server.metric("wormhole_mailbox_stored_limit_bytes") == 5000)
        try await large.close()
        try await last.add("p", body)

        // As long as it may be, with spaces behind.
        let ping = #"{"type":"ping","ping":1}"#
        let longest = ping + String(repeating: " ", count: 3000 - ping.utf8.count)
        try await last.connection.send(text: longest)
        _ = try await last.next("pong")
        try await last.connection.send(text: longest + " ")
        #expect(try await last.connection.remainder().closeCode == 1009)
        try await Self.expect(Self.hits("mailbox_message_size"), 1, at: server)
        try await Self.expect(Self.ends("limit"), 1, at: server)
        try await Self.expect(Self.hits("mailbox_store"), 3, at: server)
    }

    // MARK: Room and time

    @Test("--max-unfinished-upgrades, --max-connections, --bind-timeout, --max-send-buffer")
    func room() async throws {
        let server = try await RunningServer(
            "--max-unfinished-upgrades=4",
            "--max-connections=7",
            "--bind-timeout=2",
            "--max-send-buffer=200000",
            "--max-mailbox-messages=0",
            "--max-mailbox-bytes=0"
        )
        let port = await server.ports.mailbox

        let silent = try (0..<4).map { _ in try WebSocketTestSocket.connect(port: port) }
        let refused = try WebSocketTestSocket.connect(port: port)
        #expect(try await refused.receiveToEnd().bytes.isEmpty)
        try await Self.expect(Self.rejections("global_limit"), 1, at: server)
        for socket in silent { await socket.close() }
        let first = try await eventually("there is room again") {
            let (status, socket) = try await Self.knock(at: port)
            return status == "101" ? socket : nil
        }
        await first.close()
        let connections = #"wormhole_connections{component="mailbox",transport="ws",ip_family="ipv4"}"#
        try await eventually("nobody is left") { try await server.metric(connections) == 0 }

        var clients: [MailboxClient] = []
        for number in 0..<7 { clients.append(try await MailboxClient(port: port, app: "app", side: "\(number)")) }
        let before = try await server.metric(Self.rejections("global_limit"))
        #expect(try await Self.knock(at: port).status == "503")
        try await Self.expect(Self.rejections("global_limit"), before + 1, at: server)

        await clients.removeLast().connection.socket.close()
        let unbound = try await eventually("one may come for one that left") {
            try? await WebSocketTestClient.connect(port: port, path: "/v1")
        }
        _ = try await unbound.nextText()
        #expect(try await unbound.next().closeCode == 1008)
        _ = try await unbound.close()
        try await Self.expect(Self.hits("mailbox_bind_timeout"), 1, at: server)
        try await Self.expect(Self.ends("bind_timeout"), 1, at: server)

        let slow = try await eventually("one may come again") {
            try? await MailboxClient(
                over: .connect(port: port, receiveBuffer: 4096),
                app: "app",
                side: "slow"
            )
        }
        for client in [slow, clients[0]] { try await client.send(["type": "open", "mailbox": "m"]) }
        let body = String(repeating: "0", count: 100_000)
        var bytes = 0
        try await eventually("the client that does not read is ended") {
            try await clients[0].add("p", body)
            bytes += body.utf8.count
            return try await server.metric(Self.ends("slow_consumer")) == 1
        }
        // The kernel takes some of it, but without the option 8 MiB would wait in the server alone.
        #expect(bytes < 8 << 20)
        try await Self.expect(Self.hits("mailbox_outstanding"), 1, at: server)
    }

    // MARK: Sources

    @Test("every limit of one source, and the rate of everybody's new connections; a proxy tells the sources")
    func sources() async throws {
        let server = try await RunningServer(
            "--connection-rate=25",
            "--connection-rate-per-source=2",
            "--max-connections-per-source=9",
            "--command-rate=10",
            "--allocate-rate=3",
            "--claim-rate=7",
            "--list-rate=4",
            "--max-nameplates-per-source=5"
        )
        try await askTooOften(server)
        try await sayTooMuch(server)
        try await comeTooOften(server)
    }

    private func client(of source: Int, at server: RunningServer) async throws -> MailboxClient {
        let port = await server.ports.mailbox
        return try await MailboxClient(port: port, app: "app", side: "s", headers: Self.headers("192.0.2.\(source)"))
    }

    private func askTooOften(_ server: RunningServer) async throws {
        for _ in 0..<3 {
            let client = try await client(of: 1, at: server)
            try await client.send(["type": "allocate"])
            _ = try await client.next("allocated")
        }
        let allocating = try await client(of: 1, at: server)
        #expect(try await allocating.refusal(of: ["type": "allocate"]).hasPrefix("too many 'allocate'"))
        try await Self.expect(Self.hits("mailbox_allocate_rate"), 1, at: server)

        for _ in 0..<7 { _ = try await client(of: 2, at: server).claim("2000") }
        let claiming = try await client(of: 2, at: server)
        let claim: JSON = ["type": "claim", "nameplate": "2000"]
        #expect(try await claiming.refusal(of: claim).hasPrefix("too many 'claim'"))
        try await Self.expect(Self.hits("mailbox_claim_rate"), 1, at: server)

        let listing = try await client(of: 3, at: server)
        for _ in 0..<4 {
            try await listing.send(["type": "list"])
            _ = try await listing.next("nameplates")
        }
        #expect(try await listing.refusal(of: ["type": "list"]).hasPrefix("too many 'list'"))
        try await Self.expect(Self.hits("mailbox_list_rate"), 1, at: server)

        for number in 0..<5 { _ = try await client(of: 4, at: server).claim("400\(number)") }
        let holding = try await client(of: 4, at: server)
        let oneMore: JSON = ["type": "claim", "nameplate": "4005"]
        #expect(try await holding.refusal(of: oneMore).hasPrefix("too many nameplates"))
        try await Self.expect(Self.hits("mailbox_nameplates_held"), 1, at: server)
    }

    private func sayTooMuch(_ server: RunningServer) async throws {
        let talking = try await client(of: 5, at: server)
        let started = ContinuousClock.now
        // 50 at once, the bind among them, and the others at 10 a second.
        for number in 0..<60 { try await talking.send(["type": "ping", "ping": .number(Double(number))]) }
        for number in 0..<60 { #expect(try await talking.next("pong")["pong"] == .number(Double(number))) }
        #expect(ContinuousClock.now - started > .milliseconds(900))
        #expect(try await server.metric(Self.hits("mailbox_command_rate")) >= 1)
    }

    private func comeTooOften(_ server: RunningServer) async throws {
        let port = await server.ports.mailbox
        var sockets: [WebSocketTestSocket] = []
        var answers: [String?] = []
        func knock() async throws {
            let (status, socket) = try await Self.knock(at: port, Self.headers("192.0.2.6"))
            answers.append(status)
            sockets.append(socket)
        }
        // Nine may be there at a time, and twelve may come at once.
        for _ in 0..<12 { try await knock() }
        while try await server.metric(Self.rejections("source_rate")) == 0 {
            try await knock()
            try #require(answers.count < 60)
        }
        #expect(answers.count { $0 == "101" } == 9 && answers.dropFirst(9).allSatisfy { $0 == "429" }, "\(answers)")
        #expect(try await server.metric(Self.rejections("source_limit")) >= 3)
        try await eventually("every refusal has one reason") {
            let reasons = [Self.rejections("source_limit"), Self.rejections("source_rate")]
            var counted = 0.0
            for reason in reasons { counted += try await server.metric(reason) }
            return counted == Double(answers.count - 9)
        }
        #expect(try await server.metric(Self.rejections("accept_rate")) == 0)

        // Everybody comes from elsewhere.
        var network = 0
        try await eventually("everybody is refused") {
            network += 1
            let headers = Self.headers("2001:db8:0:\(String(network, radix: 16))::1")
            return try await Self.knock(at: port, headers).status == "503"
        }
        #expect(network >= 10)
        try await Self.expect(Self.rejections("accept_rate"), 1, at: server)
        #expect(try await server.metric(Self.rejections("global_limit")) == 0)
    }

    @Test("--max-unfinished-upgrades-per-source")
    func unfinishedOfSource() async throws {
        // Who has not said anything comes from where the connection does: there must be an address that is not this host's own.
        let sandbox = try await Sandbox()
        let address = try sandbox.start("ip", ["address", "add", "192.0.2.0/24", "dev", "lo"])
        #expect(try await address.end() == .exited(0), "\(address.transcript)")
        let server = try await RunningServer(
            "--max-unfinished-upgrades-per-source=3",
            "--mailbox=tcp:0:interface=0.0.0.0",
            in: sandbox
        )
        let script = """
            import socket, sys
            def connect(source):
                return socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20, (source, 0))
            def ask(connection):
                connection.sendall(b"GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")
                return connection.recv(12).decode()
            held = [connect("192.0.2.1") for _ in range(3)]
            print(repr(connect("192.0.2.1").recv(1)))
            print(ask(connect("192.0.2.2")))
            print(ask(held[0]))
            print(ask(connect("192.0.2.1")))
            """
        let clients = try sandbox.start("python3", ["-c", script, String(await server.ports.mailbox)])
        #expect(try await clients.end() == .exited(0), "\(clients.transcript)")
        #expect(clients.output == "b''\n" + String(repeating: "HTTP/1.1 200\n", count: 3))
        try await Self.expect(Self.rejections("source_limit"), 1, at: server)
    }
}
