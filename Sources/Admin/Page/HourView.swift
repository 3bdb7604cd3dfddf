/// The last hour, cut into slots that can be drawn.
struct HourView: Sendable {
    static let slots = 60
    /// Spans that are shown: a server that is young gets one that it can fill.
    private static let lengths = [600, 1200, 1800, 3600]
    /// A sample stands for the slots behind it for so long, in seconds.
    private static let validity = 20.0

    let span: ChartSpan
    private let slots: [[HourMemory.Sample]]

    /// - Parameters:
    ///   - now: On the wall clock, in seconds since 1970.
    ///   - monotonic: The same moment, in seconds.
    init(_ samples: [HourMemory.Sample], now: Double, monotonic: Double) {
        let age = samples.first.map { monotonic - $0.time } ?? 0
        let slotLength = (Self.lengths.first { Double($0) >= age } ?? HourMemory.length) / Self.slots
        // Whole slots, so that a picture moves by steps; the last is the one that is under way.
        let end = (Int(now) / slotLength + 1) * slotLength
        span = ChartSpan(
            start: end - Self.slots * slotLength,
            slots: Self.slots,
            slotLength: slotLength,
            ticks: .minutes
        )
        var slots = [[HourMemory.Sample]](repeating: [], count: Self.slots)
        for sample in samples {
            let slot = (Int((now - (monotonic - sample.time)).rounded(.down)) - span.start) / slotLength
            if slots.indices.contains(slot) { slots[slot].append(sample) }
        }
        for slot in slots.indices.dropFirst() where slots[slot].isEmpty {
            let start = monotonic - (now - Double(span.start(of: slot)))
            guard let last = slots[slot - 1].last, start - last.time < Self.validity, start <= monotonic else {
                continue
            }
            slots[slot] = [last]
        }
        self.slots = slots
    }

    /// Means of rates, and the highest of levels.
    func values(_ quantity: HourQuantity) -> [Double?] {
        slots.map { samples in
            guard quantity.isCounter else { return samples.map { $0.levels[quantity.rawValue] }.max() }
            let rates = samples.compactMap { $0.rates?[quantity.rawValue] }
            return rates.isEmpty ? nil : rates.reduce(0, +) / Double(rates.count)
        }
    }

    var charts: [Chart] {
        [
            chart("relayed", "Relayed", .bytesPerSecond, [("bytes", .relayedBytes)]),
            chart("transfers", "Transfers", .count, [("active", .activeTransfers), ("waiting", .waitingTransfers)]),
            chart(
                "connections",
                "Open connections",
                .count,
                [("mailbox", .mailboxConnections), ("relay", .transitConnections)]
            ),
            chart(
                "arrivals",
                "New connections /s",
                .perSecond,
                [("mailbox", .mailboxArrivals), ("relay", .transitArrivals)]
            ),
            chart("mailbox", "Mailbox server /s", .perSecond, [("commands", .commands), ("messages", .messages)]),
            chart("problems", "Errors /s", .perSecond, [("errors and refusals", .problems)]),
        ]
    }

    private func chart(_ id: String, _ title: String, _ figure: Figure, _ series: [(String, HourQuantity)]) -> Chart {
        Chart(
            id: "hour-\(id)",
            title: title,
            figure: figure,
            form: .lines,
            span: span,
            series: series.map { Chart.Series(name: $0, values: values($1)) }
        )
    }
}
