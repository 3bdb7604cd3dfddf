package import Admission
internal import Glibc
package import LinuxIO
package import Logging
package import Observations
internal import Synchronization
internal import TransitRules

/// The transit relay: its listeners, the front that pairs, and the workers that relay.
///
///     TCP clients ──▶ front, small pairs ──larger pairs of TCP──▶ workers
///                       ▲ └───pairs with a WebSocket──▶ bridge
///     WebSocket clients ┴──▶ bridge (event loop)
///
/// Each of the boxes is one thread and owns what it holds. Nothing outlives ``stop(drainTimeout:)``.
package final class TransitServer: Sendable {
    private let configuration: TransitConfiguration
    /// The same with what was changed since the start.
    let current: Mutex<TransitConfiguration>
    private let pipeline: ObservationPipeline
    private let pulses: @Sendable (String) -> any LoopPulse
    let doorkeeper: Doorkeeper
    private let throttle: Throttle?
    private let logger: Logger
    private let tcp: [Handover<ListeningSocket>]
    private let webSocket: [Handover<ListeningSocket>]
    /// What start-up lines call the listeners.
    private let names: [String]
    let running = Mutex<Running?>(nil)
    private let stopping = Mutex(Stopping())

    /// A relay that runs.
    struct Running {
        let front: FrontPort
        /// The owner of the small pairs, on the front's thread, is the last.
        let workers: [Worker]
        let webSockets: WebSocketSide?
    }

    /// Four for each of the 10,000 pairs it can join a second, for a tenth of a second. Records are the owners' of pairs.
    private static let frontObservations = 4096

    /// A relay that stops, or will.
    private struct Stopping {
        /// The pairs that finish, once there are no others.
        var draining: Running?
        var isHastened = false
    }

    struct Worker {
        let port: RelayPort
        let thread: LoopThread
    }

    /// - Parameters:
    ///   - tcp: Where TCP or Unix-domain clients come in.
    ///   - webSocket: Where WebSocket clients come in.
    ///   - names: What start-up lines call the listeners.
    ///   - census: What the doorkeepers of the process count their connections in.
    ///   - pulses: Where the loop of a name, such as `relay-front`, says that it still turns. Asked when the loop starts.
    package init(
        configuration: TransitConfiguration,
        tcp: [Handover<ListeningSocket>],
        webSocket: [Handover<ListeningSocket>],
        names: [String],
        pipeline: ObservationPipeline,
        census: SourceCensus = SourceCensus(),
        pulses: @escaping @Sendable (String) -> any LoopPulse = { _ in .unwatched },
        logger: Logger
    ) {
        self.configuration = configuration
        current = Mutex(configuration)
        self.pipeline = pipeline
        self.pulses = pulses
        throttle = Throttle(configuration)
        doorkeeper = Doorkeeper(
            limits: configuration.admission,
            countsLoopback: configuration.countsLoopbackSources,
            census: census
        )
        self.logger = logger
        self.names = names
        self.tcp = tcp
        self.webSocket = webSocket
    }

    /// Starts the threads and accepts connections. Call once.
    ///
    /// - Throws: When the process may have no more descriptors or threads. Nothing runs then.
    package func start() async throws {
        var workers: [Worker] = []
        var webSockets: WebSocketSide?
        do {
            let front = try FrontPort()
            for index in 0..<workerCount { workers.append(try await startWorker(index)) }
            webSockets = try await startWebSockets(front)
            workers.append(try await startFront(front, workers: workers.map(\.port), bridge: webSockets?.port))
            running.withLock { [workers, webSockets] in
                $0 = Running(front: front, workers: workers, webSockets: webSockets)
            }
        } catch {
            await webSockets?.stopWelcoming()
            await end(workers, webSockets, drainTimeout: .zero)
            throw error
        }
        reportLimits()
        for name in names { logger.info("Transit starting on \(name)") }
    }

    /// Looks for state that should not exist, on each loop in pieces small enough not to keep anybody waiting.
    package func audit() async -> [InvariantFinding] {
        let (ports, front, bridge) = running.withLock {
            ($0?.workers.map(\.port) ?? [], $0?.front, $0?.webSockets?.port)
        }
        var findings: [InvariantFinding] = []
        if let front { findings += await withCheckedContinuation { front.post(.audit(AuditAnswer($0))) } }
        for port in ports { findings += await withCheckedContinuation { port.audit(AuditAnswer($0)) } }
        if let bridge {
            findings += await withCheckedContinuation { continuation in
                let answer = AuditAnswer(continuation)
                bridge.perform { answer.give($0.audit()) }
            }
        }
        return findings
    }

    /// Stops accepting, ends everyone who has no partner, lets pairs finish, then ends those that have not.
    ///
    /// - Parameter drainTimeout: How long pairs may go on. Those that have not finished are ended in order, which takes at
    ///   most another second.
    /// - Returns: When every connection is closed, every record observed, and every thread gone.
    package func stop(drainTimeout: Duration) async {
        guard let running = running.withLock({ $0.take() }) else { return }
        await running.webSockets?.stopWelcoming()
        // The front first: after its answer, no worker gets another pair.
        _ = await withCheckedContinuation { running.front.post(.stop(LoopAnswer($0))) }
        let isHastened = stopping.withLock { stopping in
            stopping.draining = running
            return stopping.isHastened
        }
        await end(running.workers, running.webSockets, drainTimeout: isHastened ? .zero : drainTimeout)
        stopping.withLock { $0.draining = nil }
    }

    /// Ends at once the pairs that ``stop(drainTimeout:)`` lets finish. From any thread, also before that is called.
    package func hasten() {
        let draining = stopping.withLock { stopping in
            stopping.isHastened = true
            return stopping.draining
        }
        guard let draining else { return }
        for worker in draining.workers { worker.port.drain(until: .current) }
        draining.webSockets?.hasten()
    }

    // MARK: Steps

    func reportLimits() {
        let configuration = current.withLock { $0 }
        let source = pipeline.makeSource(capacity: 2)
        source.append(.transitRatesChanged(session: configuration.sessionRate, global: configuration.globalRate))
        let connections = configuration.admission.connections
        source.append(
            .transitCapacityChanged(
                connections: connections,
                bufferedBytes: RelaySupplies.capacity(connections: connections, pipes: configuration.pipes)
            )
        )
        source.flush()
    }

    private func startWorker(_ index: Int) async throws -> Worker {
        let port = try RelayPort()
        let name = "relay-\(index)"
        let pipeLimit = configuration.pipes / workerCount
        let thread = try await LoopThread.start(name: name) {
            [configuration, throttle, pulses, pipeline] () throws(ErrorNumber) in
            try RelayWorker(
                index: index,
                port: port,
                limits: RelayLimits(configuration),
                throttle: throttle,
                pipeLimit: pipeLimit,
                pulse: pulses(name),
                observations: pipeline.makeSource()
            )
        }
        return Worker(port: port, thread: thread)
    }

    private func startWebSockets(_ front: FrontPort) async throws -> WebSocketSide? {
        guard !webSocket.isEmpty else { return nil }
        return try await WebSocketSide.start(
            on: webSocket,
            front: front,
            limits: RelayLimits(configuration),
            doorkeeper: doorkeeper,
            throttle: throttle,
            firstOwner: workerCount + 1,
            configuration: Bridge.listenerConfiguration(configuration),
            pulse: pulses("relay-websocket"),
            pipeline: pipeline
        )
    }

    private func startFront(
        _ port: FrontPort,
        workers: [RelayPort],
        bridge: BridgePort?
    ) async throws -> Worker {
        let timeouts = FrontTimeouts(configuration)
        let name = "relay-front"
        let home = try RelayPort()
        let thread = try await LoopThread.start(name: name) {
            [configuration, throttle, doorkeeper, tcp, pipeline, pulses, timeouts] () throws(ErrorNumber) in
            try FrontLoop(
                port: port,
                listeners: tcp,
                timeouts: timeouts,
                waitingPerSourceAndToken: configuration.waitingPerSourceAndToken,
                selfTestToken: configuration.selfTestToken,
                doorkeeper: doorkeeper,
                home: RelayWorker(
                    index: workers.count,
                    port: home,
                    limits: RelayLimits(configuration),
                    throttle: throttle,
                    pipeLimit: 0,
                    successors: workers,
                    pulse: .unwatched,
                    observations: pipeline.makeSource()
                ),
                bridge: bridge,
                pulse: pulses(name),
                observations: pipeline.makeSource(capacity: Self.frontObservations)
            )
        }
        return Worker(port: home, thread: thread)
    }

    private func end(_ workers: [Worker], _ webSockets: WebSocketSide?, drainTimeout: Duration) async {
        let deadline = Instant.current + drainTimeout
        for worker in workers { worker.port.drain(until: deadline) }
        await webSockets?.stop(drainingUntil: deadline)
        for worker in workers { await worker.thread.ended() }
    }

    private var workerCount: Int {
        configuration.workers > 0 ? configuration.workers : max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }
}
