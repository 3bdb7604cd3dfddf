import Foundation
import TestSupport
import Testing

/// The tests' own test: clients, sandbox and measuring must work with the original servers before they judge ours.
@Suite("Transfers through the original servers", .serialized)
struct OriginalTransferTests {
    /// A line of the relay's JSON log.
    private struct Record: Decodable {
        let mood: String
        let total_bytes: Int
    }

    @Test("the clients find only the relay", arguments: WormholeProgram.allCases, WormholeProgram.allCases)
    func relayOnly(sender: WormholeProgram, receiver: WormholeProgram) async throws {
        let folder = try TemporaryFolder()
        let sandbox = try await Sandbox()
        let records = folder.path + "/records"
        let mailbox = try await OriginalServer(.mailbox, folder: folder.path, in: sandbox)
        let relay = try await OriginalServer(.relay, folder: folder.path, port: 4001, records: records, in: sandbox)
        let servers = WormholeProgram.Servers(mailboxPort: mailbox.port, relayPort: relay.port)

        for nameplate in 1...8 {
            let transfer = try Transfer(
                of: .folder,
                from: sender,
                to: receiver,
                nameplate: nameplate,
                through: servers,
                in: sandbox
            )
            if try await transfer.expectArrival() == nil { break }
        }
        let minimum = try #require(Cargo.folder.minimumRelayedBytes)
        try await eventually("the relay has recorded the transfer") {
            let text = try String(contentsOfFile: records, encoding: .utf8)
            let lines = try text.split(separator: "\n").map {
                try JSONDecoder().decode(Record.self, from: Data($0.utf8))
            }
            return lines.contains { $0.mood == "happy" && $0.total_bytes >= minimum }
        }
    }
}
