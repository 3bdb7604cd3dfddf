import Observations
import Testing
import WormholeWire

@testable import MailboxRules

/// A wall clock that is set while the server runs, or between two runs.
@Suite("A clock that is set")
struct ClockStepTests {
    private static let steps: [Duration] = [.seconds(-86_400), .seconds(-700), .seconds(700), .seconds(86_400)]
    private let mailbox = MailboxID("mb")!
    private let open = #"{"type":"open","mailbox":"mb"}"#
    private let add = #"{"type":"add","phase":"1","body":"00"}"#

    private func count(in harness: RendezvousHarness) -> Int { harness.rendezvous.store.mailboxes.count }

    @Test(
        "a mailbox that nobody attends to lives as long as ever, and the time that is written down follows",
        arguments: steps
    )
    func unattended(step: Duration) {
        var harness = RendezvousHarness()
        let a = harness.bound("a")
        harness.say(open, on: a)
        harness.say(add, on: a)
        harness.disconnect(a)
        _ = harness.takeChanges()
        harness.pass(.seconds(100))
        harness.now = harness.now + step
        harness.expire(after: .zero)
        #expect(count(in: harness) == 1)
        #expect(harness.takeChanges() == [.mailboxTouched(mailbox, updated: harness.now - .seconds(100))])
        harness.expire(after: .seconds(560) - .microseconds(1))
        #expect(count(in: harness) == 1)
        #expect(harness.takeChanges().isEmpty)
        harness.expire(after: .microseconds(1))
        #expect(count(in: harness) == 0)
    }

    @Test("what is done after it is written down with the new time", arguments: steps)
    func touched(step: Duration) {
        var harness = RendezvousHarness()
        let a = harness.bound("a")
        harness.say(open, on: a)
        harness.now = harness.now + step
        _ = harness.takeChanges()
        harness.say(add, on: a)
        #expect(harness.takeChanges().contains(.mailboxTouched(mailbox, updated: harness.now)))
        harness.disconnect(a)
        harness.expire(after: .seconds(660) - .microseconds(1))
        #expect(count(in: harness) == 1)
        harness.expire(after: .microseconds(1))
        #expect(count(in: harness) == 0)
    }

    @Test("an activity in the future that is read back is one of now")
    func future() {
        var harness = RendezvousHarness()
        var stored = StoredChannels()
        let side = MailboxEntry.OpeningSide(row: 1, side: Side("a")!, added: harness.now, isOpen: true, mood: nil)
        for (name, ahead) in [("mb", Duration.seconds(86_400)), ("other", .seconds(-600))] {
            stored.insert(
                MailboxEntry(
                    appID: AppID("app")!,
                    id: MailboxID(name)!,
                    isForNameplate: false,
                    updated: harness.now + ahead,
                    sides: [side]
                )
            )
        }
        harness = RendezvousHarness(stored)
        harness.expire(after: .zero)
        #expect(harness.takeChanges() == [.mailboxTouched(mailbox, updated: harness.now)])
        harness.expire(after: .seconds(60))
        #expect(count(in: harness) == 1)
        harness.expire(after: .seconds(600) - .microseconds(1))
        #expect(count(in: harness) == 1)
        harness.expire(after: .microseconds(1))
        #expect(count(in: harness) == 0)
    }

    @Test("a step back between two sides makes neither the second one the first nor the step a time of waiting")
    func records() {
        for isReadBack in [false, true] {
            var harness = RendezvousHarness()
            var journal = JournalModel()
            let a = harness.bound("a")
            harness.say(#"{"type":"claim","nameplate":"4"}"#, on: a)
            let started = harness.now
            harness.now = harness.now - .seconds(3600)
            let b = harness.bound("b")
            harness.say(#"{"type":"claim","nameplate":"4"}"#, on: b)
            if isReadBack {
                for change in harness.takeChanges() { journal.apply(change) }
                harness.rendezvous.store.reload(journal.stored)
            }
            for id in [a, b] { harness.disconnect(id) }
            harness.expire(after: .seconds(660))
            let app = AppID("app")!
            let nameplate = NameplateSummary(
                appID: app,
                started: started,
                waitingTime: .zero,
                totalTime: .zero,
                result: .pruney
            )
            let mailbox = MailboxSummary(
                appID: app,
                isForNameplate: true,
                started: started,
                waitingTime: .zero,
                totalTime: .zero,
                result: .pruney
            )
            let observations = harness.takeObservations()
            #expect(observations.contains(.nameplateRetired(nameplate)))
            #expect(observations.contains(.mailboxRetired(mailbox)))
        }
    }

    @Test("a journal that is read back in between changes nothing of it", arguments: steps)
    func reload(step: Duration) {
        var harness = RendezvousHarness()
        var journal = JournalModel()
        let a = harness.bound("a")
        harness.say(open, on: a)
        harness.disconnect(a)
        for change in harness.takeChanges() { journal.apply(change) }
        harness.pass(.seconds(100))
        harness.now = harness.now + step
        harness.rendezvous.store.suspend()
        harness.rendezvous.store.reload(journal.stored)
        harness.expire(after: .seconds(560) - .microseconds(1))
        #expect(count(in: harness) == 1)
        harness.expire(after: .microseconds(1))
        #expect(count(in: harness) == 0)
    }
}
