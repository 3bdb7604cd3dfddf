package import Observations
import Synchronization

/// Where the process is in its life, and which of its parts work: what `/readyz` answers from.
///
/// Written by the telemetry thread as it reads observations; read by any thread without a lock.
package final class ProcessState: Sendable {
    /// One of the checks behind `/readyz`.
    package struct Check: Equatable, Sendable {
        package let check: ReadinessCheck
        package let isReady: Bool
        /// A part the service can do without for a while: its failure is shown, but the service stays ready.
        package let isAdvisory: Bool
    }

    private let lifecycleIndex = Atomic<Int>(0)
    /// Two bits for each check: whether it exists here, and whether it is ready.
    private let existing = Atomic<UInt64>(0)
    private let ready = Atomic<UInt64>(0)

    init(checks: Set<ReadinessCheck>) {
        for check in checks { existing.bitwiseOr(check.bit, ordering: .relaxed) }
    }

    package var lifecycle: LifecycleState { LifecycleState.allCases[lifecycleIndex.load(ordering: .relaxed)] }

    /// The checks that exist in this process.
    package var checks: [Check] {
        let existing = self.existing.load(ordering: .relaxed)
        let ready = self.ready.load(ordering: .relaxed)
        return ReadinessCheck.allCases.filter { existing & $0.bit != 0 }.map {
            Check(check: $0, isReady: ready & $0.bit != 0, isAdvisory: $0.isAdvisory)
        }
    }

    /// Whether clients should be sent here.
    package var isReady: Bool {
        lifecycle == .ready && checks.allSatisfy { $0.isReady || $0.isAdvisory }
    }

    func update(_ check: ReadinessCheck, isReady: Bool) {
        existing.bitwiseOr(check.bit, ordering: .relaxed)
        if isReady {
            ready.bitwiseOr(check.bit, ordering: .relaxed)
        } else {
            ready.bitwiseAnd(~check.bit, ordering: .relaxed)
        }
    }

    func update(_ lifecycle: LifecycleState) {
        lifecycleIndex.store(lifecycle.ordinal, ordering: .relaxed)
    }
}

extension ReadinessCheck {
    fileprivate var bit: UInt64 { 1 << UInt64(ordinal) }

    /// Usage records are kept for the operator; clients are served without them.
    package var isAdvisory: Bool {
        switch self {
        case .usageDatabase, .logDescriptor: true
        case .mailbox, .transit, .channelDatabase: false
        }
    }
}
