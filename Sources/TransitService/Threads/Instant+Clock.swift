internal import LinuxIO
internal import TransitRules
internal import WormholeWire

extension Instant {
    /// Now, by the machine's clock.
    static var current: Instant { Instant(nanoseconds: SystemClock.monotonicNanoseconds) }

    /// The wait from an instant to this one, as epoll takes it: rounded up, 0 when it is over.
    func milliseconds(after start: Instant) -> CInt {
        guard self > start else { return 0 }
        return CInt(clamping: (nanoseconds - start.nanoseconds).advanced(by: 999_999) / 1_000_000)
    }
}

extension Arrival {
    /// Now, by both of the machine's clocks.
    static var current: Arrival {
        Arrival(date: Timestamp(microseconds: SystemClock.wallMicroseconds), instant: .current)
    }
}
