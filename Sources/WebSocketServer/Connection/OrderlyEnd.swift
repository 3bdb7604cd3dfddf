import NIOCore

/// Ends a connection so that its last bytes arrive: everything written, then FIN, then input is thrown away until the
/// client has finished too. Closing a socket with unread input would make the kernel reset the connection.
///
/// A client that keeps taking bytes is waited for; one that stands still is not. What it may send meanwhile is bounded.
/// Confined to the channel's event loop; the handler that owns it hands its events on.
final class OrderlyEnd {
    private let context: ChannelHandlerContext
    private let configuration: WebSocketConfiguration
    private var progress: ClosingProgress
    private var isWritten = false
    private var inputHasEnded: Bool
    private var discarded = 0
    private var timer: NIOScheduledCallback?
    private var isOver = false

    /// - Parameter inputHasEnded: Whether the client has sent FIN already.
    init(_ context: ChannelHandlerContext, configuration: WebSocketConfiguration, inputHasEnded: Bool) {
        self.context = context
        self.configuration = configuration
        self.inputHasEnded = inputHasEnded
        self.progress = ClosingProgress(outstanding: .max, now: context.eventLoop.now)
    }

    /// Begins the end; the channel may be closed when this returns.
    ///
    /// - Parameter last: The last bytes for the client, behind those already written to the channel.
    func begin(with last: ByteBuffer) {
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { self.lastByteWritten() }
        context.writeAndFlush(NIOAny(last), promise: written)
        if !isOver { lookLater() }
    }

    /// Whether the handler may let the channel read on.
    var takesInput: Bool { discarded <= configuration.maximumDrainedBytes }

    /// Input came and was thrown away.
    func discarded(_ count: Int) {
        discarded += count
        if !takesInput, isWritten, context.unacknowledgedBytes <= 1 { close() }
    }

    /// The client has sent FIN.
    func inputEnded() {
        inputHasEnded = true
        if isWritten { close() }
    }

    /// The channel is closed, or its handler gone.
    func cancel() {
        isOver = true
        timer?.cancel()
        timer = nil
    }

    private func lastByteWritten() {
        guard !isOver else { return }
        isWritten = true
        if inputHasEnded { close() } else { context.close(mode: .output, promise: nil) }
    }

    private func look() {
        guard !isOver else { return }
        let outstanding = context.bufferedBytes + context.unacknowledgedBytes
        let isTaken = outstanding <= 1
        let still = progress.stalled(outstanding: max(outstanding, 1), at: context.eventLoop.now)
        let patience = isTaken ? configuration.drainTimeout : configuration.closeTimeout
        if still >= TimeAmount(patience) || (isTaken && !takesInput) { close() } else { lookLater() }
    }

    private func lookLater() {
        let pause = min(configuration.drainTimeout, configuration.closeTimeout) / 4
        let target = CallbackTarget(self, eventLoop: context.eventLoop) { $0.look() }
        // Only a loop that is shutting down refuses, and it closes every channel.
        timer = try? context.eventLoop.scheduleCallback(in: TimeAmount(max(pause, .milliseconds(1))), handler: target)
    }

    private func close() {
        guard !isOver else { return }
        cancel()
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension OrderlyEnd: Sendable {}
