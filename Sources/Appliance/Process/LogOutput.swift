internal import Glibc
package import Telemetry

/// Where log lines go, which are shown, and where they are counted: shared by every part of the server.
package struct LogOutput: Sendable {
    package let levels: LogLevelSwitch
    let counts: LogCounts?
    let write: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - counts: Where lines are counted.
    ///   - write: Where lines go; standard error unless a test listens.
    package init(
        levels: LogLevelSwitch,
        counts: LogCounts? = nil,
        write: @escaping @Sendable ([UInt8]) -> Void = LogOutput.writeToStandardError
    ) {
        self.levels = levels
        self.counts = counts
        self.write = write
    }

    /// A lost log line is no reason to stop: what the system refuses is left out.
    package static let writeToStandardError: @Sendable ([UInt8]) -> Void = { line in
        _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// How lines of the log are written.
package enum LogFormat: String, CaseIterable, Sendable {
    /// For people.
    case text
    /// For programs.
    case json
}
