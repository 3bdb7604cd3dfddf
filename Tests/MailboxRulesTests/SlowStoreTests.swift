import MailboxRules
import Observations
import Testing
import WormholeWire

/// A store that answers later than it is asked, as one across a network would.
private struct SlowStore: ChannelStore {
    var asked: [(ConnectionID, StoreOperation)] = []
    var unsubscribed: [ConnectionID] = []
    let levels = MailboxLevels()
    var uptime = Uptime(microseconds: 0)

    mutating func perform(
        _ operation: StoreOperation,
        for subscriber: ConnectionID,
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) {
        asked.append((subscriber, operation))
    }

    mutating func unsubscribe(_ subscriber: ConnectionID, from mailbox: MailboxID) {
        unsubscribed.append(subscriber)
    }

    mutating func expire(keeping claims: [SuccessfulClaim], at now: Timestamp, into events: inout [StoreEvent]) {}
}

@Suite("A store that answers later")
struct SlowStoreTests {
    private let id = ConnectionID(1)
    private let now = Timestamp(microseconds: 1_000_000)
    private var rendezvous: Rendezvous<SlowStore>
    private var effects: [Effect] = []

    init() {
        var limits = MailboxLimits()
        limits.outstandingCommands = 3
        rendezvous = Rendezvous(
            store: SlowStore(),
            welcome: Welcome(),
            limits: limits,
            allowsList: true,
            permission: .open
        )
        rendezvous.connected(id, from: nil, resource: "", at: now, into: &effects)
        rendezvous.received(
            ClientFrame(#"{"type":"bind","appid":"a","side":"s"}"#.utf8),
            from: id,
            at: now,
            into: &effects
        )
        effects.removeAll()
    }

    private mutating func say(_ text: String) {
        rendezvous.received(ClientFrame(text.utf8), from: id, at: now, into: &effects)
    }

    private mutating func takeSaid() -> [ServerMessage] {
        defer { effects.removeAll() }
        return effects.compactMap { if case .send(let message, _, _) = $0 { message } else { nil } }
    }

    @Test("no later command is acknowledged before the earlier one is answered")
    mutating func order() {
        say(#"{"type":"claim","nameplate":"1","id":1}"#)
        say(#"{"type":"ping","ping":2,"id":2}"#)
        say(#"{"type":"list","id":3}"#)
        say(#"{"type":"ping","ping":4,"id":4}"#)
        #expect(takeSaid() == [.ack(id: JSONText(valid: "1"))])
        #expect(rendezvous.store.asked.count == 1)
        rendezvous.storeAnswered([.completed(id, .claimed(MailboxID("m")!))], at: now, into: &effects)
        #expect(
            takeSaid() == [
                .claimed(MailboxID("m")!), .ack(id: JSONText(valid: "2")), .pong(JSONText(valid: "2")),
                .ack(id: JSONText(valid: "3")),
            ]
        )
        rendezvous.storeAnswered([.completed(id, .nameplates([]))], at: now, into: &effects)
        #expect(takeSaid() == [.nameplates([]), .ack(id: JSONText(valid: "4")), .pong(JSONText(valid: "4"))])
    }

    @Test("a client with too many commands under way is not read until one is answered")
    mutating func backpressure() {
        say(#"{"type":"allocate"}"#)
        for _ in 0..<3 { say(#"{"type":"list"}"#) }
        #expect(effects.contains(.pause(id)))
        #expect(effects.contains(.observe(.limitHit(.mailboxOutstanding))))
        effects.removeAll()
        rendezvous.storeAnswered([.completed(id, .allocated(Nameplate(1)))], at: now, into: &effects)
        #expect(effects.contains(.resume(id)))
    }

    @Test("a client that leaves while its mailbox is being opened does not listen")
    mutating func leaving() {
        say(#"{"type":"open","mailbox":"m"}"#)
        rendezvous.disconnected(id)
        #expect(rendezvous.store.unsubscribed == [id])
        effects.removeAll()
        rendezvous.storeAnswered([.completed(id, .opened(replay: []))], at: now, into: &effects)
        #expect(effects.isEmpty)
    }

    @Test("a failing store is told to the clients it fails, and their connections end")
    mutating func failure() {
        say(#"{"type":"allocate"}"#)
        effects.removeAll()
        rendezvous.storageFailed(for: [id, ConnectionID(99)], into: &effects)
        #expect(
            effects == [
                .send(.error("server storage failure", original: .null), to: id, after: .immediate),
                .observe(.errorSent(.other)), .close(id, .storageFailure),
            ]
        )
    }
}
