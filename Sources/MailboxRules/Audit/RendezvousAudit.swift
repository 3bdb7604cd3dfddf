package import Observations
import WormholeWire

/// Goes through everything that is stored, some at a time, and notes what should not exist.
///
/// Each entry is looked at between two turns of the loop, when it must be whole: an audit may take as long as it likes, and
/// what comes or goes meanwhile does no harm.
package struct RendezvousAudit {
    private var mailboxes: ArraySlice<MailboxID>
    private var nameplates: ArraySlice<(app: AppID, nameplate: Nameplate)>
    private var hasCounted = false
    package private(set) var findings: [InvariantFinding] = []

    /// The most findings that are kept: what is wrong once is often wrong many times.
    private static let maximumFindings = 100
    /// With more entries than this, adding them all up would keep clients waiting for some milliseconds.
    private static let largestCount = 20_000

    package init<Random>(of rendezvous: Rendezvous<MemoryStore<Random>>) {
        mailboxes = rendezvous.store.auditedMailboxes[...]
        nameplates = rendezvous.store.auditedNameplates[...]
    }

    /// Looks at the next entries.
    ///
    /// - Parameter limit: How many of them.
    /// - Returns: Whether there are more.
    package mutating func step<Random>(
        _ rendezvous: Rendezvous<MemoryStore<Random>>,
        limit: Int
    ) -> Bool {
        // What is held may be ahead of what is stored, and will be read back.
        guard rendezvous.store.isAvailable else { return false }
        if !hasCounted {
            hasCounted = true
            if mailboxes.count + nameplates.count <= Self.largestCount { note(rendezvous.store.miscounts) }
            return !mailboxes.isEmpty || !nameplates.isEmpty
        }
        for _ in 0..<limit {
            if let mailbox = mailboxes.popFirst() {
                note(rendezvous.store.findings(at: mailbox))
                note(rendezvous.danglingListeners(of: mailbox))
            } else if let (app, nameplate) = nameplates.popFirst() {
                note(rendezvous.store.findings(at: nameplate, of: app))
            } else {
                return false
            }
        }
        return true
    }

    private mutating func note(_ findings: [InvariantFinding]) {
        self.findings += findings.prefix(Self.maximumFindings - self.findings.count)
    }
}

extension Rendezvous {
    /// Who listens without being connected, or to something else than it has opened.
    fileprivate func danglingListeners<Random>(of mailbox: MailboxID) -> [InvariantFinding]
    where Store == MemoryStore<Random> {
        store.listeners(of: mailbox).compactMap { id in
            switch opened(by: id) {
            case .some(mailbox): nil
            case .some: InvariantFinding(.listenerReferences, "a client listens to a mailbox it has not open")
            case .none:
                InvariantFinding(.listenerReferences, "someone listens who is not connected or has nothing open")
            }
        }
    }
}
