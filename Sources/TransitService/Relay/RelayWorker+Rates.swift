internal import HeapModule
internal import Observations
internal import TransitRules

/// Keeping to rates.
extension RelayWorker {
    /// Takes the next portion for a pair that has used up the last one and has more to move, and lets it sleep while that
    /// may not flow.
    func provide(_ index: UInt32) {
        guard let throttle else { return }
        let pair = pairs.pointer(at: index)
        guard pair.pointee.allotment.bytes == 0, pair.pointee.allotment.wait == nil,
            pair.pointee.first.isReadable || pair.pointee.second.isReadable
        else { return }
        let now = supplies.now
        let promise = throttle.take(throttle.portion, from: &pair.pointee.allotment.bucket, at: now)
        guard promise.start > now else {
            pair.pointee.allotment.refill(throttle.portion)
            return runQueue.append(index, in: &pairs)
        }
        if pair.pointee.allotment.beginWaiting(promise.limit, at: now) { observations.append(.limitHit(promise.limit)) }
        sleepers.insert(Sleeper(until: promise.start, id: pairs.id(at: index)))
    }

    /// Wakes those whose portion may flow.
    func wakeSleepers() {
        guard let throttle else { return }
        let now = supplies.now
        while let sleeper = sleepers.min, sleeper.until <= now {
            sleepers.removeMin()
            guard pairs.contains(sleeper.id) else { continue }
            let pair = pairs.pointer(at: sleeper.id.index)
            if let wait = pair.pointee.allotment.wait {
                throttledTime.add(now - wait.since, wait.limit)
                meter.changed(at: now)
            }
            pair.pointee.allotment.refill(throttle.portion)
            runQueue.append(sleeper.id.index, in: &pairs)
        }
    }
}
