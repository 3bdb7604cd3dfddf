import Observations
import WormholeWire

// What the usage records say of a nameplate or mailbox at its end, by the rules of the mailbox protocol, section on the
// usage database. Sides are taken in the order they came, which their rows tell and their times do not, if the clock was set
// between them.

extension NameplateEntry {
    func summary(endingAt end: Timestamp, isPruned: Bool) -> NameplateSummary {
        let times = sides.sorted { $0.row < $1.row }.map(\.added)
        let started = times.first ?? end
        let result: NameplateResult =
            if sides.count > 2 { .crowded } else if isPruned { .pruney } else { sides.count == 2 ? .happy : .lonely }
        return NameplateSummary(
            appID: appID,
            started: started,
            waitingTime: times.count > 1 ? max(.zero, times[1] - started) : nil,
            totalTime: max(.zero, end - started),
            result: result
        )
    }
}

extension MailboxEntry {
    func summary(endingAt end: Timestamp, isPruned: Bool) -> MailboxSummary {
        let times = sides.sorted { $0.row < $1.row }.map(\.added)
        let started = times.first ?? updated
        return MailboxSummary(
            appID: appID,
            isForNameplate: isForNameplate,
            started: started,
            waitingTime: times.count > 1 ? max(.zero, times[1] - started) : nil,
            totalTime: max(.zero, end - started),
            result: result(isPruned: isPruned)
        )
    }

    /// The worst that can be said of it; later rules override earlier ones.
    private func result(isPruned: Bool) -> MailboxResult {
        if sides.isEmpty { return .quiet }
        if sides.count > 2 { return .crowded }
        if isPruned { return .pruney }
        for mood in [MailboxResult.scary, .errory, .lonely] where sides.contains(where: { $0.says(mood) }) {
            return mood
        }
        return sides.count == 1 ? .lonely : .happy
    }
}

extension MailboxEntry.OpeningSide {
    /// By its bytes: what clients send can be slow to compare as text.
    fileprivate func says(_ mood: MailboxResult) -> Bool {
        self.mood?.utf8.elementsEqual(mood.rawValue.utf8) == true
    }
}
