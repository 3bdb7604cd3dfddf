import Telemetry

/// What the pages are made from besides the metrics of now.
final class PageSource: Sendable {
    let hour = HourMemory()
    let past = PastReader()

    func start(_ telemetry: Telemetry) { hour.start(telemetry) }
    func stop() { hour.stop() }
}
