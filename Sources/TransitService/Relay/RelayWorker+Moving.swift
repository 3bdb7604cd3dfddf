internal import LinuxIO
internal import TransitRules

/// Pairs that change their owner: from the front's thread, where they begin, to a worker, once they are more than small.
extension RelayWorker {
    /// Payload with which a pair is not small any more: as much as a copy moves, so that bulk disturbs the front only once.
    private static let smallPair: UInt64 = 64 << 10

    /// Whether a pair that has just had its turn should have another owner, and can. One that ends, or sleeps for the sake of
    /// a rate, is left where it is.
    func mayMove(_ index: UInt32) -> Bool {
        guard !successors.isEmpty, pairs[index].totalBytes >= Self.smallPair else { return false }
        return pairs[index].closing.isOpen && !pairs[index].isWatchedEnding && !pairs[index].isQueued
            && pairs[index].allotment.wait == nil
    }

    /// Gives a pair to the worker with the fewest.
    func moveOn(_ index: UInt32) {
        do throws(ErrorNumber) {
            try epoll.remove(pairs[index].first.descriptor)
            try epoll.remove(pairs[index].second.descriptor)
        } catch {
            preconditionFailure("epoll does not know a socket of ours: \(error)")
        }
        idling.remove(index, in: &pairs)
        var pair = pairs.remove(at: index)
        pair.leave(supplies)
        meter.pairLeft(totalBytes: pair.totalBytes, at: supplies.now)
        port.pairLeft()
        takenOver -= 2
        var best = successors[0]
        for worker in successors.dropFirst() where worker.load < best.load { best = worker }
        best.adopt(MovingPair(pair, throttle: throttle))
    }

    /// Takes over a pair from another owner. What its sockets are ready for, epoll tells at once.
    func adopt(_ moving: consuming MovingPair) {
        let now = supplies.now
        takenOver += 2
        let isOfOtherRates = moving.throttle !== throttle
        let id = pairs.insert(moving.arrive())
        if isOfOtherRates { pairs[id.index].allotment = Allotment(isLimited: throttle != nil) }
        pairs[id.index].join(supplies)
        idling.append(id.index, at: now, in: &pairs)
        watchAges(at: now)
        meter.pairCame(totalBytes: pairs[id.index].totalBytes, at: now)
        do throws(ErrorNumber) {
            let first = RelayTag(pair: id, side: .first).bits
            let second = RelayTag(pair: id, side: .second).bits
            try epoll.add(pairs[id.index].first.descriptor, for: .socketForLife, tag: first)
            try epoll.add(pairs[id.index].second.descriptor, for: .socketForLife, tag: second)
        } catch {
            endUnwatched(id)
        }
    }

    /// From now on, no pair goes to another owner.
    func keepPairs() {
        successors = []
    }
}
