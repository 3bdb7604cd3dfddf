import Glibc
import Logging
import Observations
import WormholeWire

/// Reads the pipeline on the telemetry thread and hands each observation to every reader.
final class ObservationReader {
    /// The pause after each round, so that a busy server wakes this thread a hundred times a second at most.
    private static let pauseMicroseconds: UInt32 = 10_000
    /// How long the thread goes on after it was told to stop while observations still come.
    private static let longestGoodbye = Duration.seconds(2)

    private let metrics: MetricReader
    private let state: ProcessState
    private let selfTest: SelfTestIdentity?
    private let blur: Blur
    /// What is held back and shown late, when privacy is strict.
    private let heldMetrics: HeldMetrics?
    private var window: PrivacyWindow?
    private var hasBeenReady = false
    private let database: UsageDatabaseWriter?
    private let log: JSONLogWriter?
    private var relay = RelayTotals()
    private var levels = CurrentRow.Levels()
    /// Records of this round, blurred.
    private var records: [UsageRecord] = []
    /// Observations of this round, when privacy is strict.
    private var round: [Observation] = []

    init(
        metrics: MetricReader,
        state: ProcessState,
        selfTest: SelfTestIdentity?,
        blur: Blur,
        heldMetrics: HeldMetrics?,
        database: UsageDatabaseWriter?,
        log: JSONLogWriter?
    ) {
        self.metrics = metrics
        self.state = state
        self.selfTest = selfTest
        self.blur = blur
        self.heldMetrics = heldMetrics
        window = blur.isStrict ? PrivacyWindow(blur, now: WallClock.now) : nil
        self.database = database
        self.log = log
    }

    /// Reads until `shouldStop`, and then what is left.
    func run(_ pipeline: ObservationPipeline, logger: Logger, dropped: Counter<>, until shouldStop: () -> Bool) {
        var goodbye: UInt64?
        while true {
            // Asked before the round, so that the round after the answer still takes all that came before it.
            let isStopping = shouldStop()
            let (count, lost) = readOnce(pipeline)
            if lost > 0 {
                if dropped.value() == 0 {
                    logger.warning(
                        "telemetry is behind: \(lost) observations were dropped; the metrics count further ones"
                    )
                }
                dropped.add(Double(lost))
            }
            if isStopping {
                let start = goodbye ?? MonotonicClock.nanoseconds
                goodbye = start
                if count == 0 || MonotonicClock.duration(since: start) > Self.longestGoodbye {
                    endWindow()
                    return
                }
            } else if count == 0 {
                pipeline.wait(upTo: min(.seconds(600), window?.rest(at: WallClock.now) ?? .seconds(600)))
            } else {
                usleep(Self.pauseMicroseconds)
            }
        }
    }

    /// - Returns: How many observations there were, and how many had been lost.
    private func readOnce(_ pipeline: ObservationPipeline) -> (count: Int, lost: Int) {
        guard window == nil else { return readOnceHolding(pipeline) }
        var count = 0
        let before = levels
        let lost = pipeline.drain { observation in
            count += 1
            read(observation)
        }
        if levels != before { database?.update(levels) }
        if !records.isEmpty {
            database?.append(records)
            log?.append(records)
            records.removeAll(keepingCapacity: true)
        }
        return (count, lost)
    }

    /// The same when privacy is strict: a window that ended meanwhile gives out what it held before anything of this round
    /// is looked at.
    private func readOnceHolding(_ pipeline: ObservationPipeline) -> (count: Int, lost: Int) {
        let lost = pipeline.drain { round.append($0) }
        if window?.isOver(at: WallClock.now) == true { endWindow() }
        for observation in round { read(blur(observation)) }
        let excess = window?.hold(records) ?? []
        database?.drop(excess)
        log?.drop(excess)
        records.removeAll(keepingCapacity: true)
        defer { round.removeAll(keepingCapacity: true) }
        return (round.count, lost)
    }

    private func endWindow() {
        guard let released = window?.release() else { return }
        heldMetrics?.publish()
        database?.update(levels)
        database?.append(released)
        log?.append(released)
    }

    private func read(_ observation: Observation) {
        if let selfTest, observation.isRecord(of: selfTest) { return }
        metrics.read(observation)
        if let record = UsageRecord(observation) { records.append(blur(record)) }
        switch observation {
        case .mailboxLevels(let mailbox):
            levels.subscriptions = mailbox.subscriptions
        case .transitWaitingLevels(let waiting):
            levels.waiting = waiting.tokens
        case .relayLevels(let owner):
            relay.update(owner)
            levels.connected = 2 * relay.sessions
            levels.incompleteBytes = blur(bytes: relay.incompleteBytes)
        case .readinessChanged(let check, let isReady):
            state.update(check, isReady: isReady)
        case .lifecycleChanged(let lifecycle):
            state.update(lifecycle)
            // Limits and other facts that were set on the way here are shown now, not an hour later.
            if lifecycle == .ready, !hasBeenReady {
                hasBeenReady = true
                heldMetrics?.publish()
            }
        case .connectionAccepted, .connectionClosed, .connectionRejected, .acceptFailed, .keepaliveAnswered, .limitHit,
            .commandFinished, .errorSent, .clientBound, .permissionChallenged,
            .permissionDifficultyChanged, .nameplateAllocated, .nameplateRetired, .mailboxRetired,
            .messageReceived, .messageDelivered, .messagesReplayed, .sideReconnected, .pruned, .handshakeFinished,
            .transitPaired, .transitEnded, .transitProgressed, .transitReadPaused, .transitThrottled,
            .transitRatesChanged, .transitCapacityChanged, .sourceLevels, .deniedRangesChanged, .limitTableLevels,
            .mailboxCapacityChanged,
            .databaseUsed, .databaseFailed, .maintenanceFinished, .internalErrorCaught, .invariantViolated,
            .selfTestFinished, .configurationReloaded:
            break
        }
    }
}

@available(*, unavailable)
extension ObservationReader: Sendable {}
