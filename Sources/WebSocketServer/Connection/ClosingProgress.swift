import NIOCore

/// Tells a client that takes its last bytes slowly from one that has stopped taking them.
///
/// Looked at every now and then; values in, a verdict out.
struct ClosingProgress: Equatable {
    /// Bytes the client had not taken when last looked at, those in the kernel's queue included.
    private var outstanding: Int
    /// When there were last seen to be fewer than before.
    private var progressed: NIODeadline

    init(outstanding: Int, now: NIODeadline) {
        self.outstanding = outstanding
        self.progressed = now
    }

    /// Looks again.
    ///
    /// - Returns: For how long nothing has moved.
    mutating func stalled(outstanding now: Int, at time: NIODeadline) -> TimeAmount {
        if now < outstanding { progressed = time }
        outstanding = now
        return time - progressed
    }
}
