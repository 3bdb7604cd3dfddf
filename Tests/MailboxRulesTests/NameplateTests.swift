import MailboxRules
import Observations
import Testing
import WormholeWire

/// Statements 37 to 60 of the mailbox conformance list, as far as they need no socket.
@Suite("Nameplates")
struct NameplateTests {
    @Test("38: nameplates are listed as text; 40: those of another application are not")
    func list() {
        var harness = RendezvousHarness()
        for name in ["10", "9", "2", "1"] {
            harness.say(#"{"type":"claim","nameplate":"\#(name)"}"#, on: harness.bound("s"))
        }
        let names = ["1", "10", "2", "9"].compactMap { Nameplate($0) }
        #expect(harness.ask(#"{"type":"list"}"#, on: harness.bound("x")).last == .nameplates(names))
        #expect(harness.ask(#"{"type":"list"}"#, on: harness.bound("x", app: "other")).last == .nameplates([]))
    }

    @Test("39: a server that does not list answers with nothing, and claims are not affected")
    func disallowedList() {
        var harness = RendezvousHarness(allowsList: false)
        let id = harness.bound("s")
        #expect(harness.ask(#"{"type":"claim","nameplate":"1"}"#, on: id).claimed != nil)
        #expect(harness.ask(#"{"type":"list"}"#, on: id) == [.ack(id: .null), .nameplates([])])
    }

    @Test("41, 42: the shortest free length is used, and its last free number is found")
    func allocationLengths() {
        var harness = RendezvousHarness()
        func claim(_ range: ClosedRange<Int>, except free: Int? = nil) {
            for number in range where number != free {
                harness.say(#"{"type":"claim","nameplate":"\#(number)"}"#, on: harness.bound("s"))
            }
        }
        func allocate() -> Int? {
            harness.ask(#"{"type":"allocate"}"#, on: harness.bound("a")).allocated.flatMap { Int($0) }
        }
        #expect((1...9).contains(allocate() ?? 0))
        claim(1...9)
        #expect((10...99).contains(allocate() ?? 0))
        claim(10...99)
        #expect((100...999).contains(allocate() ?? 0))
        var last = RendezvousHarness()
        for number in 1...999 where number != 57 {
            last.say(#"{"type":"claim","nameplate":"\#(number)"}"#, on: last.bound("s"))
        }
        #expect(last.ask(#"{"type":"allocate"}"#, on: last.bound("a")).allocated == "57")
        let beyond = last.ask(#"{"type":"allocate"}"#, on: last.bound("b")).allocated.flatMap { Int($0) }
        #expect((1000...999_999).contains(beyond ?? 0))
    }

    @Test("D19: when every number that is tried is taken, allocate says so and changes nothing")
    func exhaustion() {
        let (app, side, mailbox) = (AppID("app")!, Side("s")!, MailboxID("m")!)
        var stored = StoredChannels()
        for row in 1...999 as ClosedRange<Int64> {
            let nameplate = Nameplate(Int(row))
            stored.insert(NameplateEntry(row: row, appID: app, nameplate: nameplate, mailbox: mailbox, sides: []))
        }
        var store = MemoryStore(
            stored,
            expiry: ExpiryPolicy(),
            limits: MailboxLimits(),
            random: StuckGenerator()
        )
        var events: [StoreEvent] = []
        let allocate = StoreOperation.allocate(app, side, from: nil)
        store.perform(allocate, for: ConnectionID(1), at: Timestamp(microseconds: 1), into: &events)
        events.removeAll()
        store.perform(allocate, for: ConnectionID(2), at: Timestamp(microseconds: 1), into: &events)
        #expect(events == [.completed(ConnectionID(2), .failed(.noFreeNameplate))])
    }

    @Test("43: first numbers are spread over 1 to 9")
    func spread() {
        let first = (1...200 as ClosedRange<UInt64>).compactMap { seed -> String? in
            var harness = RendezvousHarness(seed: seed)
            return harness.ask(#"{"type":"allocate"}"#, on: harness.bound("s")).allocated
        }
        #expect(Set(first).count == 9)
    }

    @Test("45: allocating is not claiming on this connection, yet holds the nameplate")
    func allocateThenRelease() throws {
        var harness = RendezvousHarness()
        let id = harness.bound("s")
        let name = try #require(harness.ask(#"{"type":"allocate"}"#, on: id).allocated)
        #expect(harness.error(#"{"type":"release"}"#, on: id) == "release without nameplate must follow claim")
        #expect(harness.ask(#"{"type":"release","nameplate":"\#(name)"}"#, on: id).last == .released)
        #expect(harness.ask(#"{"type":"list"}"#, on: id).last == .nameplates([]))
    }

    @Test("48: different spellings of a number are different nameplates")
    func spellings() {
        var harness = RendezvousHarness()
        let names = ["0", "007", "7", String(repeating: "1", count: 40)]
        let mailboxes = names.compactMap {
            harness.ask(#"{"type":"claim","nameplate":"\#($0)"}"#, on: harness.bound("s")).claimed
        }
        #expect(Set(mailboxes).count == 4)
    }

    @Test("49, D20: a malformed claim does not use up the connection's one claim")
    func malformedClaim() {
        var harness = RendezvousHarness()
        for bad in [
            "7", "null", #""""#, #""abc""#, #""-1""#, #"" 1""#, #""1\n""#, #""١٢""#,
            #""\#(String(repeating: "1", count: 41))""#,
        ] {
            let id = harness.bound("s")
            let claim = #"{"type":"claim","nameplate":\#(bad)}"#
            #expect(harness.error(claim, on: id) == "nameplate must be a string of 1 to 40 digits")
            #expect(harness.ask(#"{"type":"claim","nameplate":"5"}"#, on: id).claimed != nil)
        }
    }

    @Test("50: mailbox ids are 13 characters of base32, never twice")
    func mailboxIDs() {
        var harness = RendezvousHarness()
        var seen: Set<String> = []
        for number in 0..<1000 {
            let id =
                harness.ask(#"{"type":"claim","nameplate":"\#(number)"}"#, on: harness.bound("s")).claimed?.text ?? ""
            #expect(id.count == 13 && id.allSatisfy { "abcdefghijklmnopqrstuvwxyz234567".contains($0) })
            seen.insert(id)
        }
        #expect(seen.count == 1000)
    }

    @Test("51, 52: sides of one nameplate share a mailbox, and a side may come again and again")
    func sharing() {
        var harness = RendezvousHarness()
        let claim = #"{"type":"claim","nameplate":"4"}"#
        let mailboxes = ["a", "b", "a", "a", "b"].map { harness.ask(claim, on: harness.bound($0)).claimed }
        #expect(Set(mailboxes).count == 1 && mailboxes[0] != nil)
    }

    @Test("53, 54: a third side makes it crowded, for the first two as well")
    func crowding() throws {
        var harness = RendezvousHarness()
        let claim = #"{"type":"claim","nameplate":"4"}"#
        let mailbox = try #require(harness.ask(claim, on: harness.bound("a")).claimed)
        harness.say(claim, on: harness.bound("b"))
        let third = harness.bound("c")
        #expect(harness.error(claim, on: third) == "crowded")
        #expect(harness.error(claim, on: third) == "only one claim per connection")
        #expect(harness.ask(#"{"type":"release"}"#, on: third).last == .released)
        #expect(harness.ask(#"{"type":"list"}"#, on: third).last == .nameplates([Nameplate(4)]))
        let first = harness.bound("a")
        #expect(harness.error(claim, on: first) == "crowded")
        #expect(harness.error(#"{"type":"open","mailbox":"\#(mailbox)"}"#, on: first) == "crowded")
    }

    @Test("a third side that opens the mailbox directly makes claims crowded too")
    func crowdedThroughMailbox() throws {
        var harness = RendezvousHarness()
        let claim = #"{"type":"claim","nameplate":"4"}"#
        let mailbox = try #require(harness.ask(claim, on: harness.bound("a")).claimed)
        harness.say(claim, on: harness.bound("b"))
        #expect(harness.error(#"{"type":"open","mailbox":"\#(mailbox)"}"#, on: harness.bound("c")) == "crowded")
        #expect(harness.error(claim, on: harness.bound("b")) == "crowded")
    }

    @Test("a crowd of latecomers is remembered by one side only")
    func latecomersAreNotStored() {
        var harness = RendezvousHarness()
        for number in 0..<50 { harness.say(#"{"type":"claim","nameplate":"4"}"#, on: harness.bound("s\(number)")) }
        let added = harness.changes.filter { if case .nameplateSideAdded = $0 { true } else { false } }
        #expect(added.count == 3)
    }

    @Test("55: a side that released cannot claim again while another holds the nameplate")
    func reclaimed() {
        var harness = RendezvousHarness()
        let claim = #"{"type":"claim","nameplate":"4"}"#
        let first = harness.bound("a")
        harness.say(claim, on: first)
        harness.say(claim, on: harness.bound("b"))
        harness.say(#"{"type":"release"}"#, on: first)
        let again = harness.bound("a")
        #expect(harness.error(claim, on: again) == "reclaimed")
        #expect(harness.ask(#"{"type":"release"}"#, on: again).last == .released)
    }

    @Test("56, 60: a nameplate goes with its last claim, and comes back with a new mailbox")
    func fullRelease() {
        var harness = RendezvousHarness()
        let claim = #"{"type":"claim","nameplate":"4"}"#
        let (a, b) = (harness.bound("a"), harness.bound("b"))
        let before = harness.ask(claim, on: a).claimed
        harness.say(claim, on: b)
        harness.say(#"{"type":"release"}"#, on: a)
        #expect(harness.ask(#"{"type":"list"}"#, on: a).last == .nameplates([Nameplate(4)]))
        harness.say(#"{"type":"release"}"#, on: b)
        #expect(harness.ask(#"{"type":"list"}"#, on: a).last == .nameplates([]))
        #expect(harness.ask(claim, on: harness.bound("a")).claimed != before)
    }

    @Test("59: releasing what does not exist is answered, once")
    func releaseOfNothing() {
        var harness = RendezvousHarness()
        for name in ["7", "abc", ""] {
            let id = harness.bound("s")
            #expect(harness.ask(#"{"type":"release","nameplate":"\#(name)"}"#, on: id).last == .released)
            #expect(
                harness.error(#"{"type":"release","nameplate":"\#(name)"}"#, on: id)
                    == "only one release per connection"
            )
        }
        #expect(harness.changes.isEmpty)
    }

    @Test("94, 95: the record of a nameplate is made at its last release")
    func records() {
        var harness = RendezvousHarness()
        let (a, b) = (harness.bound("a"), harness.bound("b"))
        let start = harness.now + .milliseconds(1)
        harness.say(#"{"type":"claim","nameplate":"4"}"#, on: a)
        harness.now = start + .seconds(2) - .milliseconds(1)
        harness.say(#"{"type":"claim","nameplate":"4"}"#, on: b)
        harness.now = start + .seconds(5)
        harness.say(#"{"type":"release"}"#, on: a)
        #expect(!harness.takeObservations().contains { if case .nameplateRetired = $0 { true } else { false } })
        harness.now = start + .seconds(9) - .milliseconds(1)
        harness.say(#"{"type":"release"}"#, on: b)
        let expected = NameplateSummary(
            appID: AppID("app")!,
            started: start,
            waitingTime: .seconds(2),
            totalTime: .seconds(9),
            result: .happy
        )
        #expect(harness.takeObservations().contains(.nameplateRetired(expected)))
    }

    @Test(
        "94, 95, 96: the result tells how many came, or that it was pruned; the wait is for the second, whoever comes later",
        arguments: [
            (1, false, NameplateResult.lonely), (2, false, .happy), (3, false, .crowded),
            (1, true, .pruney), (2, true, .pruney), (3, true, .crowded),
        ]
    )
    func results(sides: Int, isPruned: Bool, result: NameplateResult) {
        var harness = RendezvousHarness()
        let start = harness.now
        var ids: [ConnectionID] = []
        for seconds in [0, 2, 5].prefix(sides) {
            let id = harness.bound("s\(seconds)")
            harness.now = start + .seconds(1 + seconds)
            harness.say(#"{"type":"claim","nameplate":"4"}"#, on: id)
            ids.append(id)
        }
        for id in ids {
            if isPruned { harness.disconnect(id) } else { harness.say(#"{"type":"release"}"#, on: id) }
        }
        if isPruned { harness.expire(after: .seconds(660)) }
        let summaries = harness.observations.compactMap {
            if case .nameplateRetired(let summary) = $0 { summary } else { nil }
        }
        #expect(summaries.map(\.result) == [result])
        #expect(summaries.map(\.waitingTime) == [sides > 1 ? .seconds(2) : nil])
    }
}

/// Numbers that are always the same one.
private struct StuckGenerator: RandomNumberGenerator, Sendable {
    func next() -> UInt64 { 0x1234_5678_9ABC_DEF1 }
}
