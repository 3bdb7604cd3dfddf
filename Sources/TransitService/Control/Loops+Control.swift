internal import Observations
internal import TransitRules

// What each loop is asked for by an operator, between two turns.

extension FrontLoop {
    func overview() -> [TransitConnectionOverview] {
        rules.overview().map { connection in
            TransitConnectionOverview(
                id: TransitConnectionID(.front(connection.id)),
                state: connection.state.rawValue,
                age: now - connection.accepted,
                bytes: nil
            )
        }
    }

    func end(_ id: SlotID) -> Bool {
        guard rules.contains(id) else { return false }
        var effects: [FrontEffect] = []
        rules.ended(id, cause: .drain, at: now, into: &effects)
        for effect in effects { perform(effect) }
        return true
    }

    func endAll() {
        var effects: [FrontEffect] = []
        rules.stop(at: now, into: &effects)
        for effect in effects { perform(effect) }
    }
}

extension RelayWorker {
    func overview(of worker: Int) -> [TransitConnectionOverview] {
        let now = Instant.current
        return pairs.indices.map { index in
            TransitConnectionOverview(
                id: TransitConnectionID(.worker(worker, pairs.id(at: index))),
                state: pairs[index].closing.isOpen ? "relaying" : "ending",
                age: now - pairs[index].record.paired,
                bytes: pairs[index].totalBytes
            )
        }
    }

    func end(_ id: SlotID) -> Bool {
        guard pairs.contains(id) else { return false }
        if pairs[id.index].closing.isOpen { end(id.index, .drain) }
        return true
    }

    func endAll() {
        for index in pairs.indices where pairs[index].closing.isOpen { end(index, .drain) }
    }
}

extension Bridge {
    func overview() -> [TransitConnectionOverview] {
        let now = Instant.current
        return pairs.values.map { pair in
            TransitConnectionOverview(
                id: TransitConnectionID(.bridge(pair.number)),
                state: pair.closing.isOpen ? "relaying" : "ending",
                age: now - pair.record.paired,
                bytes: pair.totalBytes
            )
        }
    }

    func end(_ number: UInt64) -> Bool {
        guard let pair = pairs.values.first(where: { $0.number == number }) else { return false }
        if pair.closing.isOpen { pair.end(.drain) }
        return true
    }

    func endAll() {
        for pair in pairs.values where pair.closing.isOpen { pair.end(.drain) }
    }
}
