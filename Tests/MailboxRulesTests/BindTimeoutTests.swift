import Observations
import TestSupport
import Testing
import WormholeWire

@testable import MailboxRules

@Suite("The time to bind")
struct BindTimeoutTests {
    private let bind = #"{"type":"bind","appid":"app","side":"s"}"#

    private func limits(_ timeout: Duration) -> MailboxLimits {
        var limits = MailboxLimits()
        limits.bindTimeout = timeout
        return limits
    }

    @Test("who does not bind in time is ended, who did is not")
    func ends() {
        var harness = RendezvousHarness()
        let silent = harness.connect()
        _ = harness.bound("a")
        harness.endUnbound(after: .seconds(119))
        #expect(harness.closes.isEmpty)
        harness.endUnbound(after: .seconds(1))
        #expect(harness.closes == [silent: .bindTimeout])
        #expect(harness.takeObservations().filter { $0 == .limitHit(.mailboxBindTimeout) }.count == 1)
        #expect(harness.rendezvous.nextBindDeadline == nil)
    }

    @Test("a wall clock that is set makes it neither longer nor shorter", arguments: [-86_400, 86_400])
    func step(seconds: Int) {
        var harness = RendezvousHarness()
        let before = harness.connect()
        harness.pass(.seconds(60))
        harness.now = harness.now + .seconds(seconds)
        let after = harness.connect()
        harness.endUnbound(after: .seconds(59))
        #expect(harness.closes.isEmpty)
        harness.endUnbound(after: .seconds(1))
        #expect(harness.closes == [before: .bindTimeout])
        harness.endUnbound(after: .seconds(60))
        #expect(harness.closes == [before: .bindTimeout, after: .bindTimeout])
    }

    @Test("another limit holds for those who are in: a shorter, a longer, none, and one where there was none")
    func change() {
        var harness = RendezvousHarness(limits: limits(.zero))
        let first = harness.connect()
        #expect(harness.rendezvous.nextBindDeadline == nil)
        harness.endUnbound(after: .seconds(50))
        harness.rendezvous.limits = limits(.seconds(60))
        #expect(harness.rendezvous.nextBindDeadline == harness.rendezvous.uptime + .seconds(10))
        harness.endUnbound(after: .seconds(10))
        #expect(harness.closes == [first: .bindTimeout])
        let second = harness.connect()
        harness.rendezvous.limits = limits(.seconds(1000))
        harness.endUnbound(after: .seconds(999))
        #expect(harness.closes.count == 1)
        harness.rendezvous.limits = limits(.zero)
        harness.endUnbound(after: .seconds(1))
        #expect(harness.closes.count == 1)
        let third = harness.connect()
        harness.rendezvous.limits = limits(.seconds(10))
        harness.endUnbound(after: .zero)
        #expect(harness.closes == [first: .bindTimeout, second: .bindTimeout])
        harness.endUnbound(after: .seconds(10))
        #expect(harness.closes[third] == .bindTimeout)
    }

    @Test("a client that is asked for a proof of work has five times as long")
    func hashcash() {
        var harness = RendezvousHarness(permission: .hashcash(bits: 20, isRequired: true))
        let client = harness.connect()
        harness.endUnbound(after: .seconds(599))
        #expect(harness.closes.isEmpty)
        harness.endUnbound(after: .seconds(1))
        #expect(harness.closes == [client: .bindTimeout])
    }

    @Test("those who have bound or gone are forgotten, though one before them waits for ever")
    func memory() {
        for timeout in [Duration.zero, .seconds(31_536_000)] {
            var harness = RendezvousHarness(limits: limits(timeout))
            _ = harness.connect()
            for number in 0..<1000 {
                let client = harness.connect()
                if number.isMultiple(of: 2) { harness.say(bind, on: client) } else { harness.disconnect(client) }
            }
            #expect(harness.rendezvous.unbound.count < 50)
        }
    }

    @Test("clients that come, bind, leave and wait in any order", arguments: 0..<50 as Range<UInt64>)
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var line = UnboundLine()
        var model: [(id: ConnectionID, since: Uptime)] = []
        var now = Uptime(microseconds: 0)
        for step in 0..<1000 as Range<UInt64> {
            now = now + .microseconds(Int.random(in: 0...2, using: &random))
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                line.append(ConnectionID(step), at: now)
                model.append((ConnectionID(step), now))
            case 5..<9:
                let id = ConnectionID(UInt64.random(in: 0...step, using: &random))
                line.remove(id)
                model.removeAll { $0.id == id }
            default:
                let limit = now - .microseconds(Int.random(in: 0...200, using: &random))
                while let id = line.popFirst(since: limit) { #expect(model.removeFirst().id == id, "seed \(seed)") }
                #expect(model.allSatisfy { $0.since > limit }, "seed \(seed), step \(step)")
            }
            #expect(line.first == model.first?.since, "seed \(seed), step \(step)")
            #expect(line.count <= 2 * model.count + 32, "seed \(seed), step \(step)")
        }
    }
}
