import Admission
import Observations
import WormholeWire

// What must hold of everything that is stored, whenever no command is being carried out.

extension MemoryStore {
    /// The mailboxes there are, and those that somebody listens to.
    var auditedMailboxes: [MailboxID] {
        Array(mailboxes.keys) + listenedMailboxes.filter { mailboxes[$0] == nil }
    }

    var auditedNameplates: [(app: AppID, nameplate: Nameplate)] {
        nameplates.flatMap { app, entries in entries.keys.map { (app, $0) } }
    }

    /// What is wrong with a mailbox, and with those that listen to it. One that is gone meanwhile has no faults.
    func findings(at mailbox: MailboxID) -> [InvariantFinding] {
        guard let entry = mailboxes[mailbox] else {
            return hasListeners(mailbox)
                ? [InvariantFinding(.listenerReferences, "somebody listens to a mailbox that does not exist")] : []
        }
        var findings: [InvariantFinding] = []
        let sides = entry.sides
        if sides.isEmpty || sides.count > MailboxLimits.recordedSides {
            findings.append(InvariantFinding(.mailboxSides, "a mailbox has \(sides.count) sides"))
        } else if !sides.contains(where: \.isOpen) {
            findings.append(InvariantFinding(.mailboxSides, "a mailbox is left that every side has closed"))
        }
        if Set(sides.map(\.side)).count != sides.count {
            findings.append(InvariantFinding(.mailboxSides, "a side is counted twice in a mailbox"))
        }
        for nameplate in entry.nameplates where nameplates[entry.appID]?[nameplate]?.mailbox != mailbox {
            findings.append(InvariantFinding(.nameplateMailbox, "a mailbox has a nameplate that does not lead to it"))
        }
        if entry.storedBytes != entry.messages.reduce(0, { $0 + $1.storedBytes }) {
            findings.append(InvariantFinding(.counterGauge, "the bytes of a mailbox's messages are miscounted"))
        }
        return findings
    }

    /// What is wrong with a nameplate. One that is gone meanwhile has no faults.
    func findings(at nameplate: Nameplate, of app: AppID) -> [InvariantFinding] {
        guard let entry = nameplates[app]?[nameplate] else { return [] }
        var findings: [InvariantFinding] = []
        if let mailbox = mailboxes[entry.mailbox] {
            if mailbox.appID != app || !mailbox.nameplates.contains(nameplate) {
                findings.append(
                    InvariantFinding(.nameplateMailbox, "a nameplate leads to a mailbox that is not its own")
                )
            }
        } else {
            findings.append(InvariantFinding(.nameplateMailbox, "a nameplate leads to a mailbox that does not exist"))
        }
        if entry.sides.isEmpty || entry.sides.count > MailboxLimits.recordedSides {
            findings.append(InvariantFinding(.mailboxSides, "a nameplate has \(entry.sides.count) sides"))
        } else if !entry.sides.contains(where: \.isClaimed) {
            findings.append(InvariantFinding(.mailboxSides, "a nameplate is left that nobody claims"))
        }
        return findings
    }

    /// Which of the running counts differ from what there is.
    var miscounts: [InvariantFinding] {
        var counted = MailboxLevels()
        for entry in mailboxes.values {
            counted.mailboxes.count(sides: entry.sides.count, by: 1)
            counted.storedMessages += entry.messages.count
            counted.storedBytes += entry.storedBytes
        }
        var held: [SourceID: Int] = [:]
        for entry in nameplates.values.lazy.flatMap(\.values) {
            counted.nameplates.count(sides: entry.sides.count, by: 1)
            if let holder = entry.holder { held[holder, default: 0] += 1 }
        }
        var findings: [InvariantFinding] = []
        func compare<Level: Equatable>(_ what: String, _ level: KeyPath<MailboxLevels, Level>) {
            guard levels[keyPath: level] != counted[keyPath: level] else { return }
            let text = "\(what): counted \(levels[keyPath: level]), there are \(counted[keyPath: level])"
            findings.append(InvariantFinding(.counterGauge, text))
        }
        compare("mailboxes", \.mailboxes)
        compare("nameplates", \.nameplates)
        compare("stored messages", \.storedMessages)
        compare("stored bytes", \.storedBytes)
        counted.subscriptions = listenedMailboxes.reduce(0) { $0 + listeners(of: $1).count }
        compare("listeners", \.subscriptions)
        if held != heldNameplates {
            findings.append(InvariantFinding(.counterGauge, "the nameplates of a source are miscounted"))
        }
        return findings
    }
}
