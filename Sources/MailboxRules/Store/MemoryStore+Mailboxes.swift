import Observations
import WormholeWire

// Mailboxes: the queues two sides share.
//
//     absent ──open(s1)──▶ open ──open(s2)──▶ open by two ──open(s3)──▶ crowded for everybody
//     closed by every side that ever opened it, or expired ─▶ absent, with its messages

extension MemoryStore {
    mutating func open(
        _ app: AppID,
        _ mailbox: MailboxID,
        _ side: Side,
        for subscriber: ConnectionID,
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) -> StoreOutcome {
        if let owner = mailboxes[mailbox]?.appID {
            guard owner == app else { return .failed(.mailboxInUse) }
        } else {
            create(mailbox, of: app, isForNameplate: false, at: now, into: &events)
        }
        guard enter(mailbox, as: side, at: now, into: &events) else { return .failed(.crowded) }
        touch(mailbox, at: now, into: &events)
        subscribe(subscriber, to: mailbox)
        if mailboxes[mailbox]?.noteListening(of: side) == true { events.append(.observed(.sideReconnected)) }
        return .opened(replay: mailboxes[mailbox]?.messages ?? [])
    }

    mutating func create(
        _ mailbox: MailboxID,
        of app: AppID,
        isForNameplate: Bool,
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) {
        events.append(.changed(.mailboxCreated(app, mailbox, isForNameplate: isForNameplate, updated: now)))
        insert(
            MailboxEntry(appID: app, id: mailbox, isForNameplate: isForNameplate, updated: now, idleSince: uptime)
        )
    }

    /// Records a side of a mailbox, unless it is known or one too many.
    ///
    /// - Returns: Whether the mailbox has at most two sides.
    mutating func enter(
        _ mailbox: MailboxID,
        as side: Side,
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) -> Bool {
        guard let sides = mailboxes[mailbox]?.sides else { return false }
        if sides.contains(where: { $0.side == side }) { return sides.count < MailboxLimits.recordedSides }
        guard sides.count < MailboxLimits.recordedSides else { return false }
        lastRows.mailboxSide += 1
        let row = lastRows.mailboxSide
        events.append(.changed(.mailboxSideAdded(row: row, mailbox, side, added: now)))
        append(.init(row: row, side: side, added: now, isOpen: true, mood: nil, hasListened: false), to: mailbox)
        return sides.count + 1 < MailboxLimits.recordedSides
    }

    mutating func add(
        _ message: StoredMessage,
        to mailbox: MailboxID,
        of app: AppID,
        into events: inout [StoreEvent]
    ) -> StoreOutcome {
        // One look-up, and no copy of the entry: its messages are appended to where they stand.
        guard let index = mailboxes.index(forKey: mailbox), mailboxes.values[index].appID == app else {
            return .failed(.mailboxGone)
        }
        let bytes = message.storedBytes
        if isOver(limits.messagesPerMailbox, mailboxes.values[index].messages.count + 1)
            || isOver(limits.bytesPerMailbox, mailboxes.values[index].storedBytes + bytes)
            || isOver(limits.storedBytes, levels.storedBytes + bytes)
        {
            events.append(.observed(.limitHit(.mailboxStore)))
            return .failed(.full)
        }
        events.append(.changed(.messageAdded(app, mailbox, message)))
        mailboxes.values[index].append(message)
        countStored(message)
        if mailboxes.values[index].touch(at: message.received, uptime: uptime) {
            events.append(.changed(.mailboxTouched(mailbox, updated: message.received)))
        }
        return .added
    }

    private func isOver(_ limit: Int, _ amount: Int) -> Bool { limit > 0 && amount > limit }

    mutating func close(
        _ app: AppID,
        _ mailbox: MailboxID,
        _ side: Side,
        mood: String?,
        isOpen: Bool,
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) -> StoreOutcome {
        // A mailbox that would exist only inside this close leaves no trace, and so no second usage record.
        guard let owner = mailboxes[mailbox]?.appID else { return .closed }
        guard owner == app else { return .failed(.mailboxInUse) }
        if mailboxes[mailbox]?.sides.contains(where: { $0.side == side }) == false {
            // A latecomer has nothing to close, and must not make the mailbox crowded by leaving it.
            guard let count = mailboxes[mailbox]?.sides.count, count < 2 else { return .closed }
            _ = enter(mailbox, as: side, at: now, into: &events)
        }
        guard let sides = mailboxes[mailbox]?.sides, let index = sides.firstIndex(where: { $0.side == side }) else {
            return .closed
        }
        mailboxes[mailbox]?.sides[index].isOpen = false
        mailboxes[mailbox]?.sides[index].mood = mood
        if sides.contains(where: { $0.isOpen && $0.side != side }) {
            events.append(.changed(.mailboxSideClosed(row: sides[index].row, mailbox, side, mood: mood)))
            if !isOpen { touch(mailbox, at: now, into: &events) }
        } else {
            retire(mailbox, at: now, isPruned: false, into: &events)
        }
        return .closed
    }

    /// Removes a mailbox for good, with its messages and the nameplates that point to it, and says so.
    mutating func retire(
        _ mailbox: MailboxID,
        at now: Timestamp,
        isPruned: Bool,
        into events: inout [StoreEvent]
    ) {
        guard let entry = mailboxes[mailbox] else { return }
        for nameplate in entry.nameplates {
            retire(nameplate, of: entry.appID, at: now, isPruned: isPruned, into: &events)
        }
        _ = remove(mailbox)
        events.append(.changed(.mailboxDeleted(entry.appID, mailbox, sideRows: entry.sides.map(\.row))))
        events.append(.observed(.mailboxRetired(entry.summary(endingAt: now, isPruned: isPruned))))
    }

    /// Notes activity, and writes it down when the last note is old.
    mutating func touch(_ mailbox: MailboxID, at now: Timestamp, into events: inout [StoreEvent]) {
        if mailboxes[mailbox]?.touch(at: now, uptime: uptime) == true {
            events.append(.changed(.mailboxTouched(mailbox, updated: now)))
        }
    }
}
