import Glibc
import TestSupport
import Testing

/// The real server asks for proof of work.
@Suite("Proof of work", .timeLimit(.minutes(1)))
struct HashcashTests {
    @Test("116, 118: --require-hashcash lets in who shows a stamp, in either spelling, and nobody else")
    func required() async throws {
        let server = try await RunningServer("--require-hashcash=\(ProofOfWork.bits)")
        let port = await server.ports.mailbox
        let bind = #"{"type":"bind","appid":"app","side":"s"}"#
        for type in ["submit-permissions", "submit-permission"] {
            let client = try await WebSocketTestClient.connect(port: port, path: "/v1")
            let hashcash = try JSON(try await client.nextText())["welcome"]?["permission-required"]?["hashcash"]
            #expect(hashcash?["bits"] == .number(Double(ProofOfWork.bits)))
            let stamp = ProofOfWork.stamp(for: try #require(hashcash?["resource"]?.string))
            try await client.send(text: #"{"type":"\#(type)","method":"hashcash","stamp":"\#(stamp)"}"#)
            try await client.send(text: bind)
            try await client.send(text: #"{"type":"list"}"#)
            for reply in ["ack", "ack", "ack", "nameplates"] {
                #expect(try JSON(try await client.nextText())["type"]?.string == reply)
            }
            _ = try await client.close()
        }
        let without = try await WebSocketTestClient.connect(port: port, path: "/v1")
        _ = try await without.nextText()
        try await without.send(text: bind)
        #expect(try JSON(try await without.nextText())["type"] == "ack")
        #expect(try JSON(try await without.nextText())["type"] == "error")
        #expect(try await without.next().closeCode == 1008)
        #expect(try await without.close().frames.isEmpty)
        for (result, count) in [("issued", 3.0), ("passed", 2), ("absent", 1), ("failed", 0)] {
            let series = #"wormhole_mailbox_permission_challenges_total{method="hashcash",result="\#(result)"}"#
            try await eventually("\(series) is \(count)") { try await server.metric(series) == count }
        }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }
}
