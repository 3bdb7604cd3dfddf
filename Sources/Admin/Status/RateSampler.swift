import Synchronization
import Telemetry

/// What happened per second over some spans up to now: looks at the counters every few seconds, and remembers an hour.
final class RateSampler: Sendable {
    /// Something that is counted.
    struct Subject: Sendable {
        let name: String
        let family: String
        /// Series with this label value alone; `nil` for all.
        var label: String?
    }

    static let subjects = [
        Subject(name: "mailbox_connections", family: "wormhole_connections_accepted_total", label: "mailbox"),
        Subject(name: "transit_connections", family: "wormhole_connections_accepted_total", label: "transit"),
        Subject(name: "mailbox_commands", family: "wormhole_mailbox_commands_total"),
        Subject(name: "mailbox_messages", family: "wormhole_mailbox_messages_total", label: "received"),
        Subject(name: "transit_sessions", family: "wormhole_transit_session_ends_total"),
        Subject(name: "relayed_bytes", family: "wormhole_transit_relayed_bytes_total"),
    ]

    /// The spans, in seconds, with their names.
    static let spans: [(name: String, seconds: Int)] = [
        ("10s", 10), ("1m", 60), ("5m", 300), ("15m", 900), ("60m", 3600),
    ]

    static let interval = Duration.seconds(5)
    /// Enough for the longest span.
    private static let capacity = 3600 / 5 + 2

    private struct Sample {
        let time: UInt64
        let totals: [Double]
    }

    private struct State {
        /// The newest last; `next` is where the next goes once it is full.
        var samples: [Sample] = []
        var next = 0
        var clock: Task<Void, Never>?
    }

    private let telemetry: Telemetry
    private let state = Mutex(State())

    init(_ telemetry: Telemetry) {
        self.telemetry = telemetry
    }

    func start() {
        state.withLock { state in
            state.clock = Task {
                repeat { self.take() } while (try? await Task.sleep(for: Self.interval)) != nil
            }
        }
    }

    func stop() {
        state.withLock { $0.clock.take() }?.cancel()
    }

    /// Looks at the counters now, unless somebody has at this moment.
    func take(at time: UInt64 = MonotonicClock.nanoseconds) {
        let sample = Sample(time: time, totals: totals)
        state.withLock { state in
            if state.samples.count < Self.capacity {
                state.samples.append(sample)
            } else {
                state.samples[state.next] = sample
                state.next = (state.next + 1) % Self.capacity
            }
        }
    }

    /// What was counted a second, in the order of ``subjects``.
    ///
    /// - Returns: `nil` while the process is younger than the span.
    func rates(over seconds: Int, at time: UInt64 = MonotonicClock.nanoseconds) -> [Double]? {
        let span = UInt64(seconds) * 1_000_000_000
        guard time > span else { return nil }
        let since = time - span
        // The latest of those that are old enough.
        let start = state.withLock { state in
            state.samples.filter { $0.time <= since }.max { $0.time < $1.time }
        }
        guard let start else { return nil }
        let elapsed = Double(time - start.time) / 1e9
        return zip(totals, start.totals).map { max(0, $0 - $1) / elapsed }
    }

    private var totals: [Double] { Self.subjects.map { telemetry.total(of: $0.family, label: $0.label) } }
}
