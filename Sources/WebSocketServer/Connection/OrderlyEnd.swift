import NIOCore
import Sockets

/// Ends a connection so that its last bytes arrive: everything written, then FIN, then input is thrown away until the
/// client has finished too. Closing a socket with unread input would make the kernel reset the connection.
///
/// A client that keeps taking bytes is waited for, until it should have them all on a poor line; one that stands still is
/// not. What it may send meanwhile is bounded, too, because nobody counts the connection any more. Confined to the socket's
/// loop; the owner of the socket hands its events on, and its timer.
final class OrderlyEnd {
    private let socket: StreamSocket
    private let configuration: WebSocketConfiguration
    private var progress: ClosingProgress
    /// When the client must have taken everything.
    private var deadline: NIODeadline
    private var isWritten = false
    private var inputHasEnded: Bool
    private var discarded = 0

    /// However little there is to take, the client has this many times as long as it may stand still.
    private static let leastPatience = 8
    /// Once more as long for each of so many bytes.
    private static let bytesPerTimeout = 256 << 10

    /// - Parameter inputHasEnded: Whether the client has sent FIN already.
    init(_ socket: StreamSocket, configuration: WebSocketConfiguration, inputHasEnded: Bool) {
        self.socket = socket
        self.configuration = configuration
        self.inputHasEnded = inputHasEnded
        self.progress = ClosingProgress(outstanding: .max, now: socket.loop.now)
        self.deadline = .distantFuture
    }

    /// Begins the end; the socket may be closed when this returns.
    ///
    /// - Parameter last: The last bytes for the client, behind those already queued.
    func begin(with last: ByteBuffer) {
        socket.enqueue(last)
        socket.flush()
        let patience = Self.leastPatience + outstanding / Self.bytesPerTimeout
        deadline = socket.loop.now + configuration.closeTimeout * patience
        socket.whenDrained { self.lastByteWritten() }
        if socket.isOpen { lookLater() }
    }

    /// Whether more may be read from the socket.
    var takesInput: Bool { discarded <= configuration.maximumDrainedBytes }

    /// Input came and was thrown away.
    func discarded(_ count: Int) {
        discarded += count
        if !takesInput, isWritten, socket.unconfirmedBytes <= 1 { socket.close() }
    }

    /// The client has sent FIN.
    func inputEnded() {
        inputHasEnded = true
        if isWritten { socket.close() }
    }

    /// The time has come to look how things stand.
    func look() {
        let now = socket.loop.now
        let outstanding = outstanding
        let isTaken = outstanding <= 1
        let still = progress.stalled(outstanding: max(outstanding, 1), at: now)
        let patience = isTaken ? configuration.drainTimeout : configuration.closeTimeout
        let isOver = isTaken ? !takesInput : now >= deadline
        if isOver || still >= TimeAmount(patience) { socket.close() } else { lookLater() }
    }

    /// Bytes the client has not taken, FIN included.
    private var outstanding: Int { socket.queuedBytes + socket.unconfirmedBytes }

    private func lastByteWritten() {
        isWritten = true
        if inputHasEnded { socket.close() } else { socket.finishSending() }
    }

    private func lookLater() {
        let pause = min(configuration.drainTimeout, configuration.closeTimeout) / 4
        socket.setTimer(at: socket.loop.now + max(pause, .milliseconds(1)))
    }
}

@available(*, unavailable)
extension OrderlyEnd: Sendable {}
