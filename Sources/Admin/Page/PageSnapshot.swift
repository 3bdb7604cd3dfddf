import Observations
import Telemetry

/// Everything a page shows, taken at one moment. What clients move is read from the metrics as they are shown, which are
/// held back when privacy is strict.
struct PageSnapshot: Sendable {
    struct Check: Equatable, Sendable {
        let name: String
        let isGood: Bool
        let words: String
    }

    /// What was counted a second, over the spans that have passed.
    struct Rate: Equatable, Sendable {
        let name: String
        let figure: Figure
        let rates: [Double?]
        let sinceStart: Double
    }

    struct Outcome: Equatable, Sendable {
        let kind: OutcomeKind
        /// In the order of the kind's results.
        let counts: [Double]
    }

    /// The spans of ``Rate/rates``, of those the sampler knows.
    static let spans = RateSampler.spans.filter { ["10s", "1m", "15m", "60m"].contains($0.name) }

    var build: BuildInfo
    var state: String
    var isReady: Bool
    var checks: [Check]
    /// Seconds.
    var uptime: Double
    /// On the wall clock, in seconds since 1970.
    var now: Double
    /// Seconds that start times are rounded down to; 0 when they are exact.
    var blurSeconds: Int
    /// By family and label, as ``levels`` asks for them.
    var levels: [Level: Double]
    var rates: [Rate]
    var outcomes: [Outcome]
    var hour: HourView
    var latency: LatencyReport
    var past: PastReader.Answer

    /// What is there now.
    enum Level: CaseIterable, Sendable {
        case activeTransfers, waitingTransfers, mailboxConnections, relayConnections, nameplates, mailboxes, messages

        fileprivate var source: (family: String, label: String?) {
            switch self {
            case .activeTransfers: ("wormhole_transit_active_sessions", nil)
            case .waitingTransfers: ("wormhole_transit_waiting", nil)
            case .mailboxConnections: ("wormhole_connections", "mailbox")
            case .relayConnections: ("wormhole_connections", "transit")
            case .nameplates: ("wormhole_nameplates", nil)
            case .mailboxes: ("wormhole_mailboxes", nil)
            case .messages: ("wormhole_mailbox_stored_messages", nil)
            }
        }
    }
}

extension PageSnapshot {
    static func take(_ call: AdminCall) async -> Self {
        let past = await call.page.past.answer(call.telemetry)
        return Self(call, past)
    }

    private init(_ call: AdminCall, _ past: PastReader.Answer) {
        let telemetry = call.telemetry
        let samples = call.page.hour.samples(with: telemetry)
        build = telemetry.build
        state = telemetry.state.lifecycle.rawValue
        isReady = telemetry.state.isReady
        let stuck = telemetry.heartbeats.stuckLoops()
        checks =
            telemetry.state.checks.map { Check(name: $0.check.rawValue, isGood: $0.isReady, words: $0.words) }
            + [
                Check(
                    name: "event loops",
                    isGood: stuck.isEmpty,
                    words: stuck.isEmpty ? "ok" : "stuck: \(stuck.joined(separator: ", "))"
                )
            ]
        now = telemetry.now
        uptime = max(0, now - telemetry.total(of: "process_start_time_seconds"))
        blurSeconds = telemetry.blurSeconds
        levels = Dictionary(
            uniqueKeysWithValues: Level.allCases.map {
                ($0, telemetry.total(of: $0.source.family, label: $0.source.label))
            }
        )
        let spans = Self.spans.map { call.rates.rates(over: $0.seconds) }
        rates = RateSampler.subjects.enumerated().map { index, subject in
            Rate(
                name: subject.name.split(separator: "_").joined(separator: " "),
                figure: subject.name.hasSuffix("bytes") ? .bytes : .count,
                rates: spans.map { $0?[index] },
                sinceStart: telemetry.total(of: subject.family, label: subject.label)
            )
        }
        outcomes = OutcomeKind.allCases.map { kind in
            Outcome(kind: kind, counts: kind.results.map { telemetry.total(of: kind.family, label: $0) })
        }
        hour = HourView(samples, now: now, monotonic: Double(MonotonicClock.nanoseconds) / 1e9)
        latency = LatencyReport(samples)
        self.past = past
    }
}
