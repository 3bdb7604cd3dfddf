import Admission
import Observations
import WormholeWire

// Nameplates: the short numbers people say, each pointing to one mailbox.
//
//     absent ──claim(s1)──▶ claimed ──claim(s2)──▶ claimed by two ──claim(s3)──▶ crowded for everybody
//     nobody left claiming, its mailbox closed by all, or expired ─▶ absent

extension MemoryStore {
    mutating func allocate(
        _ app: AppID,
        _ side: Side,
        from source: SourceID?,
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) -> StoreOutcome {
        guard let nameplate = freeNameplate(of: app) else { return .failed(.noFreeNameplate) }
        switch claim(app, nameplate, side, from: source, at: now, into: &events) {
        case .failed(let failure): return .failed(failure)
        case .nameplates, .allocated, .claimed, .released, .opened, .added, .closed:
            events.append(.observed(.nameplateAllocated(digits: nameplate.digits.utf8.count)))
            return .allocated(nameplate)
        }
    }

    /// The shortest free number, chosen at random among those of its length; beyond 999 any free one of up to 999,999.
    private mutating func freeNameplate(of app: AppID) -> Nameplate? {
        if let nameplate = shortNameplates.anyFree(in: app, using: &random) { return nameplate }
        for _ in 0..<1000 {
            let nameplate = Nameplate(Int.random(in: 1000...999_999, using: &random))
            if nameplates[app]?[nameplate] == nil { return nameplate }
        }
        return nil
    }

    mutating func claim(
        _ app: AppID,
        _ nameplate: Nameplate,
        _ side: Side,
        from source: SourceID?,
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) -> StoreOutcome {
        if nameplates[app]?[nameplate] == nil {
            guard mayHoldMore(source) else {
                events.append(.observed(.limitHit(.mailboxNameplatesHeld)))
                return .failed(.tooManyNameplates)
            }
            create(nameplate, of: app, for: source, at: now, into: &events)
        }
        guard let entry = nameplates[app]?[nameplate] else { return .failed(.unavailable) }
        if let known = entry.sides.first(where: { $0.side == side }) {
            guard known.isClaimed else { return .failed(.reclaimed) }
        } else if entry.sides.count < MailboxLimits.recordedSides {
            lastRows.nameplateSide += 1
            let row = lastRows.nameplateSide
            events.append(.changed(.nameplateSideAdded(row: row, nameplateRow: entry.row, side, added: now)))
            append(.init(row: row, side: side, added: now, isClaimed: true), to: nameplate, of: app)
        }
        let isCrowded = !enter(entry.mailbox, as: side, at: now, into: &events)
        if isCrowded || (nameplates[app]?[nameplate]?.sides.count ?? 0) >= MailboxLimits.recordedSides {
            return .failed(.crowded)
        }
        touch(entry.mailbox, at: now, into: &events)
        return .claimed(entry.mailbox)
    }

    private func mayHoldMore(_ source: SourceID?) -> Bool {
        guard let source, limits.nameplatesPerSource > 0 else { return true }
        return heldNameplates[source, default: 0] < limits.nameplatesPerSource
    }

    private mutating func create(
        _ nameplate: Nameplate,
        of app: AppID,
        for source: SourceID?,
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) {
        var id = MailboxID.random(using: &random)
        while mailboxes[id] != nil { id = MailboxID.random(using: &random) }
        create(id, of: app, isForNameplate: true, at: now, into: &events)
        lastRows.nameplate += 1
        let row = lastRows.nameplate
        events.append(.changed(.nameplateCreated(row: row, app, nameplate, id)))
        insert(NameplateEntry(row: row, appID: app, nameplate: nameplate, mailbox: id, sides: [], holder: source))
    }

    mutating func release(
        _ app: AppID,
        _ nameplate: Nameplate,
        _ side: Side,
        at now: Timestamp,
        into events: inout [StoreEvent]
    ) {
        guard let entry = nameplates[app]?[nameplate],
            let index = entry.sides.firstIndex(where: { $0.side == side && $0.isClaimed })
        else { return }
        let sides = entry.sides
        if sides.contains(where: { $0.isClaimed && $0.side != side }) {
            events.append(.changed(.nameplateSideReleased(row: sides[index].row, nameplateRow: entry.row, side)))
            nameplates[app]?[nameplate]?.sides[index].isClaimed = false
        } else {
            retire(nameplate, of: app, at: now, isPruned: false, into: &events)
        }
    }

    /// Removes a nameplate for good and says so.
    mutating func retire(
        _ nameplate: Nameplate,
        of app: AppID,
        at now: Timestamp,
        isPruned: Bool,
        into events: inout [StoreEvent]
    ) {
        guard let entry = remove(nameplate, of: app) else { return }
        events.append(.changed(.nameplateDeleted(row: entry.row, sideRows: entry.sides.map(\.row))))
        events.append(.observed(.nameplateRetired(entry.summary(endingAt: now, isPruned: isPruned))))
    }
}

extension MailboxID {
    /// 8 random bytes in base32, lower case, without padding: 13 characters of `[a-z2-7]`.
    fileprivate static func random(using random: inout some RandomNumberGenerator) -> MailboxID {
        var bits = random.next()
        // 64 bits are 12 groups of 5 and one of 4, which base32 fills up with a zero bit on its right.
        let text = String(unsafeUninitializedCapacity: 13) { characters in
            for index in 0..<12 {
                characters[index] = base32(bits >> 59)
                bits <<= 5
            }
            characters[12] = base32((bits >> 60) << 1)
            return 13
        }
        return MailboxID(unchecked: WireString(text))
    }

    /// - Parameter value: Less than 32.
    private static func base32(_ value: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: value) &+ (value < 26 ? UInt8(ascii: "a") : UInt8(ascii: "2") &- 26)
    }
}
