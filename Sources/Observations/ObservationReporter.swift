import Synchronization

/// An end of the pipeline for those who rarely have something to say, on any thread.
package final class ObservationReporter: Sendable {
    private let source: Mutex<ObservationSource>

    package init(_ pipeline: ObservationPipeline) {
        source = Mutex(pipeline.makeSource(capacity: 256))
    }

    /// Says what happened, and makes it visible at once.
    package func report(_ observation: Observation) {
        source.withLock { source in
            source.append(observation)
            source.flush()
        }
    }
}
