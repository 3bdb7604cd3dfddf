import Observations
import Testing
import WormholeWire

@testable import Telemetry

@Suite("Metric labels")
struct MetricLabelTests {
    private static let labels: [any MetricLabel.Type] = [
        Component.self, Transport.self, AddressFamily.self, CloseCause.self, RejectionReason.self, AcceptFailure.self,
        Limit.self, MailboxCommand.self, CommandOutcome.self, MailboxErrorKind.self, NameplateResult.self,
        MailboxResult.self, PermissionMethod.self, PermissionResult.self, HandshakeForm.self, HandshakeResult.self,
        TransitMood.self, TransitPath.self, SessionEndCause.self, Database.self, DatabaseOperation.self,
        DatabaseFailure.self, MaintenanceTask.self, ReadinessCheck.self, LifecycleState.self, InternalErrorSource.self,
        RecordKind.self, TaskResult.self, SideCount.self, CommandClass.self, DigitCount.self, ApplicationLabel.self,
        ClientImplementation.self, MessageDirection.self, PrunedKind.self, ForNameplate.self, RecordSink.self,
        RecordResult.self, DatabaseFile.self, UsageTable.self, InvariantCheck.self, SelfTestProbe.self,
        ShortLength.self, LimitTable.self, LogLevel.self, RateScope.self, LogStream.self, AdminPath.self,
        StatusClass.self, Throttling.self,
    ]

    @Test("a label's number is its place among all cases", arguments: labels.indices)
    func ordinals(index: Int) {
        check(Self.labels[index])
    }

    private func check<Label: MetricLabel>(_ label: Label.Type) {
        for (place, value) in Label.allCases.enumerated() { #expect(value.ordinal == place, "\(label).\(value)") }
    }
}
