internal import Admin
internal import Glibc
internal import LinuxIO
internal import Logging
internal import MailboxRules
internal import MailboxService
internal import Observations
internal import Synchronization
internal import Telemetry
internal import TransitService
internal import WormholeWire

/// What an operator can look at and change while the services run: by signals, and through the admin endpoint.
///
///     starting ──▶ serving ◀──▶ draining        any ──▶ stopping
///
/// From any thread. Changes are carried out by the loops that own what is changed.
final class ServiceControls: AdminSubject {
    private struct State {
        var phase = Phase.starting
        /// The configuration with what was changed since the start.
        var configuration: ApplianceConfiguration
        /// Ends those who are in at the deadline of a drain.
        var deadline: Task<Void, Never>?
        var isBackingUp = false
    }

    private enum Phase {
        case starting, serving, draining, stopping
    }

    private let started: ApplianceConfiguration
    private let origins: SettingOrigins
    private let token: AdminTokenHolder
    private let levels: LogLevelSwitch
    private let telemetry: Telemetry
    private let mailbox: MailboxServer?
    private let transit: TransitServer?
    private let selfTest: SelfTest?
    private let logger: Logger
    private let state: Mutex<State>

    init(
        _ configuration: ApplianceConfiguration,
        origins: SettingOrigins,
        token: AdminTokenHolder,
        levels: LogLevelSwitch,
        telemetry: Telemetry,
        mailbox: MailboxServer?,
        transit: TransitServer?,
        selfTest: SelfTest?,
        logger: Logger
    ) {
        started = configuration
        self.origins = origins
        self.token = token
        self.levels = levels
        self.telemetry = telemetry
        self.mailbox = mailbox
        self.transit = transit
        self.selfTest = selfTest
        self.logger = logger
        state = Mutex(State(configuration: configuration))
    }

    // MARK: The life of the process

    /// The services have begun to accept.
    func servicesStarted() {
        state.withLock { if $0.phase == .starting { $0.phase = .serving } }
    }

    /// The services are about to stop, for good.
    func servicesStop() {
        let deadline = state.withLock { state in
            state.phase = .stopping
            return state.deadline.take()
        }
        deadline?.cancel()
    }

    func drain(within time: Duration?) async throws(AdminRefusal) {
        let previous = try enter(.draining)
        previous?.cancel()
        transit?.setDraining(true)
        selfTest?.setPaused(true)
        telemetry.reporter.report(.lifecycleChanged(.draining))
        if let time {
            let deadline = Task { [self] in
                guard (try? await Task.sleep(for: time)) != nil else { return }
                logger.notice("draining: time is up")
                transit?.endAll()
                await mailbox?.endAll()
            }
            state.withLock { state in
                if state.phase == .draining { state.deadline = deadline } else { deadline.cancel() }
            }
        }
        await mailbox?.setDraining(true)
    }

    func undrain() async throws(AdminRefusal) {
        let previous = try enter(.serving)
        previous?.cancel()
        transit?.setDraining(false)
        selfTest?.setPaused(false)
        telemetry.reporter.report(.lifecycleChanged(.ready))
        await mailbox?.setDraining(false)
    }

    /// - Returns: What was to happen at a deadline.
    private func enter(_ phase: Phase) throws(AdminRefusal) -> Task<Void, Never>? {
        try state.withLock { (state) throws(AdminRefusal) in
            switch state.phase {
            case .starting, .stopping: throw AdminRefusal(.conflict, "the process starts or stops")
            case .serving, .draining: break
            }
            state.phase = phase
            return state.deadline.take()
        }
    }

    // MARK: What it is told

    func settings() -> [AdminSetting] { SettingsReport(started, origins).settings }

    func limits() -> [AdminLimit] { LimitTable.limits(of: state.withLock { $0.configuration }) }

    func change(limits: [String: Int]) async throws(AdminRefusal) {
        try state.withLock { (state) throws(AdminRefusal) in
            try LimitTable.change(limits, of: &state.configuration)
        }
        transit?.reconfigure { [self] transit in
            guard let changed = state.withLock({ $0.configuration }).transitService(testedAs: nil) else { return }
            transit.connections = changed.connections
            transit.connectionsPerSource = changed.connectionsPerSource
            transit.handshakes = changed.handshakes
            transit.handshakesPerSource = changed.handshakesPerSource
        }
        await reconfigureMailbox()
    }

    func change(_ part: AdminWelcomePart, to text: String?) async throws(AdminRefusal) {
        try state.withLock { (state) throws(AdminRefusal) in
            guard state.configuration.mailbox != nil else {
                throw AdminRefusal(.conflict, "there is no mailbox server in this process")
            }
            switch part {
            case .messageOfTheDay: state.configuration.mailbox?.messageOfTheDay = text
            case .error: state.configuration.mailbox?.errorSignal = text
            case .currentVersion: state.configuration.mailbox?.advertisedVersion = text
            }
        }
        await reconfigureMailbox()
    }

    /// The loop itself looks up what is in force, so that of two changes the later one stays.
    private func reconfigureMailbox() async {
        await mailbox?.reconfigure { [self] mailbox in
            guard let changed = state.withLock({ $0.configuration }).mailboxService(testedAs: nil) else { return }
            mailbox.welcome = changed.welcome
            mailbox.limits = changed.limits
            mailbox.maximumSendBuffer = changed.maximumSendBuffer
        }
    }

    func reload() async throws(AdminRefusal) -> [String] {
        do throws(AdminError) {
            var read: [String] = []
            if let path = started.adminTokenFile {
                token.replace(with: try AdminToken(file: path))
                read.append(path)
            }
            telemetry.reporter.report(.configurationReloaded(succeeded: true))
            return read
        } catch {
            telemetry.reporter.report(.configurationReloaded(succeeded: false))
            throw AdminRefusal(.unacceptable, error.description)
        }
    }

    func change(logLevel: String, for time: Duration) throws(AdminRefusal) {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw AdminRefusal(.unacceptable, "there is no such level")
        }
        levels.set(level, for: time)
    }

    // MARK: Copies

    func backUp() async throws(AdminRefusal) -> [String] {
        let sources = [started.mailbox?.channelDatabasePath, started.records.databasePath].compactMap { path in
            path == ":memory:" ? nil : path
        }
        guard let first = sources.first else { throw AdminRefusal(.conflict, "there is no database to copy") }
        let isFree = state.withLock { state in
            defer { state.isBackingUp = true }
            return !state.isBackingUp
        }
        guard isFree else { throw AdminRefusal(.conflict, "a backup is being made") }
        defer { state.withLock { $0.isBackingUp = false } }
        let folder = StateDirectory.path(of: "backup", in: started.stateDirectory ?? StateDirectory.folder(of: first))
        let start = ContinuousClock.now
        let result = await Self.copy(sources, into: folder)
        let duration = ContinuousClock.now - start
        switch result {
        case .success(let copies):
            telemetry.reporter.report(.maintenanceFinished(.backup, succeeded: true, duration: duration))
            return copies
        case .failure(let refusal):
            telemetry.reporter.report(.maintenanceFinished(.backup, succeeded: false, duration: duration))
            logger.error("no backup: \(refusal.text)")
            throw refusal
        }
    }

    /// On a thread of its own: a disk may take its time.
    private static func copy(_ sources: [String], into folder: String) async -> Result<[String], AdminRefusal> {
        await withCheckedContinuation { continuation in
            do throws(ErrorNumber) {
                try ServiceThread.start(name: "backup") {
                    continuation.resume(
                        returning: Result { () throws(AdminRefusal) in try copyAll(sources, into: folder) }
                    )
                }
            } catch {
                continuation.resume(returning: .failure(AdminRefusal(.unavailable, "no thread for it: \(error)")))
            }
        }
    }

    private static func copyAll(_ sources: [String], into folder: String) throws(AdminRefusal) -> [String] {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw AdminRefusal(.unavailable, "\(folder) cannot be made: \(String(cString: strerror(errno)))")
        }
        var copies: [String] = []
        for source in sources {
            let name = source.split(separator: "/").last.map(String.init) ?? source
            let copy = StateDirectory.path(of: name, in: folder)
            do throws(TelemetryError) {
                try DatabaseBackup.copy(source, to: copy)
            } catch {
                throw AdminRefusal(.unavailable, error.description)
            }
            copies.append(copy)
        }
        return copies
    }

    // MARK: Connections

    func connections() async throws(AdminRefusal) -> [AdminConnection] {
        async let ofMailbox = mailboxConnections()
        async let ofTransit = transit?.overview() ?? []
        let now = telemetry.now
        let mailbox = await ofMailbox.map { connection in
            AdminConnection(
                id: "m-\(connection.id)",
                component: .mailbox,
                state: connection.state.rawValue,
                age: .seconds(max(0, now - connection.connected.seconds)),
                bytes: nil
            )
        }
        let transit = await ofTransit.map { connection in
            AdminConnection(
                id: connection.id.description,
                component: .transit,
                state: connection.state,
                age: connection.age,
                bytes: connection.bytes
            )
        }
        return mailbox + transit
    }

    private func mailboxConnections() async -> [ConnectionSnapshot] {
        // None once the loop has ended.
        (try? await mailbox?.connections()) ?? []
    }

    func kick(_ id: String) async throws(AdminRefusal) -> Bool {
        if id.hasPrefix("m-"), let number = UInt64(id.dropFirst(2)) { return await mailbox?.end(number) ?? false }
        guard let id = TransitConnectionID(id) else { return false }
        return await transit?.end(id) ?? false
    }
}
