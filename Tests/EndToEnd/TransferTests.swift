import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Transfers through our servers")
struct TransferTests {
    /// What the relay counts beyond the cargo: both handshakes, the clients' framing, and the acknowledgement.
    private static let overhead = 0.01
    private static let fixedOverhead = 5_000.0

    @Test("whatever is sent arrives, and everything tells the same", arguments: WormholeProgram.allCases)
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
                account.transfers += 1
                let transfer = try Transfer(
                    of: cargo,
                    from: sender,
                    to: receiver,
                    nameplate: account.transfers,
                    through: servers,
                    in: sandbox
                )
                try await transfer.expectArrival()
                if let bytes = cargo.minimumRelayedBytes {
                    account.relayed += 1
                    try await expectRelayed(atLeast: bytes, by: server, in: &account)
                }
            }
        }
        try await expectAgreement(of: server, with: account)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        try await expectKept(by: server, of: account)
    }

    /// What has been carried so far.
    private struct Account {
        var transfers = 0
        var relayed = 0
        /// Payload the relay says it has forwarded.
        var bytes = 0.0
    }

    private static let relayedBytes = #"wormhole_transit_relayed_bytes_total{path="tcp_tcp"}"#
    private static let happySessions = #"wormhole_transit_sessions_total{mood="happy"}"#

    /// The cargo has gone through the relay, and not much more.
    private func expectRelayed(atLeast bytes: Int, by server: RunningServer, in account: inout Account) async throws {
        let relayed = account.relayed
        try await eventually("transfer \(relayed) is recorded") {
            try await server.metric(Self.happySessions) == Double(relayed)
        }
        let total = try await server.metric(Self.relayedBytes)
        let passed = total - account.bytes
        #expect(passed >= Double(bytes))
        #expect(passed <= Double(bytes) * (1 + Self.overhead) + Self.fixedOverhead)
        account.bytes = total
    }

    /// Metrics and lines of JSON say the same.
    private func expectAgreement(of server: RunningServer, with account: Account) async throws {
        // A mailbox is over once both clients have closed it, which the last ones may still be about to do.
        let mailboxes = #"wormhole_mailboxes_closed_total{result="happy",for_nameplate="true"}"#
        try await eventually("all mailboxes are closed") {
            try await server.metric(mailboxes) == Double(account.transfers)
        }
        #expect(try await server.metric("wormhole_transit_active_sessions") == 0)
        #expect(try await server.metric("wormhole_transit_waiting") == 0)
        #expect(
            try await server.metric(#"wormhole_nameplates_closed_total{result="happy"}"#) == Double(account.transfers)
        )
        #expect(
            try await server.metric(#"wormhole_mailbox_commands_total{command="bind",outcome="ok"}"#)
                == Double(account.transfers * 2)
        )

        let lines = try await eventually("all lines are written") {
            let lines = try await server.recordLines()
            return lines.count { $0["kind"] == "mailbox" } == account.transfers ? lines : nil
        }
        #expect(lines.count { $0["kind"] == "nameplate" } == account.transfers)
        #expect(lines.count { $0["kind"] == "client_version" } == account.transfers * 2)
        let transfers = lines.filter { $0["kind"] == "transit" }
        let happy = transfers.filter { $0["mood"] == "happy" }
        #expect(happy.count == account.relayed)
        #expect(happy.compactMap { $0["total_bytes"]?.number }.reduce(0, +) == account.bytes)
        // The clients try each path more than once; what lost the race is recorded without bytes.
        #expect(transfers.allSatisfy { $0["mood"] == "happy" || $0["total_bytes"] == 0 })
    }

    /// The usage database holds the same, after the end of the process; the channel database holds nothing.
    private func expectKept(by server: RunningServer, of account: Account) async throws {
        let relay = "SELECT count(*), CAST(sum(total_bytes) AS INTEGER) FROM usage WHERE mood = 'happy'"
        #expect(try await server.query("usage.sqlite", relay) == ["\(account.relayed)|\(Int(account.bytes))"])
        let happy = "SELECT count(*) FROM mailboxes WHERE result = 'happy'"
        #expect(try await server.query("usage.sqlite", happy) == ["\(account.transfers)"])
        let nameplates = "SELECT count(*) FROM nameplates WHERE result = 'happy'"
        #expect(try await server.query("usage.sqlite", nameplates) == ["\(account.transfers)"])
        let clients = "SELECT count(*) FROM client_versions"
        #expect(try await server.query("usage.sqlite", clients) == ["\(account.transfers * 2)"])
        let left =
            "SELECT (SELECT count(*) FROM nameplates), (SELECT count(*) FROM mailboxes), (SELECT count(*) FROM messages)"
        #expect(try await server.query("relay.sqlite", left) == ["0|0|0"])
    }
}
