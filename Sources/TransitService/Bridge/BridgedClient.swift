internal import NIOCore
internal import Observations

/// One of the two of a pair on the event loop: a WebSocket client, or a socket whose partner is one.
protocol BridgedClient: AnyObject {
    /// Whether it takes more without what waits for it growing beyond bounds.
    var isWritable: Bool { get }
    /// Bytes that wait for it here.
    var queuedBytes: Int { get }

    /// How many of its own bytes have been passed on, and of how many it is known that it has sent them. As they come over
    /// the wire, so that only the two can be compared; equal when it is gone.
    var inputProgress: (passedOn: UInt64, sent: UInt64) { get }

    /// Queues payload for it. Nothing is written before ``flush()``.
    func write(_ payload: ByteBuffer)
    func flush()
    func pauseReading()
    func resumeReading()
    /// Says the end, for everything is written, and closes it in order. What it still sends is thrown away.
    func finish(_ cause: CloseCause)
    /// Closes it at once.
    func abort(_ cause: CloseCause)
}
