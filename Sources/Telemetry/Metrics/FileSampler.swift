import Glibc
import Observations

/// Asks the file system about the databases, when metrics are read.
struct FileSampler: Sendable {
    let metrics: UsageMetrics
    let databases: [Database: String]
    let stateDirectory: String?

    init(metrics: UsageMetrics, configuration: TelemetryConfiguration) {
        self.metrics = metrics
        var databases: [Database: String] = [:]
        databases[.usage] = configuration.usageDatabasePath
        databases[.channel] = configuration.channelDatabasePath
        self.databases = databases.filter { $0.value != ":memory:" }
        stateDirectory = configuration.stateDirectory
    }

    /// - Returns: How many of the figures could not be had; they keep their last values.
    func sample() -> Int {
        for (database, path) in databases {
            // A file that is not there, as the log of a database without one, has no size.
            metrics.databaseSize.set(Self.size(of: path), database, .main)
            metrics.databaseSize.set(Self.size(of: path + "-wal"), database, .wal)
        }
        guard let stateDirectory else { return 0 }
        var system = statvfs()
        guard statvfs(stateDirectory, &system) == 0 else { return 1 }
        metrics.availableBytes.set(Double(system.f_bavail) * Double(system.f_frsize))
        return 0
    }

    private static func size(of path: String) -> Double {
        var status = stat()
        return stat(path, &status) == 0 ? Double(status.st_size) : 0
    }
}
