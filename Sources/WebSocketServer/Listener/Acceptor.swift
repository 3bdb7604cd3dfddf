import Glibc
import LinuxIO
import NIOCore
import NIOPosix

/// Owns a listening socket and the channel that accepts on it.
///
/// NIO closes a listening channel on errors of `accept(2)` that concern a single connection only (`ENETDOWN`, `EPROTO`
/// and others; accept(2), "Error handling"). The socket itself is therefore kept here, the channel gets a duplicate, and
/// a channel that ends unasked is replaced.
final class Acceptor {
    /// `nil` when accepting has stopped for good.
    private var socket: Descriptor?
    private let state: ListenerState
    private var channel: (any Channel)?

    init(socket: consuming Descriptor, state: ListenerState) {
        self.socket = consume socket
        self.state = state
    }

    /// Begins, or begins again, to accept.
    func accept() -> EventLoopFuture<Void> {
        let duplicate: CInt
        switch socket {
        case .some(let socket): duplicate = fcntl(socket.number, F_DUPFD_CLOEXEC, 0)
        case .none: duplicate = -1
        }
        guard duplicate >= 0 else {
            return state.eventLoop.makeFailedFuture(IOError(errnoCode: errno, reason: "dup of the listening socket"))
        }
        let configuration = state.commons.configuration
        let listener = NIOLoopBound(state, eventLoop: state.eventLoop)
        return ServerBootstrap(group: state.eventLoop)
            .serverChannelOption(.maxMessagesPerRead, value: UInt(max(configuration.acceptsPerTurn, 1)))
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptGate(listener: listener.value))
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Self.welcome(channel, listener.value) }
            }
            .withBoundSocket(duplicate)
            .assumeIsolated()
            .map { self.accepting(on: $0) }
            .nonisolated()
    }

    func stop() -> EventLoopFuture<Void> {
        socket = nil
        guard let channel else {
            state.acceptingStopped()
            return state.eventLoop.makeSucceededVoidFuture()
        }
        return channel.close().flatMapErrorThrowing { _ in }.assumeIsolated().map { self.state.acceptingStopped() }
            .nonisolated()
    }

    private var isStopped: Bool {
        switch socket {
        case .some: false
        case .none: true
        }
    }

    private func accepting(on channel: any Channel) {
        guard !isStopped else { return channel.close(promise: nil) }
        self.channel = channel
        channel.closeFuture.assumeIsolated().whenComplete { _ in self.ended() }
    }

    /// Ends the channel, as NIO may.
    func endChannel() -> EventLoopFuture<Void> {
        channel?.close() ?? state.eventLoop.makeSucceededVoidFuture()
    }

    /// The channel is closed.
    private func ended() {
        channel = nil
        guard !isStopped else { return }
        retry()
    }

    private func retry() {
        let pause = TimeAmount(state.commons.configuration.acceptPause)
        state.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            guard !self.isStopped else { return }
            self.accept().assumeIsolated().whenFailure { error in
                if let error = error as? IOError { self.state.delegate?.webSocketListener(acceptFailed: error) }
                self.retry()
            }
        }
    }

    /// Prepares an accepted connection.
    private static func welcome(_ channel: any Channel, _ state: ListenerState) throws {
        let configuration = state.commons.configuration
        if let refusal = state.refusal(of: channel.remoteAddress) {
            state.delegate?.webSocketListener(rejected: refusal, peer: channel.remoteAddress)
            throw ChannelError.ioOnClosedChannel  // The bootstrap closes it.
        }
        guard !DescriptorReserve.isNext else {
            state.delegate?.webSocketListener(rejected: .noDescriptors, peer: channel.remoteAddress)
            throw ChannelError.ioOnClosedChannel
        }
        if let options = channel.syncOptions {
            // One read a turn: fair to the others, and a pause takes effect at once.
            try options.setOption(.maxMessagesPerRead, value: 1)
            try options.setOption(.allowRemoteHalfClosure, value: true)
            try options.setOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1024, maximum: 65536)
            )
            let high = max(configuration.outputHighWaterMark, 2)
            try options.setOption(.writeBufferWaterMark, value: .init(low: high / 2, high: high))
        }
        state.connectionAccepted()
        channel.closeFuture.assumeIsolated().whenComplete { _ in state.connectionClosed() }
        try UpgradeHandler.start(on: channel, listener: state)
    }
}

@available(*, unavailable)
extension Acceptor: Sendable {}
