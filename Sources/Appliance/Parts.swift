internal import Admin
internal import Admission
internal import LinuxIO
internal import Logging
internal import MailboxService
internal import Observations
internal import Telemetry
internal import TransitService
internal import UnixSignals

/// The running parts of one appliance, and the order in which they live.
///
/// Telemetry starts first and stops last, for it has to see everything the others do. The admin endpoint answers from
/// before the services start until after they have stopped.
struct Parts: Sendable {
    private let configuration: ApplianceConfiguration
    private let names: ListenerNames
    private let telemetry: Telemetry
    private let admin: AdminServer?
    private let transit: TransitServer?
    private let mailbox: MailboxServer?
    private let selfTest: SelfTest?
    private let controls: ServiceControls
    private let logger: @Sendable (String) -> Logger

    /// Opens the databases and hands every part its listener. Nothing runs yet.
    ///
    /// - Parameters:
    ///   - limits: Those that are not what the configuration says.
    ///   - access: What the files of addresses hold.
    /// - Throws: An error whose description is one line.
    init(
        _ started: ApplianceConfiguration,
        limits: LimitOverrides,
        access: AccessFiles.Lists,
        origins: SettingOrigins,
        token: AdminTokenHolder,
        listeners: inout Listeners,
        logCounts: LogCounts,
        levels: LogLevelSwitch,
        logger: @escaping @Sendable (String) -> Logger
    ) throws {
        let configuration = limits.applied(to: started)
        self.configuration = configuration
        self.logger = logger
        // What takes longest goes on beside everything else.
        let channels = configuration.mailbox.map { ChannelReading(of: $0.channelDatabasePath) }
        let census = SourceCensus()
        names = listeners.names
        let pipeline = ObservationPipeline()
        let identity = configuration.selfTestInterval > .zero ? listeners.selfTest.identity : nil
        var settings = configuration.telemetry
        settings.logCounts = logCounts
        settings.selfTestIdentity = identity
        telemetry = try Telemetry(
            configuration: settings,
            pipeline: pipeline,
            logger: logger("telemetry")
        )
        mailbox =
            if let settings = configuration.mailboxService(testedAs: identity, census: census),
                let listener = listeners.mailbox.take()
            {
                try MailboxServer(
                    configuration: settings,
                    channels: channels,
                    listener: listener,
                    pipeline: pipeline,
                    pulse: telemetry.heartbeats.register("mailbox"),
                    logger: logger("mailbox")
                )
            } else {
                nil
            }
        if let mailbox { telemetry.metrics.showChannelSchema(version: mailbox.channelSchemaVersion) }
        transit =
            if let settings = configuration.transitService(testedAs: identity) {
                TransitServer(
                    configuration: settings,
                    tcp: listeners.transit,
                    webSocket: listeners.transitWebSocket,
                    names: names.transit + names.transitWebSocket,
                    pipeline: pipeline,
                    census: census,
                    pulses: { [telemetry] in telemetry.heartbeats.register($0) },
                    logger: logger("transit")
                )
            } else {
                nil
            }
        selfTest =
            identity == nil
            ? nil
            : try SelfTest(
                of: listeners.selfTest,
                every: configuration.selfTestInterval,
                reporter: telemetry.reporter,
                logger: logger("self-test")
            )
        controls = ServiceControls(
            started,
            limits: limits,
            rules: census.rules,
            origins: origins,
            token: token,
            levels: levels,
            telemetry: telemetry,
            mailbox: mailbox,
            transit: transit,
            selfTest: selfTest,
            logger: logger("server")
        )
        controls.put(inForce: access)
        var endpoint = AdminConfiguration()
        endpoint.allowedHosts = configuration.adminHosts
        admin =
            listeners.admin.isEmpty
            ? nil
            : AdminServer(
                configuration: endpoint,
                listeners: listeners.admin,
                telemetry: telemetry,
                subject: controls,
                token: token,
                logger: logger("admin")
            )
    }

    /// Starts what is configured, and says so: a line for each listener, with its real port.
    func start() async throws {
        let log = logger("telemetry")
        let blur = configuration.records.blurSeconds
        log.info("\(blur == 0 ? "not blurring access times" : "blurring access times to \(blur) seconds")")
        if configuration.records.hasStrictPrivacy {
            log.info("strict privacy: records and metrics follow at the end of each window")
        }
        telemetry.start()
        if let admin {
            try admin.start()
            for name in names.admin { logger("admin").info("Admin starting on \(name)") }
        }
        if let transit {
            try await transit.start()
            report(.readinessChanged(.transit, isReady: true))
            announceWebSocketURL()
        }
        if let mailbox {
            warnAboutMailboxOptions()
            try await mailbox.start()
        }
        watchOver()
        controls.servicesStarted()
        report(.lifecycleChanged(.ready))
    }

    /// Waits for a signal, then stops in an orderly way; a second signal ends the pairs that still go on.
    func run(until signals: UnixSignalsSequence) async {
        await serve(until: signals)
        report(.lifecycleChanged(.stopping))
        admin?.stop()
        await telemetry.stop()
    }

    private func serve(until signals: UnixSignalsSequence) async {
        let (stopRequests, stopRequest) = AsyncStream<Void>.makeStream()
        // Cancelled when this function returns, because then the services have stopped by themselves.
        async let _: Void = watch(signals, stopRequest)
        async let _: Void = LoopWatch(heartbeats: telemetry.heartbeats, logger: logger("server")).run()
        for await _ in stopRequests { break }
        controls.servicesStop()
        report(.lifecycleChanged(.draining))
        await stopServices()
    }

    private func watch(_ signals: UnixSignalsSequence, _ stopRequest: AsyncStream<Void>.Continuation) async {
        let log = logger("server")
        var isStopping = false
        for await signal in signals {
            if signal == .sighup || signal == .sigusr1 {
                await obey(signal, log)
                continue
            }
            guard isStopping else {
                isStopping = true
                log.info("\(signal): stopping")
                stopRequest.yield()
                continue
            }
            log.info("\(signal) again: ending everything at once")
            transit?.hasten()
            return
        }
    }

    /// Carries out a signal that is no end.
    private func obey(_ signal: UnixSignal, _ log: Logger) async {
        do throws(AdminRefusal) {
            if signal == .sighup {
                let read = try await controls.reload()
                log.notice(
                    "\(signal): reloaded, \(read.isEmpty ? "no option names a file" : read.joined(separator: ", "))"
                )
            } else {
                try await controls.drain(within: nil)
                log.notice("\(signal): draining, nobody new is let in")
            }
        } catch {
            log.error("\(signal): \(error.text)")
        }
    }

    /// Has the services checked and tested, by the clock.
    private func watchOver() {
        telemetry.consistency.start(every: configuration.consistencyInterval) { [mailbox, transit] in
            let ofMailbox = await mailbox?.audit() ?? []
            let ofTransit = await transit?.audit() ?? []
            return ofMailbox + ofTransit
        }
        do throws(ErrorNumber) {
            try selfTest?.start()
        } catch {
            logger("self-test").error("the server will not test itself: \(error)")
        }
    }

    private func stopServices() async {
        async let checksStopped: Void = telemetry.consistency.stop()
        await selfTest?.stop()
        await checksStopped
        async let transitStopped: Void? = transit?.stop(drainTimeout: configuration.drainTimeout)
        async let mailboxStopped: Void? = mailbox?.stop()
        _ = await (transitStopped, mailboxStopped)
    }

    private func warnAboutMailboxOptions() {
        let log = logger("mailbox")
        if configuration.mailbox?.allowsList == false { log.info("listing disallowed") }
        for option in configuration.mailbox?.webSocket.ignored ?? [] {
            log.warning("WebSocket option '\(option)' has no effect")
        }
    }

    /// The URL is for the operator to pass on; the relay itself serves whatever leads to it.
    private func announceWebSocketURL() {
        guard !names.transitWebSocket.isEmpty else { return }
        let url = configuration.transit?.webSocketURL ?? names.transitWebSocketPort.map { "ws://localhost:\($0)" }
        if let url { logger("transit").info("Using WebSocket URL '\(url)'") }
    }

    private func report(_ observation: Observation) {
        telemetry.reporter.report(observation)
    }
}
