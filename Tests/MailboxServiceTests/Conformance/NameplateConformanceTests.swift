import MailboxService
import TestSupport
import Testing

/// Statements 37 to 60 of the mailbox conformance list, over real connections.
@Suite("Mailbox conformance: nameplates", .timeLimit(.minutes(2)))
struct NameplateConformanceTests {
    @Test("37, 38, 40: a list is sorted as text and tells of one application alone")
    func lists() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            #expect(try await visitor.list() == [])
            for name in ["10", "9", "2", "1"] { _ = try await harness.visitor("s").claim(name) }
            #expect(try await visitor.list() == ["1", "10", "2", "9"])
            let other = try await harness.visitor("s", app: "other")
            #expect(try await other.list() == [])
            let theirs = try await other.claim("1")
            #expect(try await visitor.claim("1") != theirs)
        }
    }

    @Test("39: a list that is not allowed is empty, and a claim works all the same")
    func disallowed() async throws {
        try await MailboxServerHarness.run({ $0.allowsList = false }) { harness in
            let visitor = try await harness.visitor("s")
            _ = try await visitor.claim("4")
            #expect(try await visitor.list() == [])
        }
    }

    @Test("41, 44, 45: a connection allocates once, and allocating is not claiming")
    func allocation() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            let name = try await visitor.ask(#"{"type":"allocate"}"#, for: "allocated")["nameplate"]?.string ?? ""
            #expect(Int(name).map { (1...9).contains($0) } == true)
            #expect(try await visitor.list() == [name])
            try await visitor.expect("you already allocated one, don't be greedy", for: #"{"type":"allocate"}"#)
            let second = try await harness.visitor("s").ask(#"{"type":"allocate"}"#, for: "allocated")
            let rest = try #require(second["nameplate"]?.string)
            #expect(rest != name)
            try await visitor.expect("release without nameplate must follow claim", for: #"{"type":"release"}"#)
            let other = try await harness.visitor("s")
            _ = try await other.claim(name)
            try await other.release()
            #expect(try await visitor.list() == [rest])
        }
    }

    @Test("45: what was allocated is released by name")
    func releaseByName() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            let name = try await visitor.ask(#"{"type":"allocate"}"#, for: "allocated")["nameplate"]?.string ?? ""
            _ = try await visitor.ask(#"{"type":"release","nameplate":"\#(name)"}"#, for: "released")
            #expect(try await visitor.list() == [])
        }
    }

    @Test("46, 47: a claim needs a name, and there is one")
    func claims() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            try await visitor.expect("claim requires 'nameplate'", for: #"{"type":"claim"}"#)
            _ = try await visitor.claim("4")
            for name in ["4", "5"] {
                let claim = #"{"type":"claim","nameplate":"\#(name)"}"#
                try await visitor.expect("only one claim per connection", for: claim)
            }
        }
    }

    @Test("48: spellings of a number are different nameplates")
    func spellings() async throws {
        try await MailboxServerHarness.run { harness in
            var mailboxes: Set<String> = []
            for name in ["0", "007", "7", String(repeating: "7", count: 40)] {
                mailboxes.insert(try await harness.visitor("s").claim(name))
            }
            #expect(mailboxes.count == 4)
        }
    }

    @Test("49, D20: what is no nameplate is told, and the connection may still claim")
    func badNameplates() async throws {
        try await MailboxServerHarness.run { harness in
            for bad in ["7", "null", #""""#, #""abc""#, #""-1""#, #"" 1""#, #""1\n""#, #""١٢""#] {
                let visitor = try await harness.visitor("s")
                let claim = #"{"type":"claim","nameplate":\#(bad)}"#
                try await visitor.expect("nameplate must be a string of 1 to 40 digits", for: claim)
                _ = try await visitor.claim("4")
            }
        }
    }

    @Test("43, 50: every server draws numbers and mailboxes of its own")
    func randomness() async throws {
        let servers = 12
        var (nameplates, mailboxes): (Set<String>, Set<String>) = ([], [])
        for _ in 0..<servers {
            try await MailboxServerHarness.run { harness in
                let visitor = try await harness.visitor("s")
                let name = try await visitor.ask(#"{"type":"allocate"}"#, for: "allocated")["nameplate"]?.string ?? ""
                nameplates.insert(name)
                let mailbox = try await visitor.claim(name)
                #expect(mailbox.utf8.count == 13)
                #expect(mailbox.utf8.allSatisfy("abcdefghijklmnopqrstuvwxyz234567".utf8.contains))
                mailboxes.insert(mailbox)
            }
        }
        // That all draw the same of nine comes once in thirty thousand million runs.
        #expect(nameplates.count > 1)
        #expect(mailboxes.count == servers)
    }

    @Test("51, 52: two sides share a mailbox, and a side may come again and again")
    func sharing() async throws {
        try await MailboxServerHarness.run { harness in
            var mailboxes: Set<String> = []
            for side in ["a", "b", "a", "a"] { mailboxes.insert(try await harness.visitor(side).claim("4")) }
            #expect(mailboxes.count == 1)
        }
    }

    @Test("53, 54: a third side makes a nameplate crowded, for the first as well")
    func crowding() async throws {
        try await MailboxServerHarness.run { harness in
            let claim = #"{"type":"claim","nameplate":"4"}"#
            let mailbox = try await harness.visitor("a").claim("4")
            _ = try await harness.visitor("b").claim("4")
            let third = try await harness.visitor("c")
            try await third.expect("crowded", for: claim)
            try await third.expect("only one claim per connection", for: claim)
            try await third.release()
            #expect(try await third.list() == ["4"])
            let again = try await harness.visitor("a")
            try await again.expect("crowded", for: claim)
            try await again.expect("crowded", for: #"{"type":"open","mailbox":"\#(mailbox)"}"#)
        }
    }

    @Test("55, 56, 60: released means released, until all have")
    func releasing() async throws {
        try await MailboxServerHarness.run { harness in
            let (a, b) = (try await harness.visitor("a"), try await harness.visitor("b"))
            let mailbox = try await a.claim("4")
            _ = try await b.claim("4")
            try await a.release()
            #expect(try await a.list() == ["4"])
            let again = try await harness.visitor("a")
            try await again.expect("reclaimed", for: #"{"type":"claim","nameplate":"4"}"#)
            try await again.release()
            try await b.release()
            #expect(try await a.list() == [])
            #expect(try await harness.visitor("a").claim("4") != mailbox)
        }
    }

    @Test("57: a release without a name follows a claim")
    func releaseWithoutClaim() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            try await visitor.expect("release without nameplate must follow claim", for: #"{"type":"release"}"#)
        }
    }

    @Test("58: release and claim are about one nameplate", arguments: ["", #","nameplate":"7""#])
    func releaseOfAnother(name: String) async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            _ = try await visitor.claim("7")
            for other in [#""8""#, "7", "null"] {
                let release = #"{"type":"release","nameplate":\#(other)}"#
                try await visitor.expect("release and claim must use same nameplate", for: release)
            }
            let release = #"{"type":"release"\#(name)}"#
            _ = try await visitor.ask(release, for: "released")
            try await visitor.expect("only one release per connection", for: release)
        }
    }

    @Test("59: releasing what does not exist is answered, once")
    func releaseOfNothing() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            let release = #"{"type":"release","nameplate":"7"}"#
            _ = try await visitor.ask(release, for: "released")
            try await visitor.expect("only one release per connection", for: release)
        }
    }

    @Test("42: with the short numbers taken, a longer one is given")
    func longerNumbers() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            for number in 1...20 { _ = try await harness.visitor("s").claim(String(number)) }
            let name = try await visitor.ask(#"{"type":"allocate"}"#, for: "allocated")["nameplate"]?.string ?? ""
            #expect(Int(name).map { (21...99).contains($0) } == true)
        }
    }
}
