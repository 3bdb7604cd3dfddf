package import WormholeWire

/// When a connection was accepted, on both clocks: the wall clock for the record, the other for every duration.
package struct Arrival: Hashable, Sendable {
    package let date: Timestamp
    package let instant: Instant

    package init(date: Timestamp, instant: Instant) {
        self.date = date
        self.instant = instant
    }
}
