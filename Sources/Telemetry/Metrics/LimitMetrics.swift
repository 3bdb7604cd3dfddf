import Observations

/// Limits, and the tables behind those that are counted by source.
struct LimitMetrics: Sendable {
    let hits: Counter<Limit>
    let sourcesTracked: Gauge<>
    let busiestSource: Gauge<>
    let deniedRanges: Gauge<>
    let tableEntries: Gauge<LimitTable>
    let tableCapacity: Gauge<LimitTable>
    let tableEvictions: Counter<LimitTable>

    init(_ table: inout MetricLayout) {
        hits = table.counter(
            "wormhole_limit_hits_total",
            "Outcomes changed by a limit.",
            unit: .hits,
            .stable,
            labels: Limit.self
        )
        sourcesTracked = table.gauge(
            "wormhole_sources_tracked",
            "Client networks that have a connection to either service; this machine and Unix sockets are not counted.",
            unit: .sources,
            .stable
        )
        busiestSource = table.gauge(
            "wormhole_top_source_connections_ratio",
            "Share of the open connections of both services that the busiest client network holds, from 0 to 1.",
            unit: .ratio,
            .stable
        )
        deniedRanges = table.gauge(
            "wormhole_denied_ranges",
            "Ranges of addresses in the list of --deny-file that is in force.",
            unit: .ranges,
            .stable
        )
        tableEntries = table.gauge(
            "wormhole_limit_table_entries",
            "Entries in the tables that limits are kept with; of those by source, in the fullest.",
            unit: .entries,
            .stable,
            labels: LimitTable.self
        )
        tableCapacity = table.gauge(
            "wormhole_limit_table_capacity",
            "Entries these tables can have, 0 for any number.",
            unit: .entries,
            .stable,
            labels: LimitTable.self
        )
        tableEvictions = table.counter(
            "wormhole_limit_table_evictions_total",
            "Entries these tables could not keep because they were full: limits by source are being outrun.",
            unit: .entries,
            .stable,
            labels: LimitTable.self
        )
    }
}
