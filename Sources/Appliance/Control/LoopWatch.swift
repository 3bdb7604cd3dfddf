internal import Logging
internal import Telemetry

/// Says in the log when an event loop is stuck, and when it turns again.
struct LoopWatch: Sendable {
    let heartbeats: LoopHeartbeats
    let logger: Logger

    /// Watches until the task is cancelled.
    func run() async {
        var stuck: Set<String> = []
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let now = Set(heartbeats.stuckLoops())
            for name in now.subtracting(stuck).sorted() { logger.error("event loop \(name) is stuck") }
            for name in stuck.subtracting(now).sorted() { logger.notice("event loop \(name) turns again") }
            stuck = now
        }
    }
}
