/// The upper bounds of histogram buckets. Part of the stable interface: changing one breaks recorded quantiles.
enum HistogramBounds {
    /// Server-side latency: 1 ms to 2.5 s.
    static let fast = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
    /// Lateness of an event loop: 1 ms to 5 s.
    static let loop = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
    /// What people take their time for: 1 s to 1 h, with edges at 300 s, at the 11 minutes of expiry, and at half an hour.
    static let human = [1.0, 2, 5, 10, 20, 30, 60, 120, 300, 660, 1800, 3600]
    /// Lives of connections and transfers: 1 s to 1 day.
    static let life = [1.0, 5, 15, 60, 300, 900, 3600, 14400, 43200, 86400]
    /// Sizes of transfers: 10 kB to 100 GB.
    static let size = [1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11]
    /// Sizes of mailbox messages: 128 B to 64 KiB.
    static let message = [128.0, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]
    /// Mean rates of transfers: 10 kB/s to 1 GB/s.
    static let rate = [1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
    /// Network round trips: 10 ms to 5 s.
    static let roundTrip = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5]
    /// Database calls: 0.5 ms to 2 s.
    static let database = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2]
}
