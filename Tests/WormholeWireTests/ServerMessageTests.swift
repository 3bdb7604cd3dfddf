import Foundation
import Testing
import WormholeWire

@Suite("Server messages")
struct ServerMessageTests {
    private let now = Timestamp(microseconds: 1_795_233_738_845_414)

    private func text(_ message: ServerMessage) -> String {
        var writer = JSONWriter()
        message.write(at: now, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static let message = StoredMessage(
        side: Side("s\u{e9}")!,
        phase: Phase("pa\"ke")!,
        body: "00\u{0}\n",
        id: JSONText(valid: #""a1""#),
        received: Timestamp(microseconds: 5_000_001)
    )

    @Test(
        "each kind is written with exactly its keys",
        arguments: [
            (ServerMessage.ack(id: .null), #"{"type": "ack", "id": null, "server_tx": 1795233738.845414}"#),
            (.pong(JSONText(valid: "1.0")), #"{"type": "pong", "pong": 1.0, "server_tx": 1795233738.845414}"#),
            (.nameplates([]), #"{"type": "nameplates", "nameplates": [], "server_tx": 1795233738.845414}"#),
            (
                .nameplates([Nameplate(1), Nameplate(10)]),
                #"{"type": "nameplates", "nameplates": [{"id": "1"}, {"id": "10"}], "server_tx": 1795233738.845414}"#
            ),
            (.allocated(Nameplate(4)), #"{"type": "allocated", "nameplate": "4", "server_tx": 1795233738.845414}"#),
            (.claimed(MailboxID("m")!), #"{"type": "claimed", "mailbox": "m", "server_tx": 1795233738.845414}"#),
            (.released, #"{"type": "released", "server_tx": 1795233738.845414}"#),
            (.closed, #"{"type": "closed", "server_tx": 1795233738.845414}"#),
            (
                .message(message),
                #"{"type": "message", "side": "sé", "phase": "pa\"ke", "body": "00\u0000\n", "id": "a1", "#
                    + #""server_rx": 5.000001, "server_tx": 1795233738.845414}"#
            ),
            (
                .error("crowded", original: JSONText(valid: #"{"type":"open"}"#)),
                #"{"type": "error", "error": "crowded", "orig": {"type":"open"}, "server_tx": 1795233738.845414}"#
            ),
            (.welcome(Welcome(), address: nil), #"{"type": "welcome", "welcome": {}, "server_tx": 1795233738.845414}"#),
            (
                .welcome(Welcome(motd: "", currentClientVersion: "1", error: "e"), address: .ipv6("::1", port: 7)),
                #"{"type": "welcome", "welcome": {"motd": "", "current_cli_version": "1", "error": "e", "#
                    + #""your-address": {"port": 7, "ipv6": "::1"}}, "server_tx": 1795233738.845414}"#
            ),
        ]
    )
    func golden(message: ServerMessage, expected: String) throws {
        #expect(text(message) == expected)
        _ = try JSONSerialization.jsonObject(with: Data(text(message).utf8))
    }
}
