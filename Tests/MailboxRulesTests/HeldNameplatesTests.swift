import Admission
import Observations
import Testing
import WormholeWire

@testable import MailboxRules

@Suite("How many nameplates a source holds")
struct HeldNameplatesTests {
    private static let source = SourceID(hash: 1)
    private static let other = SourceID(hash: 2)
    private static let allocate = #"{"type":"allocate"}"#
    private static let list = #"{"type":"list"}"#
    private static let refusal = "too many nameplates are held from this address, try again later"

    private static func claim(_ nameplate: String) -> String { #"{"type":"claim","nameplate":"\#(nameplate)"}"# }

    private static func limits(_ nameplatesPerSource: Int) -> MailboxLimits {
        var limits = MailboxLimits()
        limits.nameplatesPerSource = nameplatesPerSource
        return limits
    }

    /// What a new client of a source is answered.
    private static func error(
        _ text: String,
        from source: SourceID? = Self.source,
        in harness: inout RendezvousHarness
    ) -> String? {
        harness.error(text, on: harness.bound("new", from: source))
    }

    @Test("as many as it may, allocated or claimed; then it is told, and nothing has happened")
    func limit() {
        var harness = RendezvousHarness(limits: Self.limits(2))
        #expect(harness.ask(Self.allocate, on: harness.bound("a", from: Self.source)).allocated != nil)
        #expect(harness.ask(Self.claim("77"), on: harness.bound("b", from: Self.source)).claimed != nil)
        let before = harness.rendezvous.store
        _ = harness.takeChanges()
        _ = harness.takeObservations()
        for command in [Self.allocate, Self.claim("78")] {
            #expect(Self.error(command, in: &harness) == Self.refusal)
            #expect(
                harness.takeObservations().suffix(2) == [.limitHit(.mailboxNameplatesHeld), .errorSent(.other)]
            )
        }
        #expect(harness.takeChanges().isEmpty)
        #expect(harness.rendezvous.store.durable == before.durable && harness.rendezvous.store.levels == before.levels)
        // Others do not suffer.
        for source in [Self.other, nil] {
            #expect(Self.error(Self.allocate, from: source, in: &harness) == nil)
        }
        #expect(harness.findings.isEmpty)
    }

    @Test("who comes to a nameplate that exists holds nothing by it, and is let in")
    func secondParty() {
        var harness = RendezvousHarness(limits: Self.limits(1))
        for (nameplate, source) in [("1", Self.source), ("2", Self.other), ("3", nil)] {
            #expect(Self.error(Self.claim(nameplate), from: source, in: &harness) == nil)
        }
        for nameplate in ["1", "2", "3"] {
            let id = harness.bound("second", from: Self.source)
            #expect(harness.ask(Self.claim(nameplate), on: id).claimed != nil)
        }
        #expect(harness.rendezvous.store.heldNameplates == [Self.source: 1, Self.other: 1])
    }

    @Test("no source, no limit; and 0 is none")
    func unlimited() {
        for (limit, source) in [(1, nil), (0, Self.source)] {
            var harness = RendezvousHarness(limits: Self.limits(limit))
            for number in 100..<120 { #expect(Self.error(Self.claim("\(number)"), from: source, in: &harness) == nil) }
            for _ in 0..<20 { #expect(Self.error(Self.allocate, from: source, in: &harness) == nil) }
        }
    }

    @Test("it is held when the connection is gone, until all have released, whoever they are")
    func release() {
        var harness = RendezvousHarness(limits: Self.limits(1))
        let first = harness.bound("a", from: Self.source)
        harness.say(Self.claim("4"), on: first)
        let second = harness.bound("b", from: Self.other)
        harness.say(Self.claim("4"), on: second)
        harness.say(#"{"type":"release"}"#, on: first)
        harness.disconnect(first)
        #expect(Self.error(Self.allocate, in: &harness) == Self.refusal)
        harness.say(#"{"type":"release"}"#, on: second)
        #expect(harness.rendezvous.store.heldNameplates.isEmpty)
        #expect(Self.error(Self.allocate, in: &harness) == nil)
        #expect(Self.error(Self.allocate, in: &harness) == Self.refusal)
    }

    @Test("it goes with its mailbox, closed or expired")
    func end() throws {
        var harness = RendezvousHarness(limits: Self.limits(1))
        let id = harness.bound("a", from: Self.source)
        let mailbox = try #require(harness.ask(Self.claim("4"), on: id).claimed)
        harness.say(#"{"type":"open","mailbox":"\#(mailbox)"}"#, on: id)
        #expect(Self.error(Self.claim("5"), in: &harness) == Self.refusal)
        harness.say(#"{"type":"close"}"#, on: id)
        let next = harness.bound("a", from: Self.source)
        #expect(harness.ask(Self.claim("5"), on: next).claimed != nil)
        harness.expire(after: .seconds(660))
        #expect(Self.error(Self.claim("6"), in: &harness) == Self.refusal, "its client is connected")
        harness.disconnect(next)
        harness.expire(after: .seconds(660))
        #expect(harness.rendezvous.store.heldNameplates.isEmpty)
        #expect(Self.error(Self.claim("6"), in: &harness) == nil)
    }

    @Test("a claim that was refused may be tried again, and holds nothing meanwhile")
    func again() {
        var harness = RendezvousHarness(limits: Self.limits(1))
        let holder = harness.bound("a", from: Self.source)
        harness.say(Self.claim("4"), on: holder)
        #expect(harness.error(Self.allocate, on: holder) == Self.refusal)
        #expect(harness.error(Self.claim("5"), on: holder) == "only one claim per connection", "the first one stands")

        let patient = harness.bound("b", from: Self.source)
        #expect(harness.error(Self.claim("5"), on: patient) == Self.refusal)
        #expect(harness.error(#"{"type":"release"}"#, on: patient) == "release without nameplate must follow claim")
        let stranger = harness.bound("c", from: Self.other)
        harness.say(Self.claim("5"), on: stranger)
        harness.disconnect(stranger)
        harness.expire(after: .seconds(660))
        #expect(harness.ask(Self.list, on: patient).last == .nameplates([Nameplate(4)]))

        harness.say(#"{"type":"release"}"#, on: holder)
        #expect(harness.ask(Self.claim("5"), on: patient).claimed != nil)
        #expect(harness.error(Self.claim("5"), on: patient) == "only one claim per connection")
    }

    @Test("a lower limit takes nothing away, and a higher one lets in at once")
    func change() {
        var harness = RendezvousHarness()
        let clients = ["1", "2", "3"].map { nameplate in
            let id = harness.bound("a", from: Self.source)
            harness.say(Self.claim(nameplate), on: id)
            return id
        }
        harness.rendezvous.store.limits.nameplatesPerSource = 2
        for client in clients.dropLast() {
            #expect(Self.error(Self.claim("9"), in: &harness) == Self.refusal)
            harness.say(#"{"type":"release"}"#, on: client)
        }
        #expect(harness.ask(Self.list, on: clients[2]).last == .nameplates([Nameplate(3)]))
        #expect(Self.error(Self.claim("9"), in: &harness) == nil)
        #expect(Self.error(Self.claim("10"), in: &harness) == Self.refusal)
        harness.rendezvous.store.limits.nameplatesPerSource = 3
        #expect(Self.error(Self.claim("10"), in: &harness) == nil)
    }

    @Test("what is read back after the disk has failed is nobody's, and what was lost counts no more")
    func reload() {
        var harness = RendezvousHarness(limits: Self.limits(2))
        var journal = JournalModel()
        let stored = harness.bound("a", from: Self.source)
        harness.say(Self.claim("1"), on: stored)
        for change in harness.takeChanges() { journal.apply(change) }
        harness.say(Self.claim("2"), on: harness.bound("a", from: Self.source))
        harness.rendezvous.store.suspend()
        harness.rendezvous.store.reload(journal.stored)
        #expect(harness.ask(Self.list, on: stored).last == .nameplates([Nameplate(1)]))
        for nameplate in ["2", "3"] { #expect(Self.error(Self.claim(nameplate), in: &harness) == nil) }
        #expect(Self.error(Self.claim("4"), in: &harness) == Self.refusal)
        harness.say(#"{"type":"release"}"#, on: stored)
        #expect(harness.rendezvous.store.heldNameplates == [Self.source: 2])
        #expect(harness.findings.isEmpty && harness.rendezvous.store.brokenInvariant == nil)
    }
}
