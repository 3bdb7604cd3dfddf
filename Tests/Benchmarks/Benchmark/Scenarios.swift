/// Everything that is measured, with what has to be reached.
enum Scenarios {
    static let all: [any Scenario] = mailbox + relay + scrapes

    private static let scrapes: [any Scenario] = [ScrapeScenario(work: .relay), ScrapeScenario(work: .mailbox)]

    private static let mailbox: [any Scenario] = [
        ExchangeScenario(
            concurrency: 8,
            targets: (
                processor: [
                    .atMost(1.0 / 18, of: .original),
                    .within(2 * 0.83e-3, reason: "twice what a bare C server needs on two cores"),
                ],
                rate: [.atLeast(25, of: .original)]
            )
        ),
        ExchangeScenario(
            concurrency: 64,
            targets: (
                processor: [
                    .atMost(1.0 / 25, of: .original),
                    .within(2 * 0.41e-3, reason: "twice what a bare C server needs on two cores"),
                ],
                rate: [.atLeast(30, of: .original)]
            )
        ),
        MessageScenario(
            name: "mailbox-messages",
            title: "mailbox: messages in long-lived pairs, 16 pairs",
            pairs: 16,
            manner: .together,
            metrics: [
                Metric(
                    name: MessageScenario.processor,
                    unit: .microseconds,
                    targets: [
                        .atMost(1.0 / 18, of: .original),
                        .within(2 * 33e-6, reason: "twice what a bare C server needs on two cores"),
                    ]
                ),
                Metric(name: MessageScenario.rate, unit: .perSecond, targets: [.atLeast(25, of: .original)]),
                Metric(name: MessageScenario.median, unit: .milliseconds),
                Metric(name: MessageScenario.slowest, unit: .milliseconds),
                Metric(name: MessageScenario.generator, unit: .percent),
            ]
        ),
        MessageScenario(
            name: "mailbox-latency",
            title: "mailbox: delivery latency, 1 pair, in turn",
            pairs: 1,
            manner: .inTurn,
            metrics: [
                Metric(
                    name: MessageScenario.median,
                    unit: .milliseconds,
                    targets: [.atMost(1.0 / 5, of: .original)]
                ),
                Metric(name: MessageScenario.slowest, unit: .milliseconds),
                Metric(name: MessageScenario.processor, unit: .microseconds),
            ]
        ),
        IdleClientScenario(),
        StartScenario(),
    ]

    private static let relay: [any Scenario] = [
        BulkScenario(
            name: "relay-bulk-1",
            title: "relay: 1 pair, 1 GiB one way",
            pairs: 1,
            bytes: 1 << 30,
            bothWays: false,
            metrics: [
                Metric(
                    name: BulkScenario.processor,
                    unit: .secondsPerGigabyte,
                    targets: [.atMost(0.9, of: .haproxy), .atMost(1.0 / 5, of: .original)]
                ),
                Metric(name: BulkScenario.rate, unit: .megabytesPerSecond),
                Metric(name: BulkScenario.generator, unit: .percent),
            ]
        ),
        BulkScenario(
            name: "relay-bulk-8",
            title: "relay: 8 pairs, 128 MiB both ways each",
            pairs: 8,
            bytes: 128 << 20,
            bothWays: true,
            metrics: [
                Metric(
                    name: BulkScenario.processor,
                    unit: .secondsPerGigabyte,
                    targets: [.atMost(0.9, of: .haproxy)]
                ),
                Metric(
                    name: BulkScenario.rate,
                    unit: .megabytesPerSecond,
                    targets: [.atLeast(1, of: .haproxy), .atLeast(2, of: .original)]
                ),
                Metric(name: BulkScenario.generator, unit: .percent),
            ]
        ),
        PairingScenario(),
        RoundTripScenario(),
        BesideBulkScenario(),
        WebSocketBulkScenario(),
        IdleRelayScenario(kind: .waiting),
        IdleRelayScenario(kind: .paired),
    ]
}
