package import Observations
package import WormholeWire

/// What the relay's front wants done, in this order, after a step.
package enum FrontEffect: Equatable, Sendable {
    /// Say `reply`, then no more. What the client still sends is to be thrown away; ``RelayFront/discarded(_:from:into:)``
    /// tells when it is too much. A WebSocket client gets the reply and a Close and is forgotten here.
    case refuse(SlotID, TransitReply)
    /// Its handshake is good, and nobody is there for it: it waits.
    case wait(SlotID)
    /// Say nothing, close. The name is free from now on.
    case close(SlotID, CloseCause, Farewell)
    /// Say `ok` to both, in this order, and give them to whoever relays. Both names are free from now on.
    case join(Junction)
    case observe(Observation)
}

/// How a WebSocket client is told that it is over; a TCP client only sees the end.
package enum Farewell: Equatable, Sendable {
    /// Close 1000.
    case normal
    /// Close 1003: it sent text.
    case unacceptableData
    /// Close 1001: the relay is shutting down.
    case goingAway
}

/// Two connections that are one pair from now on.
package struct Junction: Equatable, Sendable {
    /// The one that waited.
    package let first: SlotID
    /// The one that came.
    package let second: SlotID
    /// What came behind the second's handshake: payload, the first thing `first` reads after its `ok`.
    package let early: [UInt8]
    package let record: PairRecord

    package init(first: SlotID, second: SlotID, early: [UInt8], record: PairRecord) {
        self.first = first
        self.second = second
        self.early = early
        self.record = record
    }
}
