import Observations
import Testing

@testable import Telemetry

@Suite("What probes ask for")
struct ProbeTests {
    @Test("the process is ready when its life says so and every check that counts does")
    func readiness() {
        let state = ProcessState(checks: [.mailbox, .usageDatabase])
        #expect(state.lifecycle == .starting)
        state.update(.mailbox, isReady: true)
        #expect(!state.isReady)
        state.update(.ready)
        #expect(state.isReady, "the usage database is advisory")
        #expect(
            state.checks == [
                .init(check: .mailbox, isReady: true, isAdvisory: false),
                .init(check: .usageDatabase, isReady: false, isAdvisory: true),
            ]
        )
        state.update(.transit, isReady: false)
        #expect(!state.isReady, "a check that appears later counts as well")
        state.update(.transit, isReady: true)
        state.update(.draining)
        #expect(!state.isReady)
    }

    @Test("a loop that does not come round is named, one that has ended is not")
    func heartbeats() async throws {
        let heartbeats = LoopHeartbeats()
        #expect(heartbeats.oldestAge == nil)
        let mailbox = heartbeats.register("mailbox")
        let relay = heartbeats.register("relay-0")
        #expect(heartbeats.stuckLoops().isEmpty)
        #expect(heartbeats.stuckLoops(limit: .zero - .seconds(1)) == ["mailbox", "relay-0"])
        relay.retire()
        #expect(heartbeats.stuckLoops(limit: .zero - .seconds(1)) == ["mailbox"])
        let age = try #require(heartbeats.oldestAge)
        mailbox.beat(late: .milliseconds(1))
        #expect(try #require(heartbeats.oldestAge) < age + .seconds(5))
        mailbox.retire()
        #expect(heartbeats.oldestAge == nil)
    }

    @Test("the lateness of all loops is one histogram, those that have ended included")
    func lag() throws {
        let telemetry = try Telemetry(
            configuration: TelemetryConfiguration(),
            pipeline: ObservationPipeline(),
            logger: Sample.logger
        )
        let first = telemetry.heartbeats.register("a")
        first.beat(late: .milliseconds(2))
        first.retire()
        telemetry.heartbeats.register("b").beat(late: .seconds(7))
        for _ in 0..<2 {
            let samples = samples(telemetry.exposition())
            #expect(samples["wormhole_event_loop_lag_seconds_count"] == 2)
            #expect(samples["wormhole_event_loop_lag_seconds_sum"] == 7.002)
            #expect(samples["wormhole_event_loop_lag_seconds_bucket{le=\"5\"}"] == 1)
            #expect((samples["wormhole_event_loop_heartbeat_timestamp_seconds"] ?? 0) > 1_700_000_000)
        }
    }
}
