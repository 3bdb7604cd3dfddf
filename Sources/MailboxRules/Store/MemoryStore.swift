import Admission
package import Observations
package import WormholeWire

/// The store of a single process: everything is in memory, and a journal writes the changes down.
///
/// It answers while it is asked. Every change of the stored state is said as a ``StoreEvent/changed(_:)`` before the answer that
/// depends on it; listeners are not stored, since they end with their connections.
///
/// The rules are those of the mailbox protocol, sections on nameplates, mailboxes, allocation and expiry.
package struct MemoryStore<Random: RandomNumberGenerator & Sendable>: ChannelStore, Sendable {
    let expiry: ExpiryPolicy
    package var limits: MailboxLimits
    package var uptime = Uptime(microseconds: 0)
    var random: Random

    var nameplates: [AppID: [Nameplate: NameplateEntry]] = [:]
    /// By id alone: ids are unique over all applications, as in the database's schema.
    var mailboxes: [MailboxID: MailboxEntry] = [:]
    var lastRows: RowNumbers

    private var listeners: [MailboxID: [ConnectionID]] = [:]
    /// Nameplates that point nowhere or that nobody holds, until the next expiry. They come only from files of older servers.
    private var orphans: [(AppID, Nameplate)] = []
    /// Nameplates and mailboxes of each application.
    private var appUse: [AppID: Int] = [:]
    /// How many nameplates each source holds, of those that hold any.
    private(set) var heldNameplates: [SourceID: Int] = [:]
    private(set) var shortNameplates = ShortNameplateUse()
    package private(set) var levels = MailboxLevels()
    /// Whether changes can be written down. While they cannot, nothing is changed, and who wants a change is told.
    package private(set) var isAvailable = true
    /// Whether so much waits to be written down that nothing may be added to it.
    package var isOverdue = false

    /// - Parameters:
    ///   - stored: What the journal read back.
    ///   - random: The system's generator in production: mailbox ids are secrets.
    package init(_ stored: StoredChannels, expiry: ExpiryPolicy, limits: MailboxLimits, random: Random) {
        self.expiry = expiry
        self.limits = limits
        self.random = random
        lastRows = stored.lastRows
        mailboxes = stored.mailboxes
        nameplates = stored.nameplates
        countMailboxes()
        countNameplates()
    }

    /// Neighbours as good as always are of one application, whose use is then counted once for all of them.
    private mutating func countMailboxes() {
        var neighbours: (app: AppID, count: Int)?
        for entry in mailboxes.values {
            count(entry)
            if let last = neighbours, last.app == entry.appID {
                neighbours = (last.app, last.count + 1)
            } else {
                if let neighbours { addUse(of: neighbours.app, neighbours.count) }
                neighbours = (entry.appID, 1)
            }
        }
        if let neighbours { addUse(of: neighbours.app, neighbours.count) }
    }

    private mutating func countNameplates() {
        for (app, entries) in nameplates {
            for entry in entries.values {
                count(entry)
                if mailboxes.index(forKey: entry.mailbox) == nil || !entry.sides.contains(where: \.isClaimed) {
                    orphans.append((app, entry.nameplate))
                }
            }
            addUse(of: app, entries.count)
        }
        levels.shortNameplates = shortNameplates.levels
    }

    /// Refuses every change until ``reload(_:)``: a change could not be written down, so that what is held here may be ahead
    /// of what is stored.
    package mutating func suspend() {
        isAvailable = false
    }

    /// Takes what the journal read back in place of what is held, and changes again. Listeners stay;
    /// nameplates are nobody's from now on, as after a start.
    mutating func reload(_ stored: StoredChannels) {
        let (listeners, known, uptime) = (self.listeners, mailboxes, self.uptime)
        self = MemoryStore(stored, expiry: expiry, limits: limits, random: random)
        self.uptime = uptime
        takeIdleTimes(from: known)
        self.listeners = listeners
        levels.subscriptions = listeners.values.reduce(0) { $0 + $1.count }
    }

    package mutating func perform(
        _ operation: StoreOperation,
        for subscriber: ConnectionID,
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) {
        guard isAvailable, !isOverdue else {
            return events.append(.completed(subscriber, outcomeWithoutStorage(of: operation)))
        }
        let outcome: StoreOutcome
        switch operation {
        case .list(let app):
            outcome = list(app)
        case .allocate(let app, let side, let source):
            outcome = allocate(app, side, from: source, at: now, into: &events)
        case .claim(let app, let nameplate, let side, let source):
            outcome = claim(app, nameplate, side, from: source, at: now, into: &events)
        case .release(let app, let nameplate, let side):
            release(app, nameplate, side, at: now, into: &events)
            outcome = .released
        case .open(let app, let mailbox, let side):
            outcome = open(app, mailbox, side, for: subscriber, at: now, into: &events)
        case .add(let app, let mailbox, let message):
            // The mailbox of one who does not listen any more is gone, though there may be another of the same id.
            guard let listeners = listeners[mailbox], listeners.contains(subscriber) else {
                outcome = .failed(.mailboxGone)
                break
            }
            outcome = add(message, to: mailbox, of: app, into: &events)
            if case .failed(.mailboxGone) = outcome { unsubscribe(subscriber, from: mailbox) }
            events.append(.completed(subscriber, outcome))
            if case .added = outcome { events.append(.message(message, to: listeners)) }
            return
        case .close(let app, let mailbox, let side, let mood, let isOpen):
            let isGone = isOpen && !removeListener(subscriber, from: mailbox)
            outcome =
                isGone ? .closed : close(app, mailbox, side, mood: mood, isOpen: isOpen, at: now, into: &events)
        }
        events.append(.completed(subscriber, outcome))
    }

    private func list(_ app: AppID) -> StoreOutcome {
        .nameplates((nameplates[app]?.keys).map { $0.sorted() } ?? [])
    }

    /// What promises nothing is answered whatever the disk does.
    private func outcomeWithoutStorage(of operation: StoreOperation) -> StoreOutcome {
        switch operation {
        case .list(let app): list(app)
        case .allocate, .claim, .release, .open, .add, .close: .failed(.unavailable)
        }
    }

    // MARK: Listeners

    mutating func subscribe(_ subscriber: ConnectionID, to mailbox: MailboxID) {
        listeners[mailbox, default: []].append(subscriber)
        levels.subscriptions += 1
    }

    package mutating func unsubscribe(_ subscriber: ConnectionID, from mailbox: MailboxID) {
        _ = removeListener(subscriber, from: mailbox)
    }

    /// - Returns: Whether it listened. Who had a mailbox open and does not listen any more had one that is gone.
    private mutating func removeListener(_ subscriber: ConnectionID, from mailbox: MailboxID) -> Bool {
        guard let index = listeners[mailbox]?.firstIndex(of: subscriber) else { return false }
        listeners[mailbox]?.remove(at: index)
        if listeners[mailbox]?.isEmpty == true { listeners[mailbox] = nil }
        levels.subscriptions -= 1
        return true
    }

    private mutating func unsubscribeAll(from mailbox: MailboxID) {
        levels.subscriptions -= listeners.removeValue(forKey: mailbox)?.count ?? 0
    }

    /// Whether a subscriber listens to a mailbox that is there, and that its side has opened.
    func isHeard(_ mailbox: MailboxID, by subscriber: ConnectionID, of side: Side) -> Bool {
        guard let entry = mailboxes[mailbox], listeners[mailbox]?.contains(subscriber) == true else { return false }
        return entry.sides.contains { $0.side == side }
    }

    func hasListeners(_ mailbox: MailboxID) -> Bool { listeners[mailbox] != nil }
    func listeners(of mailbox: MailboxID) -> [ConnectionID] { listeners[mailbox] ?? [] }
    var listenedMailboxes: some Collection<MailboxID> { listeners.keys }

    mutating func takeOrphans() -> [(AppID, Nameplate)] {
        defer { orphans = [] }
        return orphans
    }

    // MARK: Entries and what is counted of them

    mutating func insert(_ entry: MailboxEntry) {
        mailboxes[entry.id] = entry
        addUse(of: entry.appID, 1)
        count(entry)
    }

    private mutating func count(_ entry: MailboxEntry) {
        levels.mailboxes.count(sides: entry.sides.count, by: 1)
        levels.storedMessages += entry.messages.count
        levels.storedBytes += entry.storedBytes
    }

    private mutating func addUse(of app: AppID, _ count: Int) {
        appUse[app, default: 0] += count
        levels.apps = appUse.count
    }

    mutating func insert(_ entry: NameplateEntry) {
        nameplates[entry.appID, default: [:]][entry.nameplate] = entry
        mailboxes[entry.mailbox]?.nameplates.append(entry.nameplate)
        addUse(of: entry.appID, 1)
        count(entry)
        levels.shortNameplates = shortNameplates.levels
    }

    private mutating func count(_ entry: NameplateEntry) {
        levels.nameplates.count(sides: entry.sides.count, by: 1)
        shortNameplates.taken(entry.nameplate, in: entry.appID)
        if let holder = entry.holder { heldNameplates[holder, default: 0] += 1 }
    }

    /// Takes a mailbox out of memory with everything that hangs on it.
    mutating func remove(_ mailbox: MailboxID) -> MailboxEntry? {
        guard let entry = mailboxes.removeValue(forKey: mailbox) else { return nil }
        unsubscribeAll(from: mailbox)
        dropUse(of: entry.appID)
        levels.mailboxes.count(sides: entry.sides.count, by: -1)
        levels.storedMessages -= entry.messages.count
        levels.storedBytes -= entry.storedBytes
        return entry
    }

    mutating func remove(_ nameplate: Nameplate, of app: AppID) -> NameplateEntry? {
        guard let entry = nameplates[app]?.removeValue(forKey: nameplate) else { return nil }
        if nameplates[app]?.isEmpty == true { nameplates[app] = nil }
        mailboxes[entry.mailbox]?.nameplates.removeAll { $0 == nameplate }
        dropUse(of: app)
        levels.nameplates.count(sides: entry.sides.count, by: -1)
        shortNameplates.freed(nameplate, in: app)
        levels.shortNameplates = shortNameplates.levels
        if let holder = entry.holder { letGo(holder) }
        return entry
    }

    mutating func append(_ side: NameplateEntry.ClaimingSide, to nameplate: Nameplate, of app: AppID) {
        let count = nameplates[app]?[nameplate]?.sides.count ?? 0
        nameplates[app]?[nameplate]?.sides.append(side)
        levels.nameplates.count(sides: count, by: -1)
        levels.nameplates.count(sides: count + 1, by: 1)
    }

    mutating func append(_ side: MailboxEntry.OpeningSide, to mailbox: MailboxID) {
        let count = mailboxes[mailbox]?.sides.count ?? 0
        mailboxes[mailbox]?.sides.append(side)
        levels.mailboxes.count(sides: count, by: -1)
        levels.mailboxes.count(sides: count + 1, by: 1)
    }

    mutating func countStored(_ message: StoredMessage) {
        levels.storedMessages += 1
        levels.storedBytes += message.storedBytes
    }

    private mutating func letGo(_ holder: SourceID) {
        heldNameplates[holder, default: 1] -= 1
        if heldNameplates[holder] == 0 { heldNameplates[holder] = nil }
    }

    private mutating func dropUse(of app: AppID) {
        appUse[app, default: 1] -= 1
        if appUse[app] == 0 { appUse[app] = nil }
        levels.apps = appUse.count
    }
}

extension MailboxLevels.BySides {
    /// Adds or takes away one that has this many sides.
    mutating func count(sides: Int, by step: Int) {
        switch sides {
        case ...1: lonely += step
        case 2: paired += step
        default: crowded += step
        }
    }
}
