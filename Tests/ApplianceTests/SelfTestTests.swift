import Glibc
import LinuxIO
import Logging
import MailboxRules
import MailboxService
import Observations
import Synchronization
import Telemetry
import TestSupport
import Testing
import TransitService
import WormholeWire

@testable import Appliance

@Suite("The self-test", .timeLimit(.minutes(1)))
struct SelfTestTests {
    private static let anyPort = "tcp:0:interface=127.0.0.1"

    /// Runs the test again and again until `body` returns.
    private func testing(
        _ subject: SelfTestSubject,
        timeout: Duration = .seconds(10),
        log: @escaping @Sendable ([UInt8]) -> Void = { _ in },
        _ body: (ObservationPipeline) async throws -> Void
    ) async throws {
        let pipeline = ObservationPipeline()
        let test = try SelfTest(
            of: subject,
            every: .milliseconds(20),
            timeout: timeout,
            reporter: ObservationReporter(pipeline),
            logger: Logger(label: "self-test") { LineLogHandler(label: $0, write: log) }
        )
        try test.start()
        do { try await body(pipeline) } catch {
            await test.stop()
            throw error
        }
        await test.stop()
    }

    private func next(_ probe: SelfTestProbe, _ pipeline: ObservationPipeline) async throws -> (Bool, Duration) {
        var found: (Bool, Duration)?
        try await eventually("a test of the \(probe) is over") {
            _ = pipeline.drain { observation in
                if case .selfTestFinished(probe, let succeeded, let duration) = observation {
                    found = (succeeded, duration)
                }
            }
            return found != nil
        }
        return try #require(found)
    }

    @Test(
        "meets itself through the mailbox server, proof of work or not, and leaves no record",
        arguments: [false, true]
    )
    func mailbox(requiresHashcash: Bool) async throws {
        var subject = SelfTestSubject()
        let listener = try ListeningSocket.open(Endpoint(Self.anyPort))
        subject.mailbox = ListenerAddress(of: listener)
        var configuration = MailboxConfiguration(channelDatabasePath: ":memory:")
        configuration.selfTestApp = subject.appID
        if requiresHashcash { configuration.permission = .hashcash(bits: 24, isRequired: true) }
        let observed = ObservationPipeline()
        let server = try MailboxServer(
            configuration: configuration,
            listener: listener,
            pipeline: observed,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await server.start()
        try await testing(subject) { pipeline in
            let (succeeded, duration) = try await next(.mailbox, pipeline)
            #expect(succeeded)
            #expect(duration > .zero && duration < .seconds(10))
        }
        await server.stop()
        try expectNoRecord(in: observed, of: subject)
    }

    @Test("relays to itself, over TCP or over WebSocket, and leaves no record", arguments: [false, true])
    func transit(overWebSocket: Bool) async throws {
        var subject = SelfTestSubject()
        let listener = try ListeningSocket.open(Endpoint(Self.anyPort))
        let address = ListenerAddress(of: listener)
        if overWebSocket { subject.transitWebSocket = address } else { subject.transit = address }
        var configuration = TransitConfiguration()
        configuration.selfTestToken = subject.identity.token
        configuration.workers = 1
        let observed = ObservationPipeline()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let place = Handover(consume listener)
        let server = TransitServer(
            configuration: configuration,
            tcp: overWebSocket ? [] : [place],
            webSocket: overWebSocket ? [place] : [],
            names: ["relay"],
            pipeline: observed,
            logger: logger
        )
        try await server.start()
        try await testing(subject) { pipeline in
            let (succeeded, _) = try await next(.transit, pipeline)
            #expect(succeeded)
        }
        await server.stop(drainTimeout: .zero)
        try expectNoRecord(in: observed, of: subject)
    }

    /// What was cut short by stopping must be the self-test's own as well.
    private func expectNoRecord(in pipeline: ObservationPipeline, of subject: SelfTestSubject) throws {
        var records = 0
        _ = pipeline.drain { observation in
            guard UsageRecord(observation) != nil else { return }
            records += 1
            #expect(observation.isRecord(of: subject.identity), "\(observation)")
        }
        #expect(records > 0, "there is something to hide")
    }

    @Test("fails in time when a listener is stuck, and says so once; says so too when it is well again")
    func stuckListener() async throws {
        var subject = SelfTestSubject()
        let listener = try ListeningSocket.open(Endpoint(Self.anyPort))
        subject.mailbox = ListenerAddress(of: listener)
        // Until it is started, the kernel takes connections and nobody looks at them.
        let server = try MailboxServer(
            configuration: MailboxConfiguration(channelDatabasePath: ":memory:"),
            listener: listener,
            pipeline: ObservationPipeline(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let lines = Mutex<[String]>([])
        let log: @Sendable ([UInt8]) -> Void = { line in
            lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
        try await testing(subject, timeout: .milliseconds(100), log: log) { pipeline in
            for _ in 0..<2 {
                let (succeeded, duration) = try await next(.mailbox, pipeline)
                #expect(!succeeded)
                #expect(duration >= .milliseconds(100) && duration < .seconds(5))
            }
            #expect(lines.withLock { $0.count } == 1)
            #expect(lines.withLock { $0[0].contains("warning: the self-test of the mailbox fails: no answer in time") })
            try await server.start()
            try await eventually("it succeeds") { try await next(.mailbox, pipeline).0 }
            try await eventually("it says so") {
                lines.withLock { $0.last?.contains("the self-test of the mailbox succeeds again") ?? false }
            }
            await server.stop()
            try await eventually("it fails again") { try await !next(.mailbox, pipeline).0 }
        }
    }

    @Test("fails when what answers is no relay, or nothing at all")
    func wrongServer() async throws {
        var subject = SelfTestSubject()
        let listener = try ListeningSocket.open(Endpoint(Self.anyPort))
        // A mailbox server where a relay should be: it answers the handshake with an HTTP error.
        subject.transit = ListenerAddress(of: listener)
        let server = try MailboxServer(
            configuration: MailboxConfiguration(channelDatabasePath: ":memory:"),
            listener: listener,
            pipeline: ObservationPipeline(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await server.start()
        try await testing(subject) { pipeline in
            var (succeeded, _) = try await next(.transit, pipeline)
            #expect(!succeeded)
            await server.stop()
            (succeeded, _) = try await next(.transit, pipeline)
            #expect(!succeeded)
        }
    }

    @Test("is stopped in the middle of a test")
    func stopping() async throws {
        var subject = SelfTestSubject()
        let listener = try ListeningSocket.open(Endpoint(Self.anyPort))
        subject.mailbox = ListenerAddress(of: listener)
        let number = listener.descriptor.number
        let clock = ContinuousClock()
        let duration = try await clock.measure {
            try await testing(subject) { pipeline in
                try await eventually("a client has come") { Glibc.accept(number, nil, nil) >= 0 }
            }
        }
        #expect(duration < .seconds(9))
        listener.removePath()
    }
}
