import Admission
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import MailboxRules

/// Clients that do anything at any time.
@Suite("Random walks")
struct RandomWalkTests {
    private static func command(using random: inout SeededGenerator) -> String {
        let names = [#""1""#, #""2""#, #""007""#, "7", #""x""#]
        let mailboxes = [#""m1""#, #""m2""#, "null"]
        let optional = { (key: String, values: [String], random: inout SeededGenerator) -> String in
            Bool.random(using: &random) ? "" : #","\#(key)":\#(values.randomElement(using: &random)!)"#
        }
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return #"{"type":"ping","ping":1}"#
        case 1: return #"{"type":"bind","appid":"b","side":"z"}"#
        case 2: return #"{"type":"list"}"#
        case 3: return #"{"type":"allocate"}"#
        case 4: return #"{"type":"claim"\#(optional("nameplate", names, &random))}"#
        case 5: return #"{"type":"release"\#(optional("nameplate", names, &random))}"#
        case 6, 7: return #"{"type":"open"\#(optional("mailbox", mailboxes, &random))}"#
        case 8, 9: return #"{"type":"add","phase":"p","body":"\#(Int.random(in: 0..<1000, using: &random))"}"#
        case 10: return #"{"type":"close"\#(optional("mailbox", mailboxes, &random)),"mood":"happy"}"#
        default: return ["hello", "{}", "[]", #"{"type":"nonsense"}"#].randomElement(using: &random)!
        }
    }

    @Test(
        "what is held, what is counted and what is written down agree at every step",
        arguments: 0..<150 as Range<UInt64>
    )
    func invariantsHold(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var limits = MailboxLimits()
        limits.nameplatesPerSource = Int(seed % 3)
        var harness = RendezvousHarness(limits: limits, seed: seed)
        var journal = JournalModel()
        var clients: [ConnectionID] = []
        for step in 0..<300 {
            var what = "a new client"
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<3 where clients.count < 12:
                let side = ["a", "b", "c", "d"].randomElement(using: &random)!
                let source = [nil, SourceID(hash: 1), SourceID(hash: 2)].randomElement(using: &random)!
                let app = Bool.random(using: &random) ? "app" : "other"
                clients.append(harness.bound(side, app: app, from: source))
            case 3:
                guard let index = clients.indices.randomElement(using: &random) else { continue }
                what = "a client leaves"
                harness.disconnect(clients.remove(at: index))
            case 4:
                what = "expiry"
                harness.expire(after: .seconds(Int.random(in: 0...700, using: &random)))
            default:
                guard let id = clients.randomElement(using: &random) else { continue }
                what = Self.command(using: &random)
                let acks = harness.ask(what, on: id).filter { if case .ack = $0 { true } else { false } }
                #expect(acks.count == (what.contains("type") ? 1 : 0), "seed \(seed), step \(step), after \(what)")
            }
            for change in harness.takeChanges() { journal.apply(change) }
            let store = harness.rendezvous.store
            #expect(store.brokenInvariant == nil, "seed \(seed), step \(step), after \(what)")
            #expect(harness.findings.isEmpty, "seed \(seed), step \(step), after \(what)")
            #expect(journal.stored.comparable == store.durable, "seed \(seed), step \(step), after \(what)")
        }
        for id in clients { harness.disconnect(id) }
        harness.expire(after: .seconds(660))
        #expect(harness.rendezvous.store.levels == .init(), "seed \(seed): something is left when everybody has gone")
        #expect(harness.rendezvous.store.heldNameplates.isEmpty, "seed \(seed): somebody holds what is gone")
    }

    @Test(
        "a store made of what was written down goes on like the one that wrote it",
        arguments: 0..<50 as Range<UInt64>
    )
    func restart(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var harness = RendezvousHarness(seed: seed)
        var journal = JournalModel()
        for _ in 0..<100 {
            let id = harness.bound(["a", "b"].randomElement(using: &random)!)
            for _ in 0..<5 { harness.say(Self.command(using: &random), on: id) }
        }
        for change in harness.takeChanges() { journal.apply(change) }
        var restarted = RendezvousHarness(journal.stored, seed: seed)
        restarted.now = harness.now
        #expect(restarted.rendezvous.store.brokenInvariant == nil)
        for side in ["a", "b", "c"] {
            for question in [
                #"{"type":"list"}"#, #"{"type":"claim","nameplate":"1"}"#, #"{"type":"open","mailbox":"m1"}"#,
            ] {
                let before = harness.bound(side)
                let after = restarted.bound(side)
                let answers = (harness.ask(question, on: before), restarted.ask(question, on: after))
                #expect(answers.0.bodies == answers.1.bodies)
                #expect(answers.0.count == answers.1.count, "seed \(seed): \(question) of \(side)")
            }
        }
    }
}
