import Observations
import WormholeWire

/// Turns observations into numbers of the metric table. Confined to the telemetry thread.
final class MetricReader {
    private let table: MetricTable
    /// Sums over all owners of pairs, which each report for themselves.
    private var relay = RelayTotals()
    /// The same of the services' limit tables.
    private var limitTables: [Component: LimitTableLevels] = [:]

    init(table: MetricTable) {
        self.table = table
    }

    func read(_ observation: Observation) {
        switch observation {
        case .connectionAccepted(let kind):
            table.connections.accepted.add(1, kind.component, kind.transport, kind.family)
        case .connectionClosed(let kind, let cause, let lifetime):
            table.connections.closed.add(1, kind.component, cause)
            table.connections.duration.observe(lifetime.seconds, kind.component)
        case .connectionRejected(let component, let reason):
            table.connections.rejected.add(1, component, reason)
        case .acceptFailed(let failure):
            table.connections.acceptErrors.add(1, failure)
        case .keepaliveAnswered(let component, let roundTrip):
            table.connections.keepaliveRoundTrip.observe(roundTrip.seconds, component)
        case .limitHit(let limit):
            table.limits.hits.add(1, limit)
        case .sourceLevels(let levels):
            table.limits.sourcesTracked.set(Double(levels.sources))
            table.limits.busiestSource.set(levels.busiestShare)
        case .deniedRangesChanged(let count):
            table.limits.deniedRanges.set(Double(count))
        case .limitTableLevels(let component, let levels):
            limitTables[component] = levels
            showLimitTables()

        case .commandFinished(let command, let outcome, let duration):
            table.mailbox.commands.add(1, command, outcome)
            table.mailbox.commandDuration.observe(duration.seconds, CommandClass(command))
        case .errorSent(let kind):
            table.mailbox.errors.add(1, kind)
        case .clientBound(let binding):
            table.mailbox.binds.add(1, ApplicationLabel(binding.appID))
            table.mailbox.clientBinds.add(ClientImplementation(binding.implementation), version: binding.version)
        case .permissionChallenged(let method, let result):
            table.mailbox.permissionChallenges.add(1, method, result)
        case .permissionDifficultyChanged(let bits):
            table.mailbox.permissionDifficulty.set(Double(bits))
        case .nameplateAllocated(let digits):
            table.mailbox.allocated.add(1, DigitCount(digits))
        case .nameplateRetired(let summary):
            table.mailbox.nameplatesClosed.add(1, summary.result)
            if let waitingTime = summary.waitingTime { table.mailbox.nameplateWait.observe(waitingTime.seconds) }
        case .mailboxRetired(let summary):
            table.mailbox.mailboxesClosed.add(1, summary.result, summary.isForNameplate ? .yes : .no)
            table.mailbox.lifetime.observe(summary.totalTime.seconds)
        case .messageReceived(let bytes):
            table.mailbox.messages.add(1, .received)
            table.mailbox.messageBytes.add(Double(bytes), .received)
            table.mailbox.messageSize.observe(Double(bytes))
        case .messageDelivered(let bytes, let latency):
            table.mailbox.messages.add(1, .delivered)
            table.mailbox.messageBytes.add(Double(bytes), .delivered)
            table.mailbox.delivery.observe(latency.seconds)
        case .messagesReplayed(let count, let bytes):
            table.mailbox.messages.add(Double(count), .delivered)
            table.mailbox.messageBytes.add(Double(bytes), .delivered)
            table.mailbox.replayed.add(Double(count))
        case .sideReconnected:
            table.mailbox.reconnects.add()
        case .pruned(let nameplates, let mailboxes, let messages):
            table.mailbox.pruned.add(Double(nameplates), .nameplate)
            table.mailbox.pruned.add(Double(mailboxes), .mailbox)
            table.mailbox.pruned.add(Double(messages), .message)
        case .mailboxCapacityChanged(let connections, let storedBytes):
            table.connections.limit.set(Double(connections), .mailbox)
            table.mailbox.storedLimitBytes.set(Double(storedBytes))
        case .mailboxLevels(let levels):
            show(levels)

        case .handshakeFinished(let form, let result):
            table.transit.handshakes.add(1, form, result)
        case .transitPaired(let pairing):
            table.transit.pairWait.observe(pairing.waitingTime.seconds)
            table.transit.pairSetup.observe(pairing.setupTime.seconds)
            if pairing.isSameSource { table.transit.sameSource.add() }
        case .transitEnded(let summary):
            count(summary)
        case .transitProgressed(let path, let bytes):
            table.transit.relayedBytes.add(Double(bytes), path)
        case .transitReadPaused(let duration):
            table.transit.readPaused.add(duration.seconds)
        case .transitThrottled(let limit, let duration):
            if let throttling = Throttling(limit) { table.transit.throttled.add(duration.seconds, throttling) }
        case .transitRatesChanged(let session, let global):
            table.transit.rateLimit.set(Double(session), .session)
            table.transit.rateLimit.set(Double(global), .global)
        case .transitCapacityChanged(let connections, let bufferedBytes):
            table.connections.limit.set(Double(connections), .transit)
            table.limits.tableCapacity.set(Double(connections), .token)
            table.transit.bufferLimitBytes.set(Double(bufferedBytes))
        case .transitWaitingLevels(let levels):
            table.transit.waiting.set(Double(levels.connections))
            table.transit.waitingTokens.set(Double(levels.tokens))
            table.transit.oldestWaiting.set(levels.oldest?.seconds ?? 0)
            table.limits.tableEntries.set(Double(levels.tokens), .token)
        case .relayLevels(let levels):
            relay.update(levels)
            table.transit.activeSessions.set(Double(relay.sessions))
            table.transit.bufferedBytes.set(Double(relay.bufferedBytes))

        case .databaseUsed(let database, let operation, let duration):
            table.usage.databaseDuration.observe(duration.seconds, database, operation)
        case .databaseFailed(let database, let kind):
            table.usage.databaseErrors.add(1, database, kind)
        case .maintenanceFinished(let task, let succeeded, let duration):
            table.process.maintenanceRuns.add(1, task, succeeded ? .success : .failure)
            table.process.maintenanceLastDuration.set(duration.seconds, task)
            if succeeded { table.process.maintenanceLastSuccess.set(WallClock.now.seconds, task) }
        case .readinessChanged(let check, let isReady):
            table.process.componentReady.set(isReady ? 1 : 0, check)
        case .lifecycleChanged(let state):
            show(state)
        case .configurationReloaded(let succeeded):
            table.process.reloads.add(1, succeeded ? .success : .failure)
            table.process.lastReloadSuccessful.set(succeeded ? 1 : 0)
            if succeeded { table.process.lastReloadSuccess.set(WallClock.now.seconds) }
        case .internalErrorCaught(let source):
            table.process.internalErrors.add(1, source)
        case .invariantViolated(let check):
            table.process.invariantViolations.add(1, check)
        case .selfTestFinished(let probe, let succeeded, let duration):
            table.selfTest.runs.add(1, probe, succeeded ? .success : .failure)
            guard succeeded else { break }
            table.selfTest.duration.observe(duration.seconds, probe)
            table.selfTest.lastSuccess.set(WallClock.now.seconds, probe)
        }
    }

    private func showLimitTables() {
        let tables = limitTables.values
        table.limits.tableEntries.set(Double(tables.map(\.entries).max() ?? 0), .source)
        table.limits.tableCapacity.set(Double(tables.map(\.capacity).max() ?? 0), .source)
        table.limits.tableEvictions.store(Double(tables.reduce(0) { $0 + $1.evictions }), .source)
    }

    private func show(_ levels: MailboxLevels) {
        table.mailbox.apps.set(Double(levels.apps))
        for (gauge, count) in [
            (table.mailbox.nameplates, levels.nameplates), (table.mailbox.mailboxes, levels.mailboxes),
        ] {
            gauge.set(Double(count.lonely), .lonely)
            gauge.set(Double(count.paired), .paired)
            gauge.set(Double(count.crowded), .crowded)
        }
        table.mailbox.storedMessages.set(Double(levels.storedMessages))
        table.mailbox.storedBytes.set(Double(levels.storedBytes))
        table.mailbox.sendQueueBytes.set(Double(levels.sendQueueBytes))
        let short = levels.shortNameplates
        table.mailbox.spaceUsed.set(Double(short.ofOneDigit) / 9, .one)
        table.mailbox.spaceUsed.set(Double(short.ofTwoDigits) / 90, .two)
        table.mailbox.spaceUsed.set(Double(short.ofThreeDigits) / 900, .three)
    }

    private func count(_ summary: TransitSummary) {
        table.transit.sessions.add(1, summary.mood)
        guard let session = summary.session else { return }
        table.transit.sessionEnds.add(1, session.cause)
        table.transit.sessionSize.observe(Double(summary.totalBytes))
        table.transit.sessionDuration.observe(session.duration.seconds)
        // Below a megabyte the time is mostly that of the connection's start.
        if summary.totalBytes > 1_000_000, session.duration > .zero {
            table.transit.sessionThroughput.observe(Double(summary.totalBytes) / session.duration.seconds)
        }
    }

    private func show(_ state: LifecycleState) {
        for other in LifecycleState.allCases { table.process.state.set(other == state ? 1 : 0, other) }
        switch state {
        case .draining: table.process.drainStarted.set(WallClock.now.seconds)
        case .starting, .ready, .stopping: table.process.drainStarted.set(0)
        }
    }

}

@available(*, unavailable)
extension MetricReader: Sendable {}
