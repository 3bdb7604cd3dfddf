import MailboxService
import Observations
import TestSupport
import Testing
import WormholeWire

/// The 1,024 bytes that a name of a client may have, over real connections.
@Suite("Lengths of names", .timeLimit(.minutes(1)))
struct NameLengthTests {
    /// A place in a command where a name goes.
    struct Place: Sendable, CustomTestStringConvertible {
        /// The field, which is what a refusal calls it.
        let field: String
        /// The command around the name.
        let before: String
        let after: String
        /// What is said first on the connection.
        var preparation: [String] = []
        /// What comes behind the `ack` when the name is taken; `nil` for nothing.
        var reply: String?
        /// Bytes that count beside those of the text.
        var overhead = 0

        var testDescription: String { "\(before)...\(after)" }

        /// The command with a name of this many bytes, most of which are two to a character.
        func command(bytes: Int) -> String {
            let length = bytes - overhead
            return before + String(repeating: "é", count: length / 2) + String(repeating: "x", count: length % 2)
                + after
        }
    }

    private static let bind = #"{"type":"bind","appid":"a","side":"s"}"#
    private static let open = #"{"type":"open","mailbox":"m"}"#

    private static let places: [Place] = [
        Place(field: "appid", before: #"{"type":"bind","side":"s","appid":""#, after: #""}"#),
        Place(field: "side", before: #"{"type":"bind","appid":"a","side":""#, after: #""}"#),
        Place(field: "mailbox", before: #"{"type":"open","mailbox":""#, after: #""}"#, preparation: [bind]),
        Place(
            field: "mailbox",
            before: #"{"type":"close","mailbox":""#,
            after: #""}"#,
            preparation: [bind],
            reply: "closed"
        ),
        Place(
            field: "phase",
            before: #"{"type":"add","body":"00","phase":""#,
            after: #""}"#,
            preparation: [bind, open],
            reply: "message"
        ),
        // Any JSON value may be an id, so that it is measured as it is written: here with its quotes.
        Place(
            field: "id",
            before: #"{"type":"add","body":"00","phase":"p","id":""#,
            after: #""}"#,
            preparation: [bind, open],
            reply: "message",
            overhead: 2
        ),
    ]

    @Test(
        "a name of 1,024 bytes is taken, a longer one refused by its field, and the connection goes on",
        arguments: places
    )
    func limit(place: Place) async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            for command in place.preparation { try await visitor.tell(command) }
            let tooLong = place.command(bytes: 1025)
            try await visitor.expect("'\(place.field)' must be at most 1024 bytes", for: tooLong)
            try await harness.observed("the error") { $0 == .errorSent(.tooLarge) }
            let longest = place.command(bytes: 1024)
            if let reply = place.reply {
                let message = try await visitor.ask(longest, for: reply)
                if reply == "message" { #expect(message[place.field] == (try JSON(longest))[place.field]) }
            } else {
                try await visitor.tell(longest)
            }
            try await visitor.expectSilence()
            // What was refused has changed nothing: the name that was taken is the first.
            if place.field == "appid" || place.field == "side" {
                try await visitor.expect("already bound", for: longest)
                _ = try await visitor.claim("4")
            }
        }
    }

    @Test("a mood that is longer is as good as none")
    func mood() async throws {
        try await MailboxServerHarness.run { harness in
            for (app, bytes, result) in [("a", 5, "lonely"), ("b", 1025, "happy")] {
                let mood = bytes == 5 ? "lonely" : String(repeating: "x", count: bytes)
                let visitors = [try await harness.visitor("a", app: app), try await harness.visitor("b", app: app)]
                for visitor in visitors { try await visitor.open(app) }
                for visitor in visitors {
                    _ = try await visitor.ask(#"{"type":"close","mood":"\#(mood)"}"#, for: "closed")
                }
                try await harness.observed("its end") {
                    if case .mailboxRetired(let summary) = $0 { summary.result.rawValue == result } else { false }
                }
            }
        }
    }
}
