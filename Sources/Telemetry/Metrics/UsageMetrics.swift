import Observations

/// Usage records, and the databases and disks they are kept on.
struct UsageMetrics: Sendable {
    let records: Counter<RecordSink, RecordKind, RecordResult>
    let queued: Gauge<RecordSink>
    let lastWrite: Gauge<RecordSink>
    let blurSeconds: Gauge<>
    let retentionSeconds: Gauge<>
    let oldestRecord: Gauge<>
    let databaseRows: Gauge<UsageTable>
    let schemaVersion: Gauge<Database>
    let databaseDuration: Histogram<Database, DatabaseOperation>
    let databaseErrors: Counter<Database, DatabaseFailure>
    let databaseSize: Gauge<Database, DatabaseFile>
    let availableBytes: Gauge<>
    let logLines: Counter<LogLevel>
    let logLinesDropped: Counter<LogStream>

    init(_ table: inout MetricLayout) {
        records = table.counter(
            "wormhole_usage_records_total",
            "Usage records handed to each sink, by what became of them.",
            unit: .records,
            .stable,
            labels: RecordSink.self,
            RecordKind.self,
            RecordResult.self
        )
        queued = table.gauge(
            "wormhole_usage_queue_records",
            "Usage records waiting for each sink.",
            unit: .records,
            .stable,
            labels: RecordSink.self
        )
        lastWrite = table.gauge(
            "wormhole_usage_last_write_timestamp_seconds",
            "When each sink was last written.",
            unit: .unixSeconds,
            .stable,
            labels: RecordSink.self
        )
        blurSeconds = table.gauge(
            "wormhole_usage_blur_seconds",
            "Window to which start times are rounded down, 0 when they are exact.",
            unit: .seconds,
            .stable
        )
        retentionSeconds = table.gauge(
            "wormhole_usage_retention_seconds",
            "How long usage records are kept, 0 when for ever.",
            unit: .seconds,
            .stable
        )
        oldestRecord = table.gauge(
            "wormhole_usage_oldest_record_timestamp_seconds",
            "When the oldest record in the usage database started, as it is stored; 0 without any.",
            unit: .unixSeconds,
            .stable
        )
        databaseRows = table.gauge(
            "wormhole_db_rows",
            "Rows of the usage database, by table.",
            unit: .records,
            .stable,
            labels: UsageTable.self
        )
        schemaVersion = table.gauge(
            "wormhole_db_schema_version",
            "Version of each database's tables, as the original servers count them; 0 when there is none.",
            unit: .version,
            .stable,
            labels: Database.self
        )
        databaseDuration = table.histogram(
            "wormhole_db_operation_duration_seconds",
            "Time of a database call.",
            unit: .seconds,
            bounds: HistogramBounds.database,
            .stable,
            labels: Database.self,
            DatabaseOperation.self
        )
        databaseErrors = table.counter(
            "wormhole_db_errors_total",
            "Failed database calls, by class.",
            unit: .errors,
            .stable,
            labels: Database.self,
            DatabaseFailure.self
        )
        databaseSize = table.gauge(
            "wormhole_db_size_bytes",
            "Size of the database files, 0 when there is none.",
            unit: .bytes,
            .stable,
            labels: Database.self,
            DatabaseFile.self
        )
        availableBytes = table.gauge(
            "wormhole_state_filesystem_avail_bytes",
            "Free space where the databases are.",
            unit: .bytes,
            .stable
        )
        logLines = table.counter(
            "wormhole_log_messages_total",
            "Lines of the server's own log, by level.",
            unit: .lines,
            .stable,
            labels: LogLevel.self
        )
        logLinesDropped = table.counter(
            "wormhole_log_dropped_total",
            "Log lines lost because their reader was slow or gone.",
            unit: .lines,
            .stable,
            labels: LogStream.self
        )
    }
}

/// A table of the usage database, by what its rows tell of.
enum UsageTable: String, MetricLabel {
    case nameplates, mailboxes
    case clientVersions = "client_versions"
    case transit
    static var labelName: String { "table" }

    init(_ kind: RecordKind) {
        self =
            switch kind {
            case .nameplate: .nameplates
            case .mailbox: .mailboxes
            case .clientVersion: .clientVersions
            case .transit: .transit
            }
    }
}

/// A stream of lines that someone else reads.
enum LogStream: String, MetricLabel {
    /// The service's own log.
    case journal
    /// The JSON lines of usage records.
    case usage
    static var labelName: String { "stream" }
}
