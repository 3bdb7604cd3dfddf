import Telemetry
import WormholeWire

/// What the usage database says of the last hour, day and month. It counts by whole hours: the one in which a span begins is
/// in it.
struct UsageRecently {
    private static let spans = [("hour", 3600), ("day", 86_400), ("month", 30 * 86_400)]

    let json: JSONValue

    /// - Returns: `nil` without a database, or when it cannot be read.
    init?(_ call: AdminCall) async {
        guard let path = call.telemetry.usageDatabasePath else { return nil }
        let now = Timestamp(seconds: call.telemetry.now)
        // The rest of the status is worth having without it.
        let totals = try? await UsageRoute.reading(path) { (history) throws(TelemetryError) in
            var totals: [UsageTotals] = []
            for (_, seconds) in Self.spans { totals.append(try history.totals((now - .seconds(seconds))..<now)) }
            return totals
        }
        guard let totals else { return nil }
        json = .object(
            zip(Self.spans, totals).map { span, totals in
                .init(
                    span.0,
                    [
                        "nameplates": .integer(totals.nameplates), "mailboxes": .integer(totals.mailboxes),
                        "transfers": .integer(totals.transits), "transfer_bytes": .integer(totals.transitBytes),
                    ]
                )
            }
        )
    }

    static let schema = JSONSchema.object(
        spans.map { span in
            .init(
                span.0,
                .object(["nameplates", "mailboxes", "transfers", "transfer_bytes"].map { .init($0, .count) })
            )
        }
    )
}
