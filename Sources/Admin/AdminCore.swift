import Logging
import Synchronization
import Telemetry

/// What all listeners of the endpoint share.
final class AdminCore: Sendable {
    let telemetry: Telemetry
    let subject: any AdminSubject
    /// Names besides the loopback ones that a request may be addressed to, lower case.
    let allowedHosts: Set<String>
    let token: AdminTokenHolder
    let rates: RateSampler
    let page = PageSource()
    let logger: Logger
    /// The numbers of a metric have one writer at a time.
    private let counting = Mutex(())

    init(
        telemetry: Telemetry,
        subject: any AdminSubject,
        allowedHosts: Set<String>,
        token: AdminTokenHolder,
        logger: Logger
    ) {
        self.telemetry = telemetry
        self.subject = subject
        self.allowedHosts = Set(allowedHosts.map { $0.lowercased() })
        self.token = token
        self.logger = logger
        rates = RateSampler(telemetry)
    }

    func count(_ path: AdminPath, _ status: Int, _ duration: Duration) {
        counting.withLock { _ in telemetry.metrics.admin.requestFinished(path, status: status, duration: duration) }
    }

    func count(_ action: AdminAction) {
        counting.withLock { _ in telemetry.metrics.admin.acted(action) }
    }
}
