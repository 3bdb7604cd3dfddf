internal import Admin
internal import Admission
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
        /// What the process was started with, and the welcome that was changed since.
        var configuration: ApplianceConfiguration
        /// The limits that are other ones.
        var limits: LimitOverrides
        /// Names of the options whose values were changed since the start, except for limits.
        var changed: Set<String> = []
        /// Ends those who are in at the deadline of a drain.
        var deadline: Task<Void, Never>?
        var isBackingUp = false

        /// The configuration in force.
        var effective: ApplianceConfiguration { limits.applied(to: configuration) }

        /// - Throws: While there is nothing that could obey.
        func requireServices() throws(AdminRefusal) {
            switch phase {
            case .starting, .stopping: throw AdminRefusal(.conflict, "the process starts or stops")
            case .serving, .draining: break
            }
        }
    }

    private enum Phase {
        case starting, serving, draining, stopping
    }

    private let started: ApplianceConfiguration
    private let rules: AccessRules
    private let origins: SettingOrigins
    private let token: AdminTokenHolder
    private let levels: LogLevelSwitch
    private let telemetry: Telemetry
    private let mailbox: MailboxServer?
    private let transit: TransitServer?
    private let selfTest: SelfTest?
    private let logger: Logger
    private let state: Mutex<State>
    /// Held while limits and their file are changed, by threads that may wait.
    private let limitChanges = Mutex(())

    /// - Parameters:
    ///   - configuration: What the process was started with.
    ///   - limits: Those that are other ones already.
    init(
        _ configuration: ApplianceConfiguration,
        limits: LimitOverrides,
        rules: AccessRules,
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
        self.rules = rules
        self.origins = origins
        self.token = token
        self.levels = levels
        self.telemetry = telemetry
        self.mailbox = mailbox
        self.transit = transit
        self.selfTest = selfTest
        self.logger = logger
        state = Mutex(State(configuration: configuration, limits: limits))
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
            try state.requireServices()
            state.phase = phase
            return state.deadline.take()
        }
    }

    // MARK: What it is told

    func settings() -> [AdminSetting] {
        let (configuration, limits, changed) = state.withLock { ($0.effective, $0.limits, $0.changed) }
        return SettingsReport(configuration, origins) { option in
            changed.contains(option) ? .changed : limits.origin(of: option.replacing("-", with: "_"))
        }.settings
    }

    func limits() -> [AdminLimit] {
        let (configuration, limits) = state.withLock { ($0.effective, $0.limits) }
        return LimitTable.limits(of: configuration) { name in
            limits.origin(of: name) ?? origins.origin(of: name.replacing("_", with: "-"))
        }
    }

    func change(_ change: AdminLimitChange) async throws(AdminRefusal) {
        try state.withLock { (state) throws(AdminRefusal) in try state.requireServices() }
        let file = started.stateDirectory.map { LimitFile(in: $0) }
        guard !change.persists || file != nil else {
            throw AdminRefusal(
                .conflict,
                "there is no state folder to keep limits in: --state-dir is an option of start"
            )
        }
        _ = try await ServiceThread.result(of: "limits") { [self] () throws(AdminRefusal) in
            try limitChanges.withLock { _ throws(AdminRefusal) in
                var limits = state.withLock { $0.limits }
                try limits.apply(change, to: started)
                if change.persists, let file { try Self.write(limits.persisted, to: file) }
                state.withLock { $0.limits = limits }
            }
        }.get()
        await putLimitsInForce()
    }

    private static func write(_ limits: [String: Int], to file: LimitFile) throws(AdminRefusal) {
        do throws(ApplianceError) {
            try file.write(limits)
        } catch {
            throw AdminRefusal(.unavailable, error.description)
        }
    }

    /// The loops themselves look up what is in force, so that of two changes the later one stays.
    private func putLimitsInForce() async {
        transit?.reconfigure { [self] transit in
            guard var changed = state.withLock({ $0.effective }).transitService(testedAs: nil) else { return }
            changed.selfTestToken = transit.selfTestToken
            transit = changed
        }
        await reconfigureMailbox()
    }

    func change(_ part: AdminWelcomePart, to text: String?) async throws(AdminRefusal) {
        try state.withLock { (state) throws(AdminRefusal) in
            guard state.configuration.mailbox != nil else {
                throw AdminRefusal(.conflict, "there is no mailbox server in this process")
            }
            switch part {
            case .messageOfTheDay:
                state.configuration.mailbox?.messageOfTheDay = text
                state.changed.insert("motd")
            case .error:
                state.configuration.mailbox?.errorSignal = text
                state.changed.insert("signal-error")
            case .currentVersion:
                state.configuration.mailbox?.advertisedVersion = text
                state.changed.insert("advertise-version")
            }
        }
        await reconfigureMailbox()
    }

    private func reconfigureMailbox() async {
        await mailbox?.reconfigure { [self] mailbox in
            guard let changed = state.withLock({ $0.effective }).mailboxService(testedAs: nil) else { return }
            mailbox.welcome = changed.welcome
            mailbox.limits = changed.limits
            mailbox.maximumSendBuffer = changed.maximumSendBuffer
            mailbox.maximumConnections = changed.maximumConnections
            mailbox.maximumConnectionsPerSource = changed.maximumConnectionsPerSource
            mailbox.connectionRate = changed.connectionRate
            mailbox.connectionRatePerSource = changed.connectionRatePerSource
            mailbox.commands = changed.commands
        }
    }

    func reload() async throws(AdminRefusal) -> [String] {
        try state.withLock { (state) throws(AdminRefusal) in try state.requireServices() }
        let result = await ServiceThread.result(of: "reload") { [self] () throws(AdminRefusal) in
            do {
                return try readFiles()
            } catch {
                throw AdminRefusal(.unacceptable, "\(error)")
            }
        }
        switch result {
        case .success(let read):
            await putLimitsInForce()
            telemetry.reporter.report(.configurationReloaded(succeeded: true))
            return read
        case .failure(let refusal):
            telemetry.reporter.report(.configurationReloaded(succeeded: false))
            throw refusal
        }
    }

    func reloadAccess() async throws(AdminRefusal) -> [String] {
        guard !started.accessFiles.paths.isEmpty else {
            throw AdminRefusal(.conflict, "neither --allow-file nor --deny-file names a list")
        }
        let result = await ServiceThread.result(of: "reload") { [self] () throws(AdminRefusal) in
            do throws(ApplianceError) {
                put(inForce: try started.accessFiles.read())
            } catch {
                throw AdminRefusal(.unacceptable, error.description)
            }
        }
        telemetry.reporter.report(.configurationReloaded(succeeded: (try? result.get()) != nil))
        try result.get()
        return started.accessFiles.paths
    }

    /// Lets in whom the lists let in, from now on.
    func put(inForce access: AccessFiles.Lists) {
        rules.replace(allowed: access.allowed, denied: access.denied)
        telemetry.reporter.report(.deniedRangesChanged(access.denied.count))
    }

    /// Reads the token, the limits that are kept and the lists of addresses: all or, when one is wrong, none.
    ///
    /// - Returns: The files there were.
    private func readFiles() throws -> [String] {
        try limitChanges.withLock { _ in
            let fresh = try started.adminTokenFile.map { try AdminToken(file: $0) }
            let file = started.stateDirectory.map { LimitFile(in: $0) }
            let persisted = try file?.read() ?? [:]
            let access = try started.accessFiles.read()
            if let fresh { token.replace(with: fresh) }
            state.withLock { $0.limits.reload(persisted) }
            put(inForce: access)
            return [started.adminTokenFile, persisted.isEmpty ? nil : file?.path].compactMap(\.self)
                + started.accessFiles.paths
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
        guard let folder = BackupFolder(for: started) else {
            throw AdminRefusal(.conflict, "there is no database to copy")
        }
        let isFree = state.withLock { state in
            defer { state.isBackingUp = true }
            return !state.isBackingUp
        }
        guard isFree else { throw AdminRefusal(.conflict, "a backup is being made") }
        defer { state.withLock { $0.isBackingUp = false } }
        let start = ContinuousClock.now
        let result = await ServiceThread.result(of: "backup") { () throws(AdminRefusal) in try folder.copyAll() }
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
                bytes: connection.bytesReceived &+ connection.bytesSent,
                bytesReceived: connection.bytesReceived
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
