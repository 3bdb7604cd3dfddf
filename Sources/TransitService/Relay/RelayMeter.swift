internal import Observations
internal import TransitRules

/// What an owner of pairs counts, published once a tick while something changes and never when nothing does.
struct RelayMeter {
    /// Between two reports.
    static let tick = Duration.milliseconds(200)

    /// Which owner of pairs this is.
    let owner: Int
    let path: TransitPath
    private(set) var sessions = 0
    /// Payload accepted by the pairs that are open.
    private(set) var incompleteBytes: UInt64 = 0
    private var progress: UInt64 = 0
    private var reported: RelayLevels
    private var due: Instant?

    init(owner: Int, path: TransitPath) {
        self.owner = owner
        self.path = path
        reported = RelayLevels(owner: owner)
    }

    /// When ``report(at:buffered:paused:to:)`` has something to say; `nil` while nothing has changed.
    var nextReport: Instant? { due }

    /// - Parameter totalBytes: What was reported as progress elsewhere.
    mutating func pairCame(totalBytes: UInt64 = 0, at now: Instant) {
        sessions += 1
        incompleteBytes += totalBytes
        changed(at: now)
    }

    /// It has ended, or is somebody else's.
    mutating func pairLeft(totalBytes: UInt64, at now: Instant) {
        sessions -= 1
        incompleteBytes -= totalBytes
        changed(at: now)
    }

    @inline(__always)
    mutating func progressed(_ bytes: Int, at now: Instant) {
        progress &+= UInt64(bytes)
        incompleteBytes &+= UInt64(bytes)
        changed(at: now)
    }

    /// Says what changed since the last report.
    mutating func report(
        at now: Instant,
        buffered: Int,
        paused: inout Int64,
        to observations: ObservationSource
    ) {
        due = nil
        if progress > 0 {
            observations.append(.transitProgressed(path: path, bytes: progress))
            progress = 0
        }
        if paused > 0 {
            observations.append(.transitReadPaused(.nanoseconds(paused)))
            paused = 0
        }
        let levels = RelayLevels(
            owner: owner,
            sessions: sessions,
            incompleteBytes: incompleteBytes,
            bufferedBytes: buffered
        )
        guard levels != reported else { return }
        if observations.append(.relayLevels(levels)) {
            reported = levels
        } else {
            changed(at: now)  // There was no room: once more.
        }
    }

    /// There is something to report.
    @inline(__always)
    mutating func changed(at now: Instant) {
        if due == nil { due = now + Self.tick }
    }
}
