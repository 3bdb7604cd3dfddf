internal import NIOCore
internal import Observations
internal import TransitRules
internal import WormholeWire

/// What the bridge does by the clock, and reporting. Nothing of it is scheduled while nothing is to be done.
extension Bridge {
    /// Between two looks at pairs whose last bytes wait to be taken.
    private static let endingCheck = TimeAmount.milliseconds(20)

    // MARK: Reports

    func observe(_ observation: Observation) {
        observations.append(observation)
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        afterThisTurn {
            self.isFlushScheduled = false
            self.observations.flush()
        }
    }

    /// Runs `body` when everything the event loop knows of now is worked off.
    func afterThisTurn(_ body: @escaping () -> Void) {
        eventLoop.assumeIsolated().execute(body)
    }

    /// Runs `body` when some time has passed.
    func after(_ duration: Duration, _ body: @escaping () -> Void) {
        eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration), body)
    }

    func scheduleReport() {
        guard !isReportScheduled else { return }
        isReportScheduled = true
        eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(RelayMeter.tick)) {
            self.isReportScheduled = false
            self.report()
        }
    }

    func report() {
        throttledTime.report(to: observations)
        for path in [TransitPath.tcpToWebSocket, .webSocketToWebSocket] {
            let buffered = pairs.values.lazy.filter { $0.path == path }.reduce(0) { $0 + $1.queuedBytes }
            meters[path]?.report(
                at: .current,
                buffered: buffered,
                paused: &pausedNanoseconds[path, default: 0],
                to: observations
            )
            // Buffers change without anybody's telling: look again while there is something in them.
            if buffered > 0 { scheduleReport() }
        }
        observations.flush()
    }

    // MARK: Pairs that end, and pairs that idle

    func watchEnding() {
        guard !isEndingWatched else { return }
        isEndingWatched = true
        eventLoop.assumeIsolated().scheduleTask(in: Self.endingCheck) {
            self.isEndingWatched = false
            let now = Instant.current
            for pair in self.ending.values {
                pair.proceed()
                let patience = self.limits.stalledDrain
                if patience > .zero, pair.lastMovement + patience <= now { pair.abandon() }
            }
            if !self.ending.isEmpty { self.watchEnding() }
        }
    }

    /// Ends pairs that stand still, or last, for too long.
    func watchPairs() {
        let patience = [limits.idle, limits.duration].filter { $0 > .zero }.min()
        guard let patience, !arePairsWatched else { return }
        arePairsWatched = true
        eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(RelayLimits.pause(watching: patience))) {
            self.arePairsWatched = false
            let now = Instant.current
            for pair in self.pairs.values where pair.closing.isOpen {
                if self.limits.isOverdue(pair.record, at: now) {
                    pair.end(.maximumDuration)
                } else if self.limits.idle > .zero, pair.mayIdleOut, pair.lastMovement + self.limits.idle <= now {
                    self.observe(.limitHit(.transitIdle))
                    pair.end(.idleTimeout)
                }
            }
            if !self.pairs.isEmpty { self.watchPairs() }
        }
    }

    // MARK: Stopping

    /// Nobody new is wanted; those who come through all the same are sent away.
    func stopWelcoming() {
        isStopping = true
    }

    /// The front is gone. Ends those it never heard of, lets pairs finish until the deadline, then ends them, and a moment
    /// later cuts off whatever is left.
    ///
    /// - Returns: Fulfilled when nobody is left.
    func drain(until deadline: Instant) -> EventLoopFuture<Void> {
        for client in undecided.values { endUnknown(client) }
        undecided = [:]
        let promise = eventLoop.makePromise(of: Void.self)
        whenEmpty = promise
        endPairs(in: isHastened ? .zero : max(deadline - .current, .zero))
        checkEmpty()
        return promise.futureResult
    }

    /// Ends at once the pairs that may finish while we stop, also if it is only about to begin.
    func hasten() {
        isHastened = true
        if whenEmpty != nil { endPairs(in: .zero) }
    }

    private func endPairs(in wait: Duration) {
        let loop = eventLoop.assumeIsolated()
        loop.scheduleTask(in: TimeAmount(wait)) {
            for pair in self.pairs.values where pair.closing.isOpen { pair.end(.drain) }
        }
        loop.scheduleTask(in: TimeAmount(wait) + TimeAmount(limits.abort)) {
            for pair in self.pairs.values { pair.abandon() }
            for client in self.connected.values { client.abort(.drain) }
            for socket in self.sockets.values { socket.abort(.drain) }
        }
    }

    func checkEmpty() {
        guard let promise = whenEmpty, pairs.isEmpty, connected.isEmpty, sockets.isEmpty else { return }
        whenEmpty = nil
        report()
        endPulse()
        promise.succeed()
    }

    /// Ends a client that came when the front was gone, or as good as.
    func endUnknown(_ client: BridgeClient) {
        guard undecided.removeValue(forKey: client.key) != nil else { return }
        let summary = TransitSummary(
            started: client.accepted.date,
            totalTime: .current - client.accepted.instant,
            waitingTime: nil,
            totalBytes: 0,
            mood: client.moodAlone,
            session: nil
        )
        observe(.transitEnded(summary))
        client.leave(.drain, .goingAway)
    }
}
