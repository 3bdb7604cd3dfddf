package import Telemetry

/// Where log lines go, which are shown, and where they are counted: shared by every part of the server.
package struct LogOutput: Sendable {
    package let levels: LogLevelSwitch
    let counts: LogCounts?
    let write: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - counts: Where lines are counted.
    ///   - write: Where lines go. Called by the loops: it must not wait.
    package init(levels: LogLevelSwitch, counts: LogCounts? = nil, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.levels = levels
        self.counts = counts
        self.write = write
    }
}
