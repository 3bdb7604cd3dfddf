import Admission
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import MailboxRules

@Suite("Looking for state that should not exist")
struct AuditTests {
    private typealias Store = MemoryStore<SeededGenerator>

    private static let app = AppID(unchecked: "app")
    private static let nameplate = Nameplate(4)

    /// A rendezvous in which one side waits at a nameplate, and another has a mailbox open.
    private static func rendezvous() throws -> Rendezvous<Store> {
        var rendezvous = Rendezvous(
            store: Store(
                StoredChannels(),
                expiry: ExpiryPolicy(),
                limits: MailboxLimits(),
                random: SeededGenerator(seed: 1)
            ),
            welcome: Welcome(),
            limits: MailboxLimits(),
            allowsList: true,
            permission: .open
        )
        var effects: [Effect] = []
        for (id, side) in [(ConnectionID(1), "a"), (ConnectionID(2), "b")] {
            rendezvous.connected(id, from: nil, resource: "", at: now, into: &effects)
            for text in [
                #"{"type":"bind","appid":"app","side":"\#(side)"}"#, #"{"type":"claim","nameplate":"4"}"#,
                #"{"type":"open","mailbox":"m"}"#, #"{"type":"add","phase":"p","body":"00"}"#,
            ] {
                rendezvous.received(ClientFrame(Array(text.utf8)), from: id, at: now, into: &effects)
            }
        }
        return rendezvous
    }

    private static let now = Timestamp(seconds: 1000)

    private func audit(_ rendezvous: Rendezvous<Store>) -> [InvariantCheck] {
        var audit = RendezvousAudit(of: rendezvous)
        while audit.step(rendezvous, limit: 1) {}
        return audit.findings.map(\.check)
    }

    @Test("finds nothing where everything is as it should be")
    func sound() throws {
        let rendezvous = try Self.rendezvous()
        #expect(rendezvous.store.levels.nameplates.paired == 1)
        #expect(rendezvous.store.levels.storedMessages == 2)
        #expect(audit(rendezvous) == [])
    }

    @Test("finds a nameplate without its mailbox, and a mailbox with a nameplate that leads elsewhere")
    func nameplates() throws {
        var rendezvous = try Self.rendezvous()
        let mailbox = try #require(rendezvous.store.nameplates[Self.app]?[Self.nameplate]?.mailbox)
        let entry = try #require(rendezvous.store.mailboxes[mailbox])
        rendezvous.store.mailboxes[mailbox]?.nameplates = []
        #expect(audit(rendezvous) == [.nameplateMailbox])
        rendezvous.store.mailboxes[mailbox] = nil
        #expect(audit(rendezvous).contains(.nameplateMailbox))
        rendezvous.store.mailboxes[mailbox] = entry
        rendezvous.store.nameplates[Self.app] = nil
        #expect(Set(audit(rendezvous)) == [.nameplateMailbox, .counterGauge])
    }

    @Test("finds a mailbox that everybody has closed, one with a side too many, and a nameplate nobody claims")
    func sides() throws {
        var rendezvous = try Self.rendezvous()
        let mailbox = MailboxID(unchecked: "m")
        let sides = try #require(rendezvous.store.mailboxes[mailbox]?.sides)
        for index in sides.indices { rendezvous.store.mailboxes[mailbox]?.sides[index].isOpen = false }
        #expect(audit(rendezvous) == [.mailboxSides])
        rendezvous.store.mailboxes[mailbox]?.sides = sides + sides
        #expect(Set(audit(rendezvous)) == [.mailboxSides, .counterGauge])
        rendezvous.store.mailboxes[mailbox]?.sides = sides
        for index in sides.indices {
            rendezvous.store.nameplates[Self.app]?[Self.nameplate]?.sides[index].isClaimed = false
        }
        #expect(audit(rendezvous) == [.mailboxSides])
    }

    @Test("finds who listens without being there")
    func listeners() throws {
        var rendezvous = try Self.rendezvous()
        rendezvous.store.subscribe(ConnectionID(77), to: MailboxID(unchecked: "m"))
        #expect(audit(rendezvous) == [.listenerReferences])
        rendezvous.store.unsubscribe(ConnectionID(77), from: MailboxID(unchecked: "m"))
        #expect(audit(rendezvous) == [])
        rendezvous.store.subscribe(ConnectionID(1), to: MailboxID(unchecked: "nothing"))
        #expect(Set(audit(rendezvous)) == [.listenerReferences])
    }

    @Test("finds counts that are off")
    func counts() throws {
        var rendezvous = try Self.rendezvous()
        rendezvous.store.mailboxes[MailboxID(unchecked: "m")]?.messages.removeLast()
        #expect(Set(audit(rendezvous)) == [.counterGauge])
    }

    @Test("finds a source that holds another number of nameplates than is counted")
    func holders() throws {
        var rendezvous = try Self.rendezvous()
        let entry = try #require(rendezvous.store.nameplates[Self.app]?[Self.nameplate])
        rendezvous.store.nameplates[Self.app]?[Self.nameplate] = NameplateEntry(
            row: entry.row,
            appID: entry.appID,
            nameplate: entry.nameplate,
            mailbox: entry.mailbox,
            sides: entry.sides,
            holder: SourceID(hash: 1)
        )
        #expect(audit(rendezvous) == [.counterGauge])
    }

    @Test("keeps its peace while the store cannot write, and about what is gone meanwhile")
    func changes() throws {
        var rendezvous = try Self.rendezvous()
        var audit = RendezvousAudit(of: rendezvous)
        let hasMore = audit.step(rendezvous, limit: 1)
        #expect(hasMore)
        var effects: [Effect] = []
        rendezvous.disconnected(ConnectionID(1))
        rendezvous.disconnected(ConnectionID(2))
        rendezvous.uptime = rendezvous.uptime + .seconds(660)
        rendezvous.expire(at: Timestamp(seconds: 1_000_000), into: &effects)
        #expect(rendezvous.store.mailboxes.isEmpty)
        while audit.step(rendezvous, limit: 1) {}
        #expect(audit.findings == [])
        rendezvous.store.suspend()
        let goesOn = audit.step(rendezvous, limit: 1)
        #expect(!goesOn)
    }

    @Test("of short nameplates, those of the fullest application are counted")
    func shortNameplates() throws {
        var rendezvous = try Self.rendezvous()
        var effects: [Effect] = []
        let nameplates = ["1", "2", "3", "0", "007", "10", "99", "100", "1000", "00"]
        for (index, nameplate) in nameplates.enumerated() {
            let id = ConnectionID(UInt64(10 + index))
            rendezvous.connected(id, from: nil, resource: "", at: Self.now, into: &effects)
            for text in [
                #"{"type":"bind","appid":"full","side":"\#(index)"}"#,
                #"{"type":"claim","nameplate":"\#(nameplate)"}"#,
            ] {
                rendezvous.received(ClientFrame(Array(text.utf8)), from: id, at: Self.now, into: &effects)
            }
        }
        let levels = rendezvous.store.levels.shortNameplates
        #expect(levels.ofOneDigit == 3 && levels.ofTwoDigits == 2 && levels.ofThreeDigits == 1)
        rendezvous.received(
            ClientFrame(Array(#"{"type":"release"}"#.utf8)),
            from: ConnectionID(10),
            at: Self.now,
            into: &effects
        )
        #expect(rendezvous.store.levels.shortNameplates.ofOneDigit == 2)
        for id in 1..<30 as Range<UInt64> { rendezvous.disconnected(ConnectionID(id)) }
        rendezvous.uptime = rendezvous.uptime + .seconds(660)
        rendezvous.expire(at: Timestamp(seconds: 1_000_000), into: &effects)
        #expect(rendezvous.store.levels.shortNameplates == MailboxLevels.ShortNameplates())
    }
}
