import Observations
package import WormholeWire

// Expiry: what nobody has touched for 11 minutes goes. Run every five minutes, and once at the start.

extension MemoryStore {
    package mutating func expire(
        keeping claims: [(AppID, Nameplate)],
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) {
        guard isAvailable else { return }
        for (app, nameplate) in claims {
            if let mailbox = nameplates[app]?[nameplate]?.mailbox { touch(mailbox, at: now, into: &events) }
        }
        var pruned = (nameplates: 0, mailboxes: 0, messages: 0)
        for mailbox in Array(mailboxes.keys) {
            if hasListeners(mailbox) { touch(mailbox, at: now, into: &events) }
            guard let entry = mailboxes[mailbox], entry.updated + expiry.lifetime(in: entry.appID) <= now else {
                continue
            }
            pruned.nameplates += entry.nameplates.count
            pruned.mailboxes += 1
            pruned.messages += entry.messages.count
            retire(mailbox, at: now, isPruned: true, into: &events)
        }
        // Nameplates that point nowhere or that nobody holds come only from files of older servers.
        for (app, entries) in nameplates {
            for (nameplate, entry) in entries
            where mailboxes[entry.mailbox] == nil || !entry.sides.contains(where: \.isClaimed) {
                pruned.nameplates += 1
                retire(nameplate, of: app, at: now, isPruned: true, into: &events)
            }
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
}
