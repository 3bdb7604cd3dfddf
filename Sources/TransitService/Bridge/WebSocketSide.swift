internal import Admission
internal import LinuxIO
internal import NIOCore
internal import Observations
internal import Sockets
internal import TransitRules
internal import WebSocketServer

/// The WebSocket side of the relay: an event loop, its listeners, and the bridge that lives on it.
struct WebSocketSide: Sendable {
    let port: BridgePort
    private let listeners: [WebSocketListener]
    /// The files of Unix sockets, which go with their listeners.
    private let paths: [SocketPath]

    /// Starts the loop and accepts clients.
    static func start(
        on sockets: [Handover<ListeningSocket>],
        front: FrontPort,
        limits: RelayLimits,
        doorkeeper: Doorkeeper,
        throttle: Throttle?,
        firstOwner: Int,
        configuration: WebSocketConfiguration,
        pulse: any LoopPulse,
        pipeline: ObservationPipeline
    ) async throws -> WebSocketSide {
        let eventLoop = try SocketLoop.start(name: "bridge")
        let port = BridgePort(eventLoop: eventLoop)
        var paths: [SocketPath] = []
        var descriptors: [(socket: Handover<Descriptor>, expectsProxyHeader: Bool)] = []
        for handover in sockets {
            guard let socket = handover.take() else { continue }
            if let path = socket.path { paths.append(path) }
            let expectsProxyHeader = socket.expectsProxyHeader
            descriptors.append((Handover(Descriptor(owning: socket.release())), expectsProxyHeader))
        }
        do {
            let listeners = try await eventLoop.submit { [descriptors] in
                let bridge = Bridge(
                    eventLoop: port.eventLoop,
                    front: front,
                    limits: limits,
                    doorkeeper: doorkeeper,
                    throttle: throttle,
                    firstOwner: firstOwner,
                    pulse: pulse,
                    observations: pipeline.makeSource()
                )
                port.attach(bridge)
                bridge.schedulePulse()
                return try descriptors.compactMap { descriptor -> WebSocketListener? in
                    guard let socket = descriptor.socket.take() else { return nil }
                    var configuration = configuration
                    configuration.expectsProxyHeader = descriptor.expectsProxyHeader
                    return try WebSocketListener.start(
                        on: socket,
                        eventLoop: port.eventLoop,
                        configuration: configuration,
                        delegate: bridge
                    )
                }
            }.get()
            return WebSocketSide(port: port, listeners: listeners, paths: paths)
        } catch {
            // The loop has nothing left to do; that it cannot be stopped would be news about NIO.
            try? await eventLoop.shutdownGracefully()
            throw error
        }
    }

    /// Accepts nobody any more. Those who are in are not touched.
    func stopWelcoming() async {
        port.perform { $0.stopWelcoming() }
        for path in paths { path.remove() }
        // Fails only when the listener is closed already.
        for listener in listeners { try? await listener.stopAccepting().get() }
    }

    /// Ends everyone, pairs at the deadline at the latest, and the loop. The front has ended.
    func stop(drainingUntil deadline: Instant) async {
        let drained = port.eventLoop.makePromise(of: Void.self)
        port.perform { $0.drain(until: deadline).cascade(to: drained) }
        // Never fails: it is fulfilled when nobody is left.
        try? await drained.futureResult.get()
        await closeConnections(by: max(deadline, .current) + .seconds(1))
        port.eventLoop.execute { [port] in port.detach() }
        try? await port.eventLoop.shutdownGracefully()
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
        let closed = listeners.map { $0.connectionsClosed().hop(to: port.eventLoop) }
        EventLoopFuture.andAllComplete(closed, on: port.eventLoop).whenComplete { _ in finish() }
        let limit = port.eventLoop.scheduleTask(in: TimeAmount(max(deadline - .current, .zero)), finish)
        try? await done.futureResult.get()
        limit.cancel()
    }
}
