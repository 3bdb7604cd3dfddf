import LinuxIO
import NIOCore
import Sockets

/// What one listener keeps on its event loop.
final class ListenerState {
    let eventLoop: SocketLoop
    let commons: ConnectionCommons
    /// `nil` once accepting has stopped and no connection is left.
    private(set) var delegate: (any WebSocketListenerDelegate)?

    /// Connections whose request is not complete.
    private(set) var unfinishedUpgrades = 0
    private var unfinishedBySource: [SourceNetwork: Int] = [:]
    /// Connections accepted and not closed.
    private var connections = 0
    private var isAccepting = true
    private var isFinished = false
    private let closed: EventLoopPromise<Void>

    init(eventLoop: SocketLoop, configuration: WebSocketConfiguration, delegate: any WebSocketListenerDelegate) {
        self.eventLoop = eventLoop
        self.commons = ConnectionCommons(configuration: configuration)
        self.delegate = delegate
        self.closed = eventLoop.makePromise()
    }

    // A promise must be kept; that of a listener which could not even start is kept here.
    deinit { finish() }

    /// Fulfilled when accepting has stopped and no connection is left.
    var connectionsClosed: EventLoopFuture<Void> { closed.futureResult }

    // MARK: Connections whose request is not complete

    /// Why one more may not begin; `nil` when it may.
    func refusal(of peer: PeerAddress?) -> WebSocketRejection? {
        let configuration = commons.configuration
        guard unfinishedUpgrades < configuration.maximumUnfinishedUpgrades else { return .tooManyUnfinished }
        let limit = configuration.maximumUnfinishedUpgradesPerSource
        guard limit > 0, let source = source(of: peer), unfinishedBySource[source, default: 0] >= limit else {
            return nil
        }
        return .tooManyUnfinishedOfSource
    }

    func upgradeBegan(by peer: PeerAddress?) {
        unfinishedUpgrades += 1
        if let source = source(of: peer) { unfinishedBySource[source, default: 0] += 1 }
    }

    func upgradeEnded(by peer: PeerAddress?) {
        unfinishedUpgrades -= 1
        guard let source = source(of: peer), let count = unfinishedBySource[source] else { return }
        unfinishedBySource[source] = count > 1 ? count - 1 : nil
    }

    /// Whose share a connection counts to; `nil` for nobody's, because a proxy speaks for many.
    private func source(of peer: PeerAddress?) -> SourceNetwork? {
        let configuration = commons.configuration
        guard configuration.maximumUnfinishedUpgradesPerSource > 0, !configuration.expectsProxyHeader,
            let source = peer?.network, configuration.countsLoopbackSources || !source.isLoopback
        else { return nil }
        return source
    }

    // MARK: Connections

    /// Takes a connection that was just accepted, if there is room for one more.
    func welcome(_ accepted: consuming AcceptedSocket) {
        let peer = accepted.peer
        var refusal = refusal(of: peer)
        if refusal == nil, DescriptorReserve.contains(accepted.descriptor) { refusal = .noDescriptors }
        if let refusal {
            delegate?.webSocketListener(rejected: refusal, peer: peer)
            return
        }
        do throws(ErrorNumber) {
            let socket = try StreamSocket(
                accepted.takeDescriptor(),
                peer: peer,
                on: eventLoop,
                highWaterMark: commons.configuration.outputHighWaterMark
            )
            connections += 1
            socket.owner = UpgradeHandler(socket, listener: self)
        } catch {
            delegate?.webSocketListener(acceptFailed: error)
        }
    }

    func connectionClosed() {
        connections -= 1
        if connections == 0, !isAccepting { finish() }
    }

    func acceptingStopped() {
        isAccepting = false
        if connections == 0 { finish() }
    }

    private func finish() {
        guard !isFinished else { return }
        isFinished = true
        delegate = nil
        closed.succeed()
    }
}

@available(*, unavailable)
extension ListenerState: Sendable {}
