import Observations
import Testing
import WormholeWire

@testable import Telemetry

@Suite("Blurring")
struct BlurTests {
    /// The table of the relay's operator guide.
    @Test(
        "94-97: sizes are rounded down to a few digits",
        arguments: [
            (0, 0), (1, 0), (999, 0), (1000, 1000), (1999, 1000), (11_999, 11_000), (999_999, 999_000),
            (1_000_000, 1_000_000), (1_000_001, 1_000_000), (1_999_999, 1_000_000), (999_999_999, 999_000_000),
            (1_000_000_000, 1_000_000_000), (1_050_000_000, 1_000_000_000), (1_199_999_999, 1_100_000_000),
            (UInt64.max, 18_446_744_073_700_000_000),
        ] as [(UInt64, UInt64)]
    )
    func sizes(exact: UInt64, blurred: UInt64) {
        #expect(Blur(seconds: 1)(bytes: exact) == blurred)
        #expect(Blur(seconds: 86400)(bytes: exact) == blurred)
        #expect(Blur(seconds: 0)(bytes: exact) == exact)
    }

    @Test(
        "start times are rounded down to the window",
        arguments: [
            (3600, 7200.0, 7200.0), (3600, 7199.999, 3600), (3600, 0, 0), (3600, -0.5, -3600), (1, 12.75, 12),
            (60, 1_795_233_643.0585732, 1_795_233_600), (Int.max, 5, 5),
        ]
    )
    func times(window: Int, exact: Double, blurred: Double) {
        #expect(Blur(seconds: window)(Timestamp(seconds: exact)) == Timestamp(seconds: blurred))
    }

    @Test("waiting and total times, results and names stay exact")
    func othersStayExact() {
        let blur = Blur(seconds: 3600)
        let hour = Timestamp(seconds: 1_795_233_600)
        #expect(blur(.nameplate(Sample.nameplate())) == .nameplate(Sample.nameplate(started: hour)))
        #expect(blur(.mailbox(Sample.mailbox())) == .mailbox(Sample.mailbox(started: hour)))
        #expect(blur(.clientVersion(Sample.binding())) == .clientVersion(Sample.binding(connected: hour)))
        let exact = Sample.transfer(bytes: 1999, mood: .happy, waiting: .seconds(1))
        let blurred = Sample.transfer(started: hour, bytes: 1000, mood: .happy, waiting: .seconds(1))
        #expect(blur(.transit(exact)) == .transit(blurred))
    }

    @Test("97: without a window nothing changes", arguments: [0, -1])
    func off(seconds: Int) {
        let record = UsageRecord.transit(Sample.transfer(bytes: 1999))
        #expect(Blur(seconds: seconds)(record) == record)
        #expect(!Blur(seconds: seconds).isOn)
    }
}
