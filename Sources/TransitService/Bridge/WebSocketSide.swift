internal import Admission
internal import LinuxIO
internal import NIOCore
internal import NIOPosix
internal import Observations
internal import TransitRules
internal import WebSocketServer

/// The WebSocket side of the relay: an event loop, its listener, and the bridge that lives on it.
struct WebSocketSide: Sendable {
    let port: BridgePort
    private let group: MultiThreadedEventLoopGroup
    private let listener: WebSocketListener
    /// The file of a Unix socket, which goes with the listener.
    private let path: SocketPath?

    /// Starts the loop and accepts clients.
    static func start(
        on socket: consuming ListeningSocket,
        front: FrontPort,
        timeouts: RelayTimeouts,
        doorkeeper: Doorkeeper,
        throttle: Throttle?,
        firstOwner: Int,
        configuration: WebSocketConfiguration,
        pulse: any LoopPulse,
        pipeline: ObservationPipeline
    ) async throws -> WebSocketSide {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let port = BridgePort(eventLoop: group.next())
        let path = socket.path
        var configuration = configuration
        configuration.expectsProxyHeader = socket.expectsProxyHeader
        let settings = configuration
        let handover = Handover<Descriptor>(Descriptor(owning: socket.release()))
        do {
            let listener = try await port.eventLoop.flatSubmit { () -> EventLoopFuture<WebSocketListener> in
                let bridge = Bridge(
                    eventLoop: port.eventLoop,
                    front: front,
                    timeouts: timeouts,
                    doorkeeper: doorkeeper,
                    throttle: throttle,
                    firstOwner: firstOwner,
                    pulse: pulse,
                    observations: pipeline.makeSource()
                )
                port.attach(bridge)
                bridge.schedulePulse()
                guard let socket = handover.take() else {
                    return port.eventLoop.makeFailedFuture(ChannelError.alreadyClosed)
                }
                return WebSocketListener.start(
                    on: socket,
                    eventLoop: port.eventLoop,
                    configuration: settings,
                    delegate: bridge
                )
            }.get()
            return WebSocketSide(port: port, group: group, listener: listener, path: path)
        } catch {
            // The loop has nothing left to do; that it cannot be stopped would be news about NIO.
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Accepts nobody any more. Those who are in are not touched.
    func stopWelcoming() async {
        port.perform { $0.stopWelcoming() }
        path?.remove()
        // Fails only when the listener is closed already.
        try? await listener.stopAccepting().get()
    }

    /// Ends everyone, pairs at the deadline at the latest, and the loop. The front has ended.
    func stop(drainingUntil deadline: Instant) async {
        let drained = port.eventLoop.makePromise(of: Void.self)
        port.perform { $0.drain(until: deadline).cascade(to: drained) }
        // Never fails: it is fulfilled when nobody is left.
        try? await drained.futureResult.get()
        await closeConnections(by: max(deadline, .current) + .seconds(1))
        port.eventLoop.execute { [port] in port.detach() }
        try? await group.shutdownGracefully()
    }

    /// Ends at once the pairs that ``stop(drainingUntil:)`` lets finish.
    func hasten() {
        port.perform { $0.hasten() }
    }

    /// Waits for the last bytes of connections whose end was reported, but not for long.
    private func closeConnections(by deadline: Instant) async {
        let done = port.eventLoop.makePromise(of: Void.self)
        let once = NIOLoopBoundBox.makeBoxSendingValue(false, eventLoop: port.eventLoop)
        let finish: @Sendable () -> Void = {
            guard !once.value else { return }
            once.value = true
            done.succeed()
        }
        listener.connectionsClosed().hop(to: port.eventLoop).whenComplete { _ in finish() }
        let limit = port.eventLoop.scheduleTask(in: TimeAmount(max(deadline - .current, .zero)), finish)
        try? await done.futureResult.get()
        limit.cancel()
    }
}
