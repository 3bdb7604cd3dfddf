package import Logging
internal import Synchronization

/// Which messages of the service's own log are shown: what the start said, or for a while what an operator says.
package final class LogLevelSwitch: Sendable {
    private let standard: Logger.Level
    /// Its place among all levels: read for every message, without a lock.
    private let current: Atomic<Int>
    private let change = Mutex<Task<Void, Never>?>(nil)

    package init(_ level: Logger.Level) {
        standard = level
        current = Atomic(level.place)
    }

    package var level: Logger.Level { Logger.Level.allCases[current.load(ordering: .relaxed)] }

    /// Shows messages of this level, and more important ones, for a time; then those of the start again.
    func set(_ level: Logger.Level, for time: Duration) {
        change.withLock { change in
            change?.cancel()
            current.store(level.place, ordering: .relaxed)
            change = Task { [self] in
                guard (try? await Task.sleep(for: time)) != nil else { return }
                revert()
            }
        }
    }

    private func revert() {
        change.withLock { change in
            // Somebody else has changed it meanwhile, and has another time.
            guard !Task.isCancelled else { return }
            change = nil
            current.store(standard.place, ordering: .relaxed)
        }
    }
}

extension Logger.Level {
    fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
