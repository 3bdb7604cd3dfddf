import MailboxRules
import Observations
import Testing
import WormholeWire

/// Statements 61 to 81 and 97 to 101 of the mailbox conformance list, as far as they need no socket.
@Suite("Mailboxes")
struct MailboxTests {
    private let open = #"{"type":"open","mailbox":"mb"}"#

    private func add(_ body: String, phase: String = "p", id: String = "") -> String {
        #"{"type":"add","phase":"\#(phase)","body":"\#(body)"\#(id.isEmpty ? "" : #","id":\#(id)"#)}"#
    }

    @Test("64, 65: a message reaches its author after the ack, and every listener alike")
    func delivery() {
        var harness = RendezvousHarness()
        let (a, b) = (harness.bound("a"), harness.bound("b"))
        harness.say(open, on: a)
        harness.say(open, on: b)
        _ = harness.takeSaid(to: a)
        _ = harness.takeSaid(to: b)
        let said = harness.ask(add("00", id: #""x1""#), on: a)
        #expect(said.first == .ack(id: JSONText(valid: #""x1""#)))
        let message = StoredMessage(
            side: Side("a")!,
            phase: Phase("p")!,
            body: "00",
            id: JSONText(valid: #""x1""#),
            received: harness.now
        )
        #expect(said.dropFirst() == [.message(message)])
        #expect(harness.takeSaid(to: b) == [.message(message)])
        let without = harness.ask(add("01"), on: b)
        guard case .message(let second)? = without.last else {
            Issue.record("no message")
            return
        }
        #expect(second.id == .null)
    }

    @Test("66, 67: nothing is thought about what is added")
    func oddBodies() {
        var harness = RendezvousHarness()
        let (a, b) = (harness.bound("a"), harness.bound("b"))
        harness.say(open, on: a)
        for body in ["00", "00", "", "zz", #"\u0000"#, "😀"] { harness.say(add(body, phase: ""), on: a) }
        let expected = ["00", "00", "", "zz", "\u{0}", "😀"]
        #expect(harness.takeSaid(to: a).bodies == expected)
        #expect(harness.ask(open, on: b).bodies == expected)
    }

    @Test("68, 70: whoever opens gets everything that was stored, in order, and then what comes")
    func replay() {
        var harness = RendezvousHarness()
        let (a, b, again) = (harness.bound("a"), harness.bound("b"), harness.bound("a"))
        harness.say(open, on: a)
        for body in ["00", "01", "02"] { harness.say(add(body), on: a) }
        let said = harness.ask(open, on: b)
        #expect(said.first == .ack(id: .null))
        #expect(said.bodies == ["00", "01", "02"])
        harness.say(open, on: again)
        harness.say(add("03"), on: b)
        #expect(harness.takeSaid(to: again).bodies == ["00", "01", "02", "03"])
        #expect(harness.takeSaid(to: a).bodies == ["00", "01", "02", "03"])
        #expect(harness.takeSaid(to: b).bodies == ["03"])
    }

    @Test("71: a third side is turned away, may open another mailbox, and the first two go on")
    func crowding() {
        var harness = RendezvousHarness()
        let (a, b, c) = (harness.bound("a"), harness.bound("b"), harness.bound("c"))
        harness.say(open, on: a)
        harness.say(open, on: b)
        #expect(harness.error(open, on: c) == "crowded")
        #expect(harness.error(add("00"), on: c) == "must open mailbox before adding")
        #expect(harness.error(#"{"type":"open","mailbox":"other"}"#, on: c) == nil)
        harness.say(add("01"), on: a)
        #expect(harness.takeSaid(to: b).bodies == ["01"])
        #expect(harness.takeSaid(to: c).bodies == [])
    }

    @Test("73, D12: closing what never was is answered, over and over, and leaves no record")
    func closeOfNothing() {
        var harness = RendezvousHarness()
        for _ in 0..<3 {
            #expect(harness.ask(#"{"type":"close","mailbox":"x"}"#, on: harness.bound("s")).last == .closed)
        }
        #expect(harness.changes.isEmpty)
        #expect(!harness.observations.contains { if case .mailboxRetired = $0 { true } else { false } })
    }

    @Test("74, 75: one side's close leaves the other be; the last takes everything with it")
    func closing() {
        var harness = RendezvousHarness()
        let (a, b) = (harness.bound("a"), harness.bound("b"))
        harness.say(open, on: a)
        harness.say(open, on: b)
        #expect(harness.ask(#"{"type":"close"}"#, on: a).last == .closed)
        harness.say(add("00"), on: b)
        #expect(harness.takeSaid(to: b).bodies == ["00"])
        #expect(harness.takeSaid(to: a) == [])
        harness.say(#"{"type":"close"}"#, on: b)
        #expect(harness.ask(open, on: harness.bound("z")).bodies == [])
    }

    @Test("76: a mailbox may be opened again after its close, and closed no second time")
    func reopening() {
        var harness = RendezvousHarness()
        let (a, b) = (harness.bound("a"), harness.bound("b"))
        harness.say(open, on: a)
        harness.say(open, on: b)
        harness.say(add("00"), on: b)
        harness.say(#"{"type":"close"}"#, on: a)
        _ = harness.takeSaid(to: a)
        #expect(harness.ask(open, on: a).bodies == ["00"])
        #expect(harness.error(#"{"type":"close"}"#, on: a) == "only one close per connection")
        harness.say(add("01"), on: b)
        #expect(harness.takeSaid(to: a).bodies == ["01"])
    }

    @Test("77, 101, D2, D12: both sides may close without releasing, and the nameplate has its record too")
    func closeWithoutRelease() throws {
        var harness = RendezvousHarness()
        let (a, b) = (harness.bound("a"), harness.bound("b"))
        let mailbox = try #require(harness.ask(#"{"type":"claim","nameplate":"4"}"#, on: a).claimed)
        harness.say(#"{"type":"claim","nameplate":"4"}"#, on: b)
        for id in [a, b] {
            harness.say(#"{"type":"open","mailbox":"\#(mailbox)"}"#, on: id)
            harness.say(add("00"), on: id)
            #expect(harness.ask(#"{"type":"close","mood":"happy"}"#, on: id).last == .closed)
        }
        #expect(harness.ask(#"{"type":"list"}"#, on: a).last == .nameplates([]))
        #expect(harness.changes.filter { if case .messageAdded = $0 { true } else { false } }.count == 2)
        #expect(harness.rendezvous.store.levels == MailboxLevels())
        let records = harness.observations.filter {
            switch $0 {
            case .nameplateRetired(let summary): summary.result == .happy
            case .mailboxRetired(let summary): summary.result == .happy && summary.isForNameplate
            default: false
            }
        }
        #expect(records.count == 2)
        #expect(harness.ask(#"{"type":"close","mailbox":"\#(mailbox)"}"#, on: harness.bound("a")).last == .closed)
        #expect(harness.observations.filter { if case .mailboxRetired = $0 { true } else { false } }.count == 1)
    }

    @Test("78, D10: a crowded side's close is answered, and does not keep the mailbox")
    func crowdedClose() {
        var harness = RendezvousHarness()
        let ids = ["a", "b", "c", "d"].map { harness.bound($0) }
        for id in ids { harness.say(open, on: id) }
        for id in ids { #expect(harness.ask(#"{"type":"close","mailbox":"mb"}"#, on: id).last == .closed) }
        let results = harness.observations.compactMap {
            if case .mailboxRetired(let summary) = $0 { summary.result } else { nil }
        }
        #expect(results == [.crowded])
    }

    @Test("D10: the close of a side that was never recorded is answered and changes nothing")
    func strangersClose() {
        var harness = RendezvousHarness()
        let sides = ["a", "b", "c"].map { harness.bound($0) }
        let close = #"{"type":"close","mailbox":"mb","mood":"scary"}"#
        for (number, id) in sides.enumerated() {
            harness.say(open, on: id)
            _ = harness.takeChanges()
            guard number > 0 else { continue }
            // Two sides, then three: of neither mailbox is the stranger part.
            let stranger = harness.bound("d")
            if number == 2 { #expect(harness.error(open, on: stranger) == "crowded") }
            #expect(harness.ask(close, on: stranger).last == .closed)
            #expect(harness.takeChanges() == [])
            #expect(harness.rendezvous.store.levels.mailboxes.paired == (number == 1 ? 1 : 0))
            #expect(harness.rendezvous.store.levels.mailboxes.crowded == (number == 2 ? 1 : 0))
        }
        harness.say(add("00"), on: sides[0])
        #expect(harness.takeSaid(to: sides[1]).bodies == ["00"])
        for id in sides { #expect(harness.ask(#"{"type":"close"}"#, on: id).last == .closed) }
        #expect(harness.rendezvous.store.levels == MailboxLevels())
    }

    @Test("79, D4: closing one mailbox leaves the same side's other nameplates alone")
    func unrelatedNameplates() throws {
        var harness = RendezvousHarness()
        let (a, b) = (harness.bound("s"), harness.bound("s"))
        let mailbox = try #require(harness.ask(#"{"type":"claim","nameplate":"51"}"#, on: a).claimed)
        harness.say(#"{"type":"claim","nameplate":"52"}"#, on: b)
        harness.say(#"{"type":"open","mailbox":"\#(mailbox)"}"#, on: a)
        harness.say(#"{"type":"close"}"#, on: a)
        #expect(harness.ask(#"{"type":"list"}"#, on: b).last == .nameplates([Nameplate(52)]))
        harness.say(#"{"type":"release"}"#, on: b)
        #expect(harness.ask(#"{"type":"list"}"#, on: b).last == .nameplates([]))
    }

    @Test("80, D5: a mailbox of another application is refused, and the connection goes on")
    func otherApp() {
        var harness = RendezvousHarness()
        harness.say(open, on: harness.bound("a"))
        let other = harness.bound("a", app: "other")
        #expect(harness.error(open, on: other) == "mailbox id is in use")
        #expect(harness.error(#"{"type":"open","mailbox":"mine"}"#, on: other) == nil)
    }

    @Test("D5: nor is a mailbox of another application closed by name, though the sides' names are the same")
    func closeOfOtherApp() {
        var harness = RendezvousHarness()
        let owner = harness.bound("a")
        harness.say(open, on: owner)
        harness.say(add("00"), on: owner)
        _ = harness.takeSaid(to: owner)
        let before = harness.rendezvous.store.levels
        _ = harness.takeChanges()
        let close = #"{"type":"close","mailbox":"mb","mood":"scary"}"#
        for side in ["a", "b"] {
            #expect(harness.error(close, on: harness.bound(side, app: "other")) == "mailbox id is in use")
        }
        #expect(harness.takeChanges() == [])
        #expect(harness.rendezvous.store.levels == before)
        harness.say(add("01"), on: owner)
        #expect(harness.takeSaid(to: owner).bodies == ["01"])
        #expect(harness.ask(open, on: harness.bound("b")).bodies == ["00", "01"])
    }

    @Test("D9: a second connection of a side that closed cannot add to a mailbox that is gone")
    func addAfterTheEnd() {
        var harness = RendezvousHarness()
        let (a, again) = (harness.bound("a"), harness.bound("a"))
        harness.say(open, on: a)
        harness.say(open, on: again)
        harness.say(#"{"type":"close"}"#, on: a)
        #expect(harness.error(add("00"), on: again) == "must open mailbox before adding")
        #expect(harness.ask(open, on: harness.bound("z")).bodies == [])
    }

    @Test("D9: nor to the next mailbox of that name, which it does not close either", arguments: ["a", "z"])
    func staleConnection(next: String) {
        var harness = RendezvousHarness()
        let (a, again) = (harness.bound("a"), harness.bound("a"))
        for id in [a, again] { harness.say(open, on: id) }
        harness.say(#"{"type":"close"}"#, on: a)
        let z = harness.bound(next)
        harness.say(open, on: z)
        _ = harness.takeSaid(to: z)
        #expect(harness.error(add("00"), on: again) == "must open mailbox before adding")
        #expect(harness.takeSaid(to: z).bodies == [])
        #expect(harness.ask(#"{"type":"close"}"#, on: again).last == .closed)
        #expect(harness.error(#"{"type":"close"}"#, on: again) == "only one close per connection")
        #expect(harness.rendezvous.store.levels.mailboxes.lonely == 1)
        #expect(harness.ask(add("11"), on: z).bodies == ["11"])
        // It may come back, as anybody may.
        #expect(harness.ask(open, on: again).bodies == ["11"])
        #expect(harness.findings == [])
    }

    @Test("D9: a connection whose mailbox is gone closes nothing of the next one, though it said nothing in between")
    func staleClose() {
        var harness = RendezvousHarness()
        let (a, again) = (harness.bound("a"), harness.bound("a"))
        for id in [a, again] { harness.say(open, on: id) }
        harness.say(#"{"type":"close"}"#, on: a)
        let z = harness.bound("z")
        harness.say(open, on: z)
        #expect(harness.ask(#"{"type":"close"}"#, on: again).last == .closed)
        harness.say(open, on: harness.bound("y"))
        #expect(harness.error(open, on: harness.bound("y")) == nil)
    }

    @Test(
        "97: the result is the worst that was said",
        arguments: [
            (["happy"], MailboxResult.lonely), (["errory"], .errory), (["happy", "happy"], .happy),
            ([nil, nil], .happy),
            (["lonely", "happy"], .lonely), (["errory", "scary"], .scary), (["errory", "lonely"], .errory),
            (["unwelcome", "x"], .happy), ([nil], .lonely), (["scary", "errory", "lonely"], .crowded),
            ([nil, nil, nil], .crowded),
        ]
    )
    func results(moods: [String?], result: MailboxResult) {
        var harness = RendezvousHarness()
        let ids = moods.indices.map { harness.bound("s\($0)") }
        for id in ids { harness.say(open, on: id) }
        for (id, mood) in zip(ids, moods) {
            harness.say(mood.map { #"{"type":"close","mood":"\#($0)"}"# } ?? #"{"type":"close","mood":null}"#, on: id)
        }
        let results = harness.observations.compactMap {
            if case .mailboxRetired(let summary) = $0 { summary } else { nil }
        }
        #expect(results.map(\.result) == [result])
        #expect(results.map(\.isForNameplate) == [false])
    }

    @Test(
        "97: pruned is worse than whatever was said, and a third side worse than that; the wait is for the second",
        arguments: [
            (1, [], MailboxResult.pruney), (2, [], .pruney), (2, ["scary"], .pruney), (2, ["errory"], .pruney),
            (3, [], .crowded), (3, ["scary", "errory"], .crowded),
        ]
    )
    func prunedResults(sides: Int, moods: [String], result: MailboxResult) {
        var harness = RendezvousHarness()
        let start = harness.now
        var ids: [ConnectionID] = []
        for seconds in [0, 2, 5].prefix(sides) {
            let id = harness.bound("s\(seconds)")
            harness.now = start + .seconds(1 + seconds)
            harness.say(open, on: id)
            ids.append(id)
        }
        for (id, mood) in zip(ids, moods) { harness.say(#"{"type":"close","mood":"\#(mood)"}"#, on: id) }
        for id in ids { harness.disconnect(id) }
        harness.expire(after: .seconds(660))
        let summaries = harness.observations.compactMap {
            if case .mailboxRetired(let summary) = $0 { summary } else { nil }
        }
        #expect(summaries.map(\.result) == [result])
        #expect(summaries.map(\.waitingTime) == [sides > 1 ? .seconds(2) : nil])
    }

    @Test("limits on messages and bytes refuse the add and say so")
    func limits() {
        var limits = MailboxLimits()
        limits.messagesPerMailbox = 2
        limits.bytesPerMailbox = 100
        limits.storedBytes = 150
        var harness = RendezvousHarness(limits: limits)
        let a = harness.bound("a")
        harness.say(open, on: a)
        #expect(harness.error(add(String(repeating: "0", count: 100)), on: a) == "mailbox is full")
        #expect(harness.error(add("00"), on: a) == nil)
        #expect(harness.error(add("00"), on: a) == nil)
        #expect(harness.error(add("00"), on: a) == "mailbox is full")
        let others = ["x", "y"].map { name -> String? in
            let id = harness.bound(name)
            harness.say(#"{"type":"open","mailbox":"\#(name)"}"#, on: id)
            return harness.error(add(String(repeating: "0", count: 80)), on: id)
        }
        #expect(others == [nil, "mailbox is full"])
        #expect(harness.observations.filter { $0 == .limitHit(.mailboxStore) }.count == 3)
    }
}
