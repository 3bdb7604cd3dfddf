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
        telemetry.refreshSampled()
        take(
            HourQuantity.allCases.map { $0.now(telemetry) },
            LatencyReport.families.map { telemetry.distribution(of: $0.family) ?? Distribution(bounds: [], counts: []) },
            at: Double(MonotonicClock.nanoseconds) / 1e9
        )
    }

    /// - Parameters:
    ///   - values: Of ``HourQuantity``, in order.
    ///   - time: Monotonic, in seconds.
    func take(_ values: [Double], _ distributions: [Distribution] = [], at time: Double) {
        state.withLock { state in
            let rates = state.samples.last.flatMap { last -> [Double]? in
                guard time > last.time else { return nil }
                return zip(values, last.levels).map { max(0, $0 - $1) / (time - last.time) }
            }
            if state.samples.count == Self.capacity { state.samples.removeFirst() }
            state.samples.append(Sample(time: time, levels: values, rates: rates, distributions: distributions))
        }
    }

    /// What is remembered, the newest last.
    var samples: [Sample] { state.withLock { $0.samples } }
}
