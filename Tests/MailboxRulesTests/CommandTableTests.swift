import MailboxRules
import Testing
import WormholeWire

/// What every command is answered in every state of a connection.
@Suite("Commands in every state")
struct CommandTableTests {
    /// How a connection gets into a state, by what is said on it.
    enum State: String, CaseIterable {
        case unbound, bound, allocated, claimed, released, opened, closed
    }

    private func connection(in state: State, of harness: inout RendezvousHarness) -> ConnectionID {
        let id = harness.connect()
        let steps: [(State, String)] = [
            (.bound, #"{"type":"bind","appid":"app","side":"me"}"#),
            (.allocated, #"{"type":"allocate"}"#),
            (.claimed, #"{"type":"claim","nameplate":"7"}"#),
            (.released, #"{"type":"release"}"#),
            (.opened, #"{"type":"open","mailbox":"mb"}"#),
            (.closed, #"{"type":"close"}"#),
        ]
        for (reached, text) in steps where state != .unbound {
            harness.say(text, on: id)
            if reached == state { break }
        }
        _ = harness.takeSaid(to: id)
        return id
    }

    private static let ok = "ok"

    /// The answers in the order of ``State``: unbound, bound, allocated, claimed, released, opened, closed.
    private static let table: [(command: String, answers: [String])] = [
        (#"{"type":"ping","ping":1}"#, [ok, ok, ok, ok, ok, ok, ok]),
        (#"{"type":"ping"}"#, Array(repeating: "ping requires 'ping'", count: 7)),
        (#"{"type":"bind","appid":"app","side":"me"}"#, [ok] + Array(repeating: "already bound", count: 6)),
        (#"{"type":"bind","side":"me"}"#, ["bind requires 'appid'"] + Array(repeating: "already bound", count: 6)),
        (#"{"type":"bind","appid":"app"}"#, ["bind requires 'side'"] + Array(repeating: "already bound", count: 6)),
        (
            #"{"type":"bind","appid":1,"side":"s"}"#,
            ["'appid' must be a string"] + Array(repeating: "already bound", count: 6)
        ),
        (
            #"{"type":"bind","appid":"","side":[]}"#,
            ["'side' must be a string"] + Array(repeating: "already bound", count: 6)
        ),
        (#"{"type":"list"}"#, ["must bind first", ok, ok, ok, ok, ok, ok]),
        (
            #"{"type":"allocate"}"#,
            ["must bind first", ok] + Array(repeating: "you already allocated one, don't be greedy", count: 5)
        ),
        (
            #"{"type":"claim","nameplate":"7"}"#,
            ["must bind first", ok, ok] + Array(repeating: "only one claim per connection", count: 4)
        ),
        (#"{"type":"claim"}"#, ["must bind first"] + Array(repeating: "claim requires 'nameplate'", count: 6)),
        (
            #"{"type":"claim","nameplate":7}"#,
            ["must bind first"] + Array(repeating: "nameplate must be a string of 1 to 40 digits", count: 2)
                + Array(repeating: "only one claim per connection", count: 4)
        ),
        (
            #"{"type":"release"}"#,
            [
                "must bind first", "release without nameplate must follow claim",
                "release without nameplate must follow claim", ok,
            ]
                + Array(repeating: "only one release per connection", count: 3)
        ),
        (
            #"{"type":"release","nameplate":"8"}"#,
            ["must bind first", ok, ok, "release and claim must use same nameplate"]
                + Array(repeating: "only one release per connection", count: 3)
        ),
        (
            #"{"type":"release","nameplate":8}"#,
            [
                "must bind first", "nameplate must be a string of 1 to 40 digits",
                "nameplate must be a string of 1 to 40 digits",
                "release and claim must use same nameplate",
            ]
                + Array(repeating: "only one release per connection", count: 3)
        ),
        (#"{"type":"open","mailbox":"mb"}"#, ["must bind first", ok, ok, ok, ok, "only one open per connection", ok]),
        (
            #"{"type":"open"}"#,
            ["must bind first"] + Array(repeating: "open requires 'mailbox'", count: 4)
                + ["only one open per connection", "open requires 'mailbox'"]
        ),
        (
            #"{"type":"open","mailbox":null}"#,
            ["must bind first"] + Array(repeating: "'mailbox' must be a string", count: 4)
                + ["only one open per connection", "'mailbox' must be a string"]
        ),
        (
            #"{"type":"add","phase":"p","body":"b"}"#,
            ["must bind first"] + Array(repeating: "must open mailbox before adding", count: 4)
                + [ok, "must open mailbox before adding"]
        ),
        (
            #"{"type":"add","body":"b"}"#,
            ["must bind first"] + Array(repeating: "must open mailbox before adding", count: 4)
                + ["missing 'phase'", "must open mailbox before adding"]
        ),
        (
            #"{"type":"add","phase":"p"}"#,
            ["must bind first"] + Array(repeating: "must open mailbox before adding", count: 4)
                + ["missing 'body'", "must open mailbox before adding"]
        ),
        (
            #"{"type":"add","phase":1,"body":"b"}"#,
            ["must bind first"] + Array(repeating: "must open mailbox before adding", count: 4)
                + ["'phase' must be a string", "must open mailbox before adding"]
        ),
        (
            #"{"type":"close"}"#,
            ["must bind first"] + Array(repeating: "close without mailbox must follow open", count: 4)
                + [ok, "only one close per connection"]
        ),
        (
            #"{"type":"close","mailbox":"other"}"#,
            [
                "must bind first", ok, ok, ok, ok, "open and close must use same mailbox",
                "only one close per connection",
            ]
        ),
        (
            #"{"type":"close","mailbox":7}"#,
            ["must bind first"] + Array(repeating: "'mailbox' must be a string", count: 4)
                + ["open and close must use same mailbox", "only one close per connection"]
        ),
        (#"{"type":"nonsense"}"#, ["must bind first"] + Array(repeating: "unknown type", count: 6)),
        (#"{"type":null}"#, ["must bind first"] + Array(repeating: "unknown type", count: 6)),
        (#"{"type":"submit-permissions"}"#, ["must bind first"] + Array(repeating: "unknown type", count: 6)),
    ]

    @Test("every command is acknowledged, then answered as its state demands", arguments: State.allCases)
    func table(state: State) throws {
        let column = try #require(State.allCases.firstIndex(of: state))
        for (command, answers) in Self.table {
            var harness = RendezvousHarness()
            let id = connection(in: state, of: &harness)
            let said = harness.ask(command, on: id)
            #expect(said.first == .ack(id: .null), "\(command) when \(state)")
            let error = said.compactMap { message -> String? in
                guard case .error(let text, let original) = message else { return nil }
                #expect(original.text == command)
                return text
            }
            #expect(error == (answers[column] == Self.ok ? [] : [answers[column]]), "\(command) when \(state)")
        }
    }

    @Test("what is no command gets an error without an ack, and the connection goes on", arguments: State.allCases)
    func frames(state: State) {
        let frames: [(String, String, String)] = [
            ("hello", "invalid JSON", "null"), ("", "invalid JSON", "null"), ("{} x", "invalid JSON", "null"),
            ("[]", "message must be an object", "[]"), ("5", "message must be an object", "5"),
            ("null", "message must be an object", "null"), (#""type""#, "message must be an object", #""type""#),
            ("{}", "missing 'type'", "{}"), (#"{"id":"x"}"#, "missing 'type'", #"{"id":"x"}"#),
        ]
        for (frame, error, original) in frames {
            var harness = RendezvousHarness()
            let id = connection(in: state, of: &harness)
            #expect(harness.ask(frame, on: id) == [.error(error, original: JSONText(valid: original))])
            #expect(
                harness.ask(#"{"type":"ping","ping":null,"id":7}"#, on: id)
                    == [.ack(id: JSONText(valid: "7")), .pong(.null)]
            )
        }
    }
}
