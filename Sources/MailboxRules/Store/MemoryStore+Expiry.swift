import Observations
package import WormholeWire

// Expiry: what nobody has touched for 11 minutes goes. Run every five minutes, and once at the start.
//
// The minutes are those of the uptime: a wall clock that is set makes nothing older or younger. The times that are written down
// follow it, so that the next start finds them right.

extension MemoryStore {
    package mutating func expire(
        keeping claims: [SuccessfulClaim],
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) {
        guard isAvailable else { return }
        for claim in claims where isHeld(claim) { touch(claim.mailbox, at: now, into: &events) }
        for mailbox in listenedMailboxes { touch(mailbox, at: now, into: &events) }
        var pruned = (nameplates: 0, mailboxes: 0, messages: 0)
        for entry in findOld(at: now, into: &events) {
            pruned.nameplates += entry.nameplates.count
            pruned.mailboxes += 1
            pruned.messages += entry.messages.count
            retire(entry.id, at: now, isPruned: true, into: &events)
        }
        for (app, nameplate) in takeOrphans() {
            pruned.nameplates += 1
            retire(nameplate, of: app, at: now, isPruned: true, into: &events)
        }
        if pruned != (0, 0, 0) {
            events.append(
                .observed(
                    .pruned(
                        nameplates: pruned.nameplates,
                        mailboxes: pruned.mailboxes,
                        messages: pruned.messages
                    )
                )
            )
        }
    }

    /// Finds what has expired, and brings the times of all others in line with the clock.
    private mutating func findOld(at now: Timestamp, into events: inout [StoreEvent]) -> [MailboxEntry] {
        var old: [MailboxEntry] = []
        var index = mailboxes.startIndex
        // Entries are changed where they stand, for which there may be no second copy of the table, not even of its indices.
        while index != mailboxes.endIndex {
            let idle = mailboxes.values[index].idleTime(at: now, uptime: uptime)
            if idle >= expiry.lifetime(in: mailboxes.values[index].appID) {
                old.append(mailboxes.values[index])
            } else if mailboxes.values[index].follow(now, idle: idle) {
                let entry = mailboxes.values[index]
                events.append(.changed(.mailboxTouched(entry.id, updated: entry.updated)))
            }
            mailboxes.formIndex(after: &index)
        }
        return old
    }

    /// Goes on with what was known of these mailboxes before they were read back.
    mutating func takeIdleTimes(from known: [MailboxID: MailboxEntry]) {
        for (id, entry) in known {
            guard let index = mailboxes.index(forKey: id) else { continue }
            mailboxes.values[index].takeIdleTime(from: entry)
        }
    }

    private func isHeld(_ claim: SuccessfulClaim) -> Bool {
        guard let entry = nameplates[claim.appID]?[claim.nameplate] else { return false }
        return entry.mailbox == claim.mailbox && entry.sides.contains { $0.side == claim.side && $0.isClaimed }
    }
}
