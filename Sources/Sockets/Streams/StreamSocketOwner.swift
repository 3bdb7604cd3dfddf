package import NIOCore

/// Whoever works with a ``StreamSocket``: hears what comes in, and how it ends.
///
/// Called on the socket's loop, and as a rule never from within a call of the owner's to its socket.
package protocol StreamSocketOwner: AnyObject {
    /// Whether bytes may be taken from the socket now. Who says no calls ``StreamSocket/readOn()`` when that changes.
    var takesInput: Bool { get }
    /// Bytes have come. The buffer is lent: what is not kept in a copy of one's own is gone afterwards.
    func streamSocket(received bytes: inout ByteBuffer)
    /// Everything that one read has brought was reported.
    func streamSocketReadCompleted()
    /// The peer will send no more.
    func streamSocketInputEnded()
    /// ``StreamSocket/isWritable`` has changed. This alone may be told from within a call of the owner's that writes.
    func streamSocketWritabilityChanged()
    /// The time set with ``StreamSocket/setTimer(at:)`` has come.
    func streamSocketTimerFired()
    /// The socket is closed, by the owner or because the connection broke. Nothing follows.
    func streamSocketClosed()
}
