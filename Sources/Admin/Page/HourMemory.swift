import Synchronization
import Telemetry

/// The metrics of the last hour, in a ring: one sample every ten seconds, taken by a clock of the endpoint's own from the
/// numbers that a scrape would see.
final class HourMemory: Sendable {
    static let interval = Duration.seconds(10)
    static let length = 3600
    private static let capacity = length / 10 + 1

    struct Sample: Sendable {
        /// Monotonic, in seconds, so that a clock that is set draws no nonsense.
        let time: Double
        let levels: [Double]
        /// A second since the sample before; `nil` for the first.
        let rates: [Double]?
        let distributions: [Distribution]
    }

    private struct State {
        /// The newest last.
        var samples: [Sample] = []
        var clock: Task<Void, Never>?
    }

    private let state = Mutex(State())

    func start(_ telemetry: Telemetry) {
        state.withLock { state in
            state.clock = Task {
                repeat { self.take(telemetry) } while (try? await Task.sleep(for: Self.interval)) != nil
            }
        }
    }

    func stop() {
        state.withLock { $0.clock.take() }?.cancel()
    }

    private func take(_ telemetry: Telemetry) {
        let (values, distributions) = Self.look(telemetry)
        take(values, distributions, at: Double(MonotonicClock.nanoseconds) / 1e9)
    }

    private static func look(_ telemetry: Telemetry) -> (values: [Double], distributions: [Distribution]) {
        telemetry.refreshSampled()
        return (
            HourQuantity.allCases.map { $0.now(telemetry) },
            LatencyReport.families.map { telemetry.distribution(of: $0.family) ?? Distribution(bounds: [], counts: []) }
        )
    }

    /// - Parameters:
    ///   - values: Of ``HourQuantity``, in order.
    ///   - time: Monotonic, in seconds.
    func take(_ values: [Double], _ distributions: [Distribution] = [], at time: Double) {
        state.withLock { state in
            if state.samples.count == Self.capacity { state.samples.removeFirst() }
            let sample = Sample(values, distributions, at: time, after: state.samples.last)
            state.samples.append(sample)
        }
    }

    /// What is remembered, the newest last.
    var samples: [Sample] { state.withLock { $0.samples } }

    /// What is remembered, and how it is now.
    func samples(with telemetry: Telemetry) -> [Sample] {
        let samples = self.samples
        let time = Double(MonotonicClock.nanoseconds) / 1e9
        let (values, distributions) = Self.look(telemetry)
        return samples + [Sample(values, distributions, at: time, after: samples.last)]
    }
}

extension HourMemory.Sample {
    /// Rates over less than this, in seconds, jump too much to be shown.
    private static let shortest = 2.0

    fileprivate init(_ levels: [Double], _ distributions: [Distribution], at time: Double, after last: Self?) {
        self.time = time
        self.levels = levels
        self.distributions = distributions
        rates = last.flatMap { last in
            let duration = time - last.time
            return duration < Self.shortest ? nil : zip(levels, last.levels).map { max(0, $0 - $1) / duration }
        }
    }
}
