internal import HeapModule
internal import Observations
internal import TransitRules

// How the relay's configuration becomes the limits of each loop, at the start and while it runs.

extension FrontTimeouts {
    init(_ configuration: TransitConfiguration) {
        self.init()
        handshake = configuration.handshakeTimeout
        wait = configuration.waitTimeout
        farewell = configuration.farewellTimeout
    }
}

extension RelayLimits {
    init(_ configuration: TransitConfiguration) {
        self.init(idle: configuration.idleTimeout, stalledDrain: configuration.stalledDrainTimeout)
        duration = configuration.maximumSessionDuration
        if configuration.maximumSessionBytes > 0 { bytes = UInt64(configuration.maximumSessionBytes) }
    }
}

extension Throttle {
    /// - Returns: `nil` when there is no rate.
    convenience init?(_ configuration: TransitConfiguration) {
        self.init(
            session: RateLimit(bytesPerSecond: configuration.sessionRate),
            all: RateLimit(bytesPerSecond: configuration.globalRate)
        )
    }
}

/// What the owners of pairs are told when limits change.
struct LimitChange: Sendable {
    let limits: RelayLimits
    let throttle: Throttle?
    /// Whether the rates are other ones: buckets go on otherwise.
    let changesRates: Bool
}

extension FrontLoop {
    func change(_ timeouts: FrontTimeouts, waitingPerSourceAndToken: Int) {
        rules.change(timeouts, waitingPerSourceAndToken: waitingPerSourceAndToken)
    }
}

extension RelayWorker {
    func change(_ change: LimitChange) {
        let now = supplies.now
        // While pairs may idle for ever, nobody notes when they do not.
        let wasIdlingUnwatched = idling.interval == nil
        limits = change.limits
        idling.change(interval: limits.idle)
        ending.change(interval: limits.stalledDrain)
        if wasIdlingUnwatched {
            for index in pairs.indices where !pairs[index].isWatchedEnding { idling.renew(index, at: now, in: &pairs) }
        }
        if pairs.count > 0 { checkAges(at: now) }
        // Those that have moved too much already end in their turn.
        for index in pairs.indices where pairs[index].totalBytes >= limits.bytes { runQueue.append(index, in: &pairs) }
        if change.changesRates { restart(with: change.throttle, at: now) }
    }

    /// Lets every pair ask anew for what it may move.
    private func restart(with throttle: Throttle?, at now: Instant) {
        self.throttle = throttle
        sleepers = Heap()
        for index in pairs.indices {
            if let wait = pairs[index].allotment.wait {
                throttledTime.add(now - wait.since, wait.limit)
                meter.changed(at: now)
            }
            pairs[index].allotment = Allotment(isLimited: throttle != nil)
            runQueue.append(index, in: &pairs)
        }
    }
}

extension Bridge {
    func change(_ change: LimitChange) {
        limits = change.limits
        if !pairs.isEmpty { watchPairs() }
        for pair in pairs.values where pair.closing.isOpen && pair.totalBytes >= limits.bytes {
            pair.end(.maximumBytes)
        }
        guard change.changesRates else { return }
        throttle = change.throttle
        for pair in pairs.values { pair.ratesChanged() }
    }
}
