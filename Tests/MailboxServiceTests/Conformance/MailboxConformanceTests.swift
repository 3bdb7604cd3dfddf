import MailboxRules
import MailboxService
import Observations
import TestSupport
import Testing
import WormholeWire

/// Statements 61 to 81 of the mailbox conformance list, over real connections.
@Suite("Mailbox conformance: mailboxes", .timeLimit(.minutes(2)))
struct MailboxConformanceTests {
    private func pair(_ harness: MailboxServerHarness) async throws -> (a: Visitor, b: Visitor) {
        let pair = (a: try await harness.visitor("a"), b: try await harness.visitor("b"))
        try await pair.a.open("m")
        try await pair.b.open("m")
        return pair
    }

    @Test("61, 62: a mailbox is opened by its name, one at a time")
    func opening() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            try await visitor.expect("open requires 'mailbox'", for: #"{"type":"open"}"#)
            try await visitor.open("m")
            for name in ["m", "other"] {
                let open = #"{"type":"open","mailbox":"\#(name)"}"#
                try await visitor.expect("only one open per connection", for: open)
            }
            try await visitor.expectSilence()
        }
    }

    @Test("63: an add needs an open mailbox, a phase and a body")
    func adding() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            let add = #"{"type":"add","phase":"p","body":"00"}"#
            try await visitor.expect("must open mailbox before adding", for: add)
            try await visitor.open("m")
            try await visitor.expect("missing 'phase'", for: #"{"type":"add","body":"00"}"#)
            try await visitor.expect("missing 'phase'", for: #"{"type":"add"}"#)
            try await visitor.expect("missing 'body'", for: #"{"type":"add","phase":"p"}"#)
        }
    }

    @Test("64, 65: a message reaches every subscriber the same, its author behind the ack")
    func delivery() async throws {
        try await MailboxServerHarness.run { harness in
            let (a, b) = try await pair(harness)
            for (id, expected) in [(#","id":"x1""#, JSON.string("x1")), ("", .null)] {
                let echo = try await a.ask(#"{"type":"add","phase":"p","body":"00"\#(id)}"#, for: "message")
                let message = try await b.hear("message")
                for key in ["side", "phase", "body", "id", "server_rx"] { #expect(echo[key] == message[key]) }
                #expect(message["side"] == "a" && message["phase"] == "p" && message["body"] == "00")
                #expect(message["id"] == expected)
            }
        }
    }

    @Test("66, 67: duplicates and odd texts are delivered and replayed as they are")
    func oddMessages() async throws {
        try await MailboxServerHarness.run { harness in
            let (a, b) = try await pair(harness)
            let texts = ["00", "00", "", "zz", "😀", "a\u{0}b"]
            for text in texts {
                let body = JSON.string(text).text
                _ = try await a.ask(#"{"type":"add","phase":\#(body),"body":\#(body)}"#, for: "message")
            }
            #expect(try await b.bodies(texts.count) == texts)
            let again = try await harness.visitor("b")
            try await again.open("m")
            for text in texts {
                let message = try await again.hear("message")
                #expect(message["phase"]?.string == text && message["body"]?.string == text)
            }
        }
    }

    @Test("68, 70: an opener hears everything that was said, in order, then what is said; so do all its connections")
    func replay() async throws {
        try await MailboxServerHarness.run { harness in
            let a = try await harness.visitor("a")
            try await a.open("m")
            var original: [JSON] = []
            for number in 0..<20 {
                let add = #"{"type":"add","phase":"p","body":"0\#(number)","id":"i\#(number)"}"#
                original.append(try await a.ask(add, for: "message"))
            }
            let b = try await harness.visitor("b")
            try await b.open("m")
            for message in original {
                let replayed = try await b.hear("message")
                for key in ["body", "server_rx", "id", "side"] { #expect(replayed[key] == message[key]) }
            }
            let second = try await harness.visitor("a")
            try await second.open("m")
            _ = try await second.bodies(20)
            try await b.add("live")
            #expect(try await a.bodies(1) == ["live"])
            #expect(try await second.bodies(1) == ["live"])
        }
    }

    @Test("69: what is added while a mailbox is being opened reaches each of its openers exactly once, and in order")
    func concurrentOpens() async throws {
        let folder = try TemporaryFolder()
        // On a disk, so that much of what was added still waits for its commit when somebody opens.
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.channelDatabasePath = folder.path + "/relay.sqlite"
        }
        try await MailboxServerHarness.run(configure) { harness in
            let (openings, between) = (10, 30)
            let count = openings * between
            let author = try await harness.visitor("a")
            try await author.open("m")
            var openers: [Visitor] = []
            for _ in 0..<openings { openers.append(try await harness.visitor("b")) }
            try await withThrowingTaskGroup(of: [String].self) { group in
                for number in 0..<count {
                    if number % between == between / 2 {
                        let opener = openers[number / between]
                        group.addTask {
                            try await opener.open("m")
                            let bodies = try await opener.bodies(count)
                            try await opener.expectSilence()
                            return bodies
                        }
                    }
                    if number == count - 1 {
                        // All of them are in before the last message, so that none gets everything by its replay.
                        try await eventually("all have opened") {
                            try await harness.server.connections().allSatisfy { $0.state == .listening }
                        }
                    }
                    try await author.say(#"{"type":"add","phase":"p","body":"\#(number)"}"#)
                    // As far as this the author does not wait for answers.
                    if number % between == between - 1 { try await author.skip(messages: between) }
                }
                for try await bodies in group { #expect(bodies == (0..<count).map(String.init)) }
            }
            let replays = harness.observations().compactMap {
                if case .messagesReplayed(let count, _) = $0 { count } else { nil }
            }
            // Whoever came later than the first was told what was there, and the rest as it came.
            #expect(replays.count >= openings - 1 && replays.allSatisfy { $0 < count }, "\(replays)")
        }
    }

    @Test("69: what is taken but not yet stored when a mailbox is opened reaches its openers once, too")
    func openBeforeCommit() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay.sqlite"
        try await MailboxServerHarness.run({ $0.channelDatabasePath = path }) { harness in
            let author = try await harness.visitor("a")
            try await author.open("m")
            try await author.add("0")
            var openers: [Visitor] = []
            for side in ["a", "b", "b"] { openers.append(try await harness.visitor(side)) }
            let disk = try HeldDatabase(path)
            for body in 1...20 {
                try await author.say(#"{"type":"add","phase":"p","body":"\#(body)"}"#)
                guard body == 10 else { continue }
                try await harness.observed("half of it is taken") {
                    if case .mailboxLevels(let levels) = $0 { levels.storedMessages == 11 } else { false }
                }
                for opener in openers { try await opener.say(#"{"type":"open","mailbox":"m"}"#) }
                try await harness.observed("all have opened") {
                    if case .mailboxLevels(let levels) = $0 { levels.subscriptions == 4 } else { false }
                }
            }
            try disk.letGo()
            for opener in openers {
                _ = try await opener.hear("ack")
                #expect(try await opener.bodies(21) == (0...20).map(String.init))
                try await opener.expectSilence()
            }
        }
    }

    @Test("71: a third side is turned away, may open another mailbox, and the first two go on")
    func thirdSide() async throws {
        try await MailboxServerHarness.run { harness in
            let (a, b) = try await pair(harness)
            let c = try await harness.visitor("c")
            try await c.expect("crowded", for: #"{"type":"open","mailbox":"m"}"#)
            let add = #"{"type":"add","phase":"p","body":"00"}"#
            try await c.expect("must open mailbox before adding", for: add)
            try await c.open("other")
            try await a.add("01")
            #expect(try await b.bodies(1) == ["01"])
            try await c.expectSilence()
        }
    }

    @Test("72: a close is about the mailbox that is open, and there is one", arguments: ["", #","mailbox":"m""#])
    func closing(name: String) async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            try await visitor.expect("close without mailbox must follow open", for: #"{"type":"close"}"#)
            try await visitor.open("m")
            for other in [#""other""#, "5", "null"] {
                let close = #"{"type":"close","mailbox":\#(other)}"#
                try await visitor.expect("open and close must use same mailbox", for: close)
            }
            let close = #"{"type":"close"\#(name)}"#
            _ = try await visitor.ask(close, for: "closed")
            try await visitor.expect("only one close per connection", for: close)
            let add = #"{"type":"add","phase":"p","body":"00"}"#
            try await visitor.expect("must open mailbox before adding", for: add)
        }
    }

    @Test("73: a close by name is answered over and over")
    func closeByName() async throws {
        try await MailboxServerHarness.run { harness in
            for _ in 0..<3 {
                let visitor = try await harness.visitor("s")
                _ = try await visitor.ask(#"{"type":"close","mailbox":"never opened"}"#, for: "closed")
            }
        }
    }

    @Test("74, 75: one side's close leaves the other be, the last takes everything along")
    func lastClose() async throws {
        try await MailboxServerHarness.run { harness in
            let (a, b) = try await pair(harness)
            try await a.close()
            try await b.add("00")
            try await a.expectSilence()
            try await b.close()
            let c = try await harness.visitor("c")
            try await c.open("m")
            try await c.expectSilence()
        }
    }

    @Test("76: a mailbox may be opened again after its close, and closed no second time")
    func reopening() async throws {
        try await MailboxServerHarness.run { harness in
            let (a, b) = try await pair(harness)
            try await b.add("00")
            _ = try await a.bodies(1)
            try await a.close()
            try await a.open("m")
            #expect(try await a.bodies(1) == ["00"])
            try await b.add("01")
            #expect(try await a.bodies(1) == ["01"])
            try await a.expect("only one close per connection", for: #"{"type":"close"}"#)
        }
    }

    @Test("77, D2: both sides may close without releasing; nothing is left")
    func closeWithoutRelease() async throws {
        try await MailboxServerHarness.run { harness in
            let (a, b) = (try await harness.visitor("a"), try await harness.visitor("b"))
            for visitor in [a, b] { try await visitor.open(try await visitor.claim("4")) }
            try await a.add("00")
            #expect(try await b.bodies(1) == ["00"])
            for visitor in [a, b] { try await visitor.close() }
            #expect(try await a.list() == [])
            try await harness.observed("nothing is stored") {
                guard case .mailboxLevels(let levels) = $0 else { return false }
                return levels.mailboxes.paired == 0 && levels.nameplates.paired == 0 && levels.apps == 0
                    && levels.storedMessages == 0 && levels.storedBytes == 0
            }
        }
    }

    @Test("78, D10: sides of a crowded mailbox can leave it, and then it is gone")
    func crowdedClose() async throws {
        try await MailboxServerHarness.run { harness in
            let (a, b) = try await pair(harness)
            let c = try await harness.visitor("c")
            try await c.expect("crowded", for: #"{"type":"open","mailbox":"m"}"#)
            for visitor in [c, a, b] { try await visitor.close() }
            try await harness.observed("a crowded mailbox") {
                if case .mailboxRetired(let summary) = $0 { summary.result == .crowded } else { false }
            }
        }
    }

    @Test("79, D4: closing a mailbox leaves the side's claims on other nameplates alone")
    func otherClaims() async throws {
        try await MailboxServerHarness.run { harness in
            let (a, b) = (try await harness.visitor("s"), try await harness.visitor("s"))
            try await a.open(try await a.claim("51"))
            _ = try await b.claim("52")
            try await a.close()
            #expect(try await b.list() == ["52"])
            try await b.release()
            #expect(try await b.list() == [])
        }
    }

    @Test("80, D5: a mailbox of another application is refused, and the connection goes on")
    func otherApplication() async throws {
        try await MailboxServerHarness.run { harness in
            try await harness.visitor("s").open("m")
            let other = try await harness.visitor("s", app: "other")
            try await other.expect("mailbox id is in use", for: #"{"type":"open","mailbox":"m"}"#)
            try await other.open("mine")
        }
    }

    @Test("81: any mood ends a mailbox", arguments: [#""happy""#, #""unwelcome""#, #""☂""#, "null", "5", "[]"])
    func moods(mood: String) async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            try await visitor.open("m")
            _ = try await visitor.ask(#"{"type":"close","mood":\#(mood)}"#, for: "closed")
        }
    }

    @Test("D9: a second connection of a side that closed cannot add to what is gone")
    func addAfterTheEnd() async throws {
        try await MailboxServerHarness.run { harness in
            let (first, second) = (try await harness.visitor("s"), try await harness.visitor("s"))
            try await first.open("m")
            try await second.open("m")
            try await first.close()
            let add = #"{"type":"add","phase":"p","body":"00"}"#
            try await second.expect("must open mailbox before adding", for: add)
            let next = try await harness.visitor("z")
            try await next.open("m")
            try await next.expectSilence()
        }
    }
}
