import Observations
package import WormholeWire

// Expiry: what nobody has touched for 11 minutes goes. Run every five minutes, and once at the start.

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
        let limit = now - expiry.standard
        let limits = expiry.perApp.mapValues { now - $0 }
        let old = mailboxes.values.filter { $0.updated <= limits[$0.appID] ?? limit }
        for entry in old {
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

    private func isHeld(_ claim: SuccessfulClaim) -> Bool {
        guard let entry = nameplates[claim.appID]?[claim.nameplate] else { return false }
        return entry.mailbox == claim.mailbox && entry.sides.contains { $0.side == claim.side && $0.isClaimed }
    }
}
