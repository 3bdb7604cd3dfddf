import Observations
import TestSupport
import Testing
import WormholeWire

@testable import Telemetry

@Suite("What the self-test leaves")
struct SelfTestRecordTests {
    private static let identity = SelfTestIdentity(
        appID: AppID(unchecked: "wormhole-server/self-test/0"),
        token: TransitToken([UInt8](repeating: UInt8(ascii: "a"), count: 64).span)!
    )

    private static let pairing = TransitPairing(
        waitingTime: .seconds(1),
        setupTime: .milliseconds(1),
        path: .tcpToTCP,
        isSelfTest: true
    )

    @Test("no record, and nothing in the counters of records, strict privacy or not", arguments: [false, true])
    func nothing(isStrict: Bool) async throws {
        let folder = try TemporaryFolder()
        var configuration = Scenario.configuration()
        configuration.usageDatabasePath = folder.path + "/usage.sqlite"
        configuration.selfTestIdentity = Self.identity
        configuration.blurSeconds = isStrict ? 3600 : 0
        configuration.hasStrictPrivacy = isStrict
        let pipeline = ObservationPipeline()
        let telemetry = try Telemetry(configuration: configuration, pipeline: pipeline, logger: Sample.logger)
        let source = pipeline.makeSource(capacity: 64)
        var transfer = Sample.transfer(bytes: 1, mood: .happy, waiting: .seconds(1))
        for isSelfTest in [true, false] {
            let app = isSelfTest ? Self.identity.appID : Sample.fileTransfer
            transfer = TransitSummary(
                started: transfer.started,
                totalTime: transfer.totalTime,
                waitingTime: transfer.waitingTime,
                totalBytes: transfer.totalBytes,
                mood: transfer.mood,
                session: transfer.session,
                isSelfTest: isSelfTest
            )
            source.append(.nameplateRetired(Sample.nameplate(app)))
            source.append(.transitEnded(transfer))
        }
        source.append(.transitPaired(Self.pairing))
        source.append(
            .clientBound(
                ClientBinding(
                    appID: Self.identity.appID,
                    side: Side(unchecked: "s"),
                    connected: Sample.start,
                    implementation: nil,
                    version: nil
                )
            )
        )
        source.flush()
        telemetry.start()
        await telemetry.stop()
        let shown = samples(telemetry.exposition())
        #expect(shown["wormhole_nameplates_closed_total{result=\"happy\"}"] == 1)
        #expect(shown["wormhole_transit_sessions_total{mood=\"happy\"}"] == 1)
        #expect(shown["wormhole_transit_pair_wait_seconds_count"] == 0)
        #expect(shown["wormhole_mailbox_binds_total{app=\"other\"}"] == 0)
        let records = telemetry.metrics.usage.records
        #expect(records.value(.database, .nameplate, .written) == 1)
        #expect(records.value(.database, .transit, .written) == 1)
        #expect(records.value(.database, .clientVersion, .written) == 0)
    }
}
