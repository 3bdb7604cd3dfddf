import MailboxRules
import Observations
import Testing
import WormholeWire

/// Statements 85 to 90 of the mailbox conformance list.
@Suite("Expiry")
struct ExpiryTests {
    private let open = #"{"type":"open","mailbox":"mb"}"#

    @Test("86: a mailbox with a listener survives, and its activity is written down")
    func listeners() {
        var harness = RendezvousHarness()
        let a = harness.bound("a")
        harness.say(open, on: a)
        _ = harness.takeChanges()
        for _ in 0..<10 {
            harness.expire(after: .seconds(300))
            #expect(harness.takeChanges() == [.mailboxTouched(MailboxID("mb")!, updated: harness.now)])
        }
    }

    @Test("87, 88, D8: untouched for exactly 660 s it goes, a microsecond sooner it stays")
    func boundary() {
        var harness = RendezvousHarness()
        let a = harness.bound("a")
        harness.say(open, on: a)
        let started = harness.now
        harness.disconnect(a)
        harness.expire(after: .seconds(660) - .microseconds(1))
        #expect(harness.rendezvous.store.levels.mailboxes.lonely == 1)
        harness.expire(after: .microseconds(1))
        #expect(harness.rendezvous.store.levels.mailboxes.lonely == 0)
        let expected = MailboxSummary(
            appID: AppID("app")!,
            isForNameplate: false,
            started: started,
            waitingTime: nil,
            totalTime: .seconds(660),
            result: .pruney
        )
        #expect(harness.observations.contains(.mailboxRetired(expected)))
        #expect(harness.observations.contains(.pruned(nameplates: 0, mailboxes: 1, messages: 0)))
    }

    @Test(
        "90, D11: crowded claims keep no nameplate alive, whether the clients stay or leave",
        arguments: [true, false]
    )
    func latecomers(theyStay: Bool) {
        var harness = RendezvousHarness()
        for side in ["a", "b", "c"] {
            let id = harness.bound(side)
            harness.say(#"{"type":"claim","nameplate":"4"}"#, on: id)
            harness.disconnect(id)
        }
        for number in 0..<4 {
            harness.expire(after: .seconds(200))
            let late = harness.bound("late\(number)")
            harness.say(#"{"type":"claim","nameplate":"4"}"#, on: late)
            if !theyStay { harness.disconnect(late) }
            if number == 3 { #expect(harness.rendezvous.store.levels.nameplates.crowded == 0) }
        }
    }

    @Test("D22: a connected client's claim is kept, though it opened nothing")
    func connectedClaim() {
        var harness = RendezvousHarness()
        let a = harness.bound("a")
        harness.say(#"{"type":"claim","nameplate":"4"}"#, on: a)
        for _ in 0..<5 { harness.expire(after: .seconds(300)) }
        #expect(harness.ask(#"{"type":"list"}"#, on: a).last == .nameplates([Nameplate(4)]))
        harness.disconnect(a)
        harness.expire(after: .seconds(660))
        #expect(harness.rendezvous.store.levels == MailboxLevels())
    }

    @Test("90, D22: a claim that was released elsewhere, or whose nameplate is another one now, keeps nothing")
    func spentClaim() {
        var harness = RendezvousHarness()
        let (first, second) = (harness.bound("a"), harness.bound("a"))
        let (claim, release) = (#"{"type":"claim","nameplate":"4"}"#, #"{"type":"release"}"#)
        for id in [first, second] { harness.say(claim, on: id) }
        harness.say(release, on: second)
        #expect(harness.rendezvous.store.levels.nameplates == .init())
        // The first client's nameplate is gone; another's of the same name is none of its business.
        let other = harness.bound("b")
        harness.say(claim, on: other)
        harness.disconnect(other)
        for _ in 0..<3 { harness.expire(after: .seconds(300)) }
        #expect(harness.rendezvous.store.levels == MailboxLevels())
    }

    @Test("85, D6: listeners find each other after a restart and an expiry")
    func restart() {
        var stored = StoredChannels()
        stored.insert(
            MailboxEntry(
                appID: AppID("app")!,
                id: MailboxID("old")!,
                isForNameplate: false,
                updated: Timestamp(microseconds: 0),
                sides: [
                    .init(row: 1, side: Side("x")!, added: Timestamp(microseconds: 0), isOpen: true, mood: nil)
                ]
            )
        )
        stored.lastRows.mailboxSide = 1
        var harness = RendezvousHarness(stored)
        let b = harness.bound("b")
        harness.expire(after: .zero)
        let c = harness.bound("c")
        harness.say(open, on: b)
        harness.say(open, on: c)
        _ = harness.takeSaid(to: b)
        _ = harness.takeSaid(to: c)
        harness.say(#"{"type":"add","phase":"1","body":"b"}"#, on: b)
        harness.say(#"{"type":"add","phase":"1","body":"c"}"#, on: c)
        #expect(harness.takeSaid(to: b).bodies == ["b", "c"])
        #expect(harness.takeSaid(to: c).bodies == ["b", "c"])
    }

    @Test("89, D3: nameplates and mailboxes without sides go at once or with time, and others with them")
    func brokenRows() {
        var stored = StoredChannels()
        let now = Timestamp(microseconds: 1_000_000_000_000)
        for name in ["one", "two"] {
            stored.insert(
                MailboxEntry(appID: AppID(name)!, id: MailboxID(name)!, isForNameplate: true, updated: now)
            )
            stored.insert(
                NameplateEntry(
                    row: 1,
                    appID: AppID(name)!,
                    nameplate: Nameplate(1),
                    mailbox: MailboxID(name)!,
                    sides: []
                )
            )
        }
        var harness = RendezvousHarness(stored)
        harness.expire(after: .zero)
        #expect(harness.rendezvous.store.levels.nameplates.lonely == 0)
        harness.expire(after: .seconds(660))
        #expect(harness.rendezvous.store.levels == MailboxLevels())
        let results = harness.observations.compactMap {
            if case .mailboxRetired(let summary) = $0 { summary.result } else { nil }
        }
        #expect(results == [.quiet, .quiet])
    }

    @Test("two clients that come back after a day find their mailbox, where the operator lets it live that long")
    func longLived() {
        let expiry = ExpiryPolicy(perApp: [AppID("slow")!: .seconds(172_800)])
        var harness = RendezvousHarness(expiry: expiry)
        for app in ["slow", "app"] {
            let a = harness.bound("a", app: app)
            harness.say(#"{"type":"open","mailbox":"of \#(app)"}"#, on: a)
            harness.say(#"{"type":"add","phase":"pake","body":"00"}"#, on: a)
            harness.disconnect(a)
        }
        for _ in 0..<24 { harness.expire(after: .seconds(3600)) }
        for (app, bodies) in [("slow", ["00"]), ("app", [])] {
            let b = harness.bound("b", app: app)
            #expect(harness.ask(#"{"type":"open","mailbox":"of \#(app)"}"#, on: b).bodies == bodies)
        }
    }
}
