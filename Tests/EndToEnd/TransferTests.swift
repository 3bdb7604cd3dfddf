import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Transfers through our servers", .timeLimit(.minutes(10)))
struct TransferTests {
    /// What the relay counts beyond the cargo: both handshakes, the clients' framing, and the acknowledgement.
    private static let overhead = 0.01
    private static let fixedOverhead = 5_000.0
    /// Tries of a transfer that the Go client takes part in, because of its own failures.
    private static let patience = 8

    private static let relayedBytes = #"wormhole_transit_relayed_bytes_total{path="tcp_tcp"}"#
    private static let happySessions = #"wormhole_transit_sessions_total{mood="happy"}"#

    /// What has been carried so far.
    private struct Account {
        /// Pairs of programs that have been started.
        var attempts = 0
        /// Those of them with the Python client at both ends.
        var pythonOnly = 0
        /// Bytes the relay has counted.
        var bytes = 0.0
    }

    @Test(
        "mailbox 82, relay 137: whatever is sent arrives, and everything tells the same",
        arguments: WormholeProgram.allCases
    )
    func transfers(sender: WormholeProgram) async throws {
        let sandbox = try await Sandbox()
        // The Go client, as sender, knows the relay by a name and a port of its own.
        let server = try await RunningServer(
            "--transit=tcp:4001:interface=127.0.0.1",
            "--blur-usage=0",
            in: sandbox,
            recordsLines: true
        )
        let ports = await server.ports
        let servers = WormholeProgram.Servers(mailboxPort: ports.mailbox, relayPort: ports.transit)

        var account = Account()
        for receiver in WormholeProgram.allCases {
            for cargo in Cargo.allCases where receiver.canReceive(cargo) {
                try await carry(cargo, from: sender, to: receiver, through: servers, of: server, in: sandbox, &account)
            }
        }
        let totals = try await expectAgreement(of: server, with: account)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        try await expectKept(by: server, totals, account)
    }

    /// Carries one cargo and finds it in the relay's counter of bytes.
    private func carry(
        _ cargo: Cargo,
        from sender: WormholeProgram,
        to receiver: WormholeProgram,
        through servers: WormholeProgram.Servers,
        of server: RunningServer,
        in sandbox: Sandbox,
        _ account: inout Account
    ) async throws {
        let tries = sender == .go || receiver == .go ? Self.patience : 1
        for attempt in 1...tries {
            account.attempts += 1
            account.pythonOnly += sender == .python && receiver == .python ? 1 : 0
            let transfer = try Transfer(
                of: cargo,
                from: sender,
                to: receiver,
                nameplate: account.attempts,
                through: servers,
                in: sandbox
            )
            let failure = try await transfer.expectArrival()
            try await expectRelayed(cargo, whole: failure == nil, by: server, &account)
            guard let failure else { return }
            try #require(attempt < tries, "\(cargo) from \(sender) to \(receiver): \(failure) every time")
        }
    }

    /// The cargo has gone through the relay, and not much more.
    private func expectRelayed(
        _ cargo: Cargo,
        whole: Bool,
        by server: RunningServer,
        _ account: inout Account
    ) async throws {
        let total = try await eventually("the relay is at rest and has counted \(cargo)") { () -> Double? in
            guard try await server.metric("wormhole_transit_active_sessions") == 0 else { return nil }
            let total = try await server.metric(Self.relayedBytes)
            let recorded = try await server.recordLines().compactMap { $0["total_bytes"]?.number }.reduce(0, +)
            return total == recorded && (!whole || total > account.bytes || cargo == .text) ? total : nil
        }
        let passed = total - account.bytes
        account.bytes = total
        guard whole else { return }
        let bytes = Double(cargo.minimumRelayedBytes ?? 0)
        #expect(passed >= bytes, "\(cargo)")
        #expect(passed <= bytes * (1 + Self.overhead) + Self.fixedOverhead, "\(cargo)")
        #expect((passed == 0) == (cargo == .text), "\(cargo)")
    }

    /// Metrics and lines of JSON say the same.
    ///
    /// - Returns: How many happy transfers, nameplates, mailboxes and clients there were.
    private func expectAgreement(of server: RunningServer, with account: Account) async throws -> [Int] {
        let connections = #"wormhole_connections{component="mailbox",transport="ws",ip_family="ipv4"}"#
        try await eventually("all clients have gone") { try await server.metric(connections) == 0 }
        // Each client releases the nameplate and closes the mailbox, unless the Go client ends before it comes to the latter.
        let lines = try await eventually("every nameplate has its line") {
            let lines = try await server.recordLines()
            return lines.count { $0["kind"] == "nameplate" } == account.attempts ? lines : nil
        }
        // Whatever the clients said was right.
        let errors = try await server.metrics(of: "wormhole_mailbox_errors_total")
        #expect(!errors.isEmpty && errors.values.allSatisfy { $0 == 0 }, "\(errors)")
        let mailboxes = lines.count { $0["kind"] == "mailbox" }
        #expect(mailboxes >= account.pythonOnly && mailboxes <= account.attempts)
        let happy = lines.filter { $0["kind"] == "transit" && $0["mood"] == "happy" }.count
        let nameplates = lines.count { $0["kind"] == "nameplate" }
        let clients = lines.count { $0["kind"] == "client_version" }
        #expect(clients == account.attempts * 2)
        #expect(try await server.metric(Self.happySessions) == Double(happy))
        #expect(try await server.metric(Self.relayedBytes) == account.bytes)
        #expect(try await server.metric("wormhole_transit_waiting") == 0)
        #expect(try await server.metric(#"wormhole_nameplates_closed_total{result="happy"}"#) == Double(nameplates))
        let binds = #"wormhole_mailbox_commands_total{command="bind",outcome="ok"}"#
        #expect(try await server.metric(binds) == Double(clients))
        for result in ["happy", "errory", "scary", "lonely", "pruney", "crowded"] {
            let closed = #"wormhole_mailboxes_closed_total{result="\#(result)",for_nameplate="true"}"#
            let count = lines.count { $0["kind"] == "mailbox" && $0["result"] == .string(result) }
            #expect(try await server.metric(closed) == Double(count), "\(result)")
        }
        return [happy, nameplates, mailboxes, clients]
    }

    /// The usage database holds the same, after the end of the process; the channel database, what the Go client left.
    private func expectKept(by server: RunningServer, _ totals: [Int], _ account: Account) async throws {
        let counts = """
            SELECT (SELECT count(*) FROM usage WHERE result = 'happy'), (SELECT count(*) FROM nameplates),
                (SELECT count(*) FROM mailboxes), (SELECT count(*) FROM client_versions)
            """
        let expected = totals.map(String.init).joined(separator: "|")
        #expect(try await server.query("usage.sqlite", counts) == [expected[...]])
        let bytes = "SELECT CAST(sum(total_bytes) AS INTEGER) FROM usage"
        #expect(try await server.query("usage.sqlite", bytes) == [String(Int(account.bytes))[...]])
        let left = "SELECT (SELECT count(*) FROM nameplates), (SELECT count(*) FROM mailboxes)"
        #expect(try await server.query("relay.sqlite", left) == ["0|\(account.attempts - totals[2])"])
    }
}
