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

    private static let tx = #", "server_tx": 1795233738.845414}"#

    private static let golden: [(ServerMessage, String)] = [
        (.ack(id: .null), #"{"type": "ack", "id": null"#),
        (.pong(JSONText(valid: "1.0")), #"{"type": "pong", "pong": 1.0"#),
        (.nameplates([]), #"{"type": "nameplates", "nameplates": []"#),
        (
            .nameplates([Nameplate(1), Nameplate(10)]),
            #"{"type": "nameplates", "nameplates": [{"id": "1"}, {"id": "10"}]"#
        ),
        (.allocated(Nameplate(4)), #"{"type": "allocated", "nameplate": "4""#),
        (.claimed(MailboxID("m")!), #"{"type": "claimed", "mailbox": "m""#),
        (.released, #"{"type": "released""#),
        (.closed, #"{"type": "closed""#),
        (
            .message(message),
            #"{"type": "message", "side": "sé", "phase": "pa\"ke", "body": "00\u0000\n", "id": "a1", "server_rx": 5.000001"#
        ),
        (
            .error("crowded", original: JSONText(valid: #"{"type":"open"}"#)),
            #"{"type": "error", "error": "crowded", "orig": {"type":"open"}"#
        ),
        (.welcome(Welcome(), address: nil), #"{"type": "welcome", "welcome": {}"#),
        (.welcome(full, address: .ipv6("::1", port: 7)), #"{"type": "welcome", "welcome": \#(fullText)"#),
        (
            .welcome(Welcome(permission: .init(bits: 20, resource: "r", isRequired: true)), address: nil),
            #"{"type": "welcome", "welcome": {"permission-required": {"none": null, "hashcash": {"bits": 20, "resource": "r"}}}"#
        ),
        (
            .welcome(Welcome(motd: "m", permission: .init(bits: 1, resource: "r", isRequired: false)), address: nil),
            #"{"type": "welcome", "welcome": {"motd": "m", "permission-required": {"none": {}, "hashcash": "#
                + #"{"bits": 1, "resource": "r"}}}"#
        ),
    ]

    private static let full = Welcome(motd: "", currentClientVersion: "1", error: "e")
    private static let fullText =
        #"{"motd": "", "current_cli_version": "1", "error": "e", "your-address": {"port": 7, "ipv6": "::1"}}"#

    @Test("each kind is written with exactly its keys", arguments: golden)
    func encoding(message: ServerMessage, expected: String) throws {
        #expect(text(message) == expected + Self.tx)
        _ = try JSONSerialization.jsonObject(with: Data(text(message).utf8))
    }
}
