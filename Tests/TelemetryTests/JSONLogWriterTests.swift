import Foundation
import Observations
import Synchronization
import TestSupport
import Testing
import WormholeWire

@testable import Telemetry

@Suite("The JSON log")
struct JSONLogWriterTests {
    private let table = MetricTable(TelemetryConfiguration())

    /// A pipe whose reading end is a test's.
    private final class Pipe: Sendable {
        let reader: CInt
        let writer: CInt
        private let isOpen = Atomic<Bool>(true)

        init() throws {
            var ends: [CInt] = [0, 0]
            guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
            (reader, writer) = (ends[0], ends[1])
        }

        func closeReader() { if isOpen.exchange(false, ordering: .relaxed) { close(reader) } }

        /// What is in the pipe now.
        func read() -> String {
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            var state = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            guard poll(&state, 1, 0) == 1 else { return "" }
            let count = Foundation.read(reader, &bytes, bytes.count)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }

        deinit {
            closeReader()
            close(writer)
        }
    }

    private func writer(
        _ descriptor: CInt,
        _ configure: (inout TelemetryConfiguration) -> Void = { _ in }
    ) throws -> JSONLogWriter {
        var configuration = TelemetryConfiguration()
        configuration.logDescriptor = descriptor
        configure(&configuration)
        return try JSONLogWriter(
            descriptor: descriptor,
            configuration: configuration,
            metrics: table.usage,
            pipeline: ObservationPipeline(),
            logger: Sample.logger
        )
    }

    private func count(_ result: RecordResult, _ kind: RecordKind = .transit) -> Int {
        Int(table.usage.records.value(.logDescriptor, kind, result))
    }

    private func transfers(_ count: Int) -> [UsageRecord] {
        (0..<count).map { .transit(Sample.transfer(bytes: UInt64($0))) }
    }

    @Test("a descriptor that is not open, or not for writing, is an error at start")
    func badDescriptors() throws {
        let closed = try #require(
            { () -> CInt? in
                let descriptor = open("/dev/null", O_RDONLY)
                // Far above what other tests open meanwhile.
                let high = fcntl(descriptor, F_DUPFD, 900)
                close(descriptor)
                close(high)
                return high
            }()
        )
        #expect(throws: TelemetryError(.unusableDescriptor, "descriptor \(closed) for the usage log is not open")) {
            _ = try writer(closed)
        }
        let readOnly = open("/dev/null", O_RDONLY)
        defer { close(readOnly) }
        #expect(
            throws: TelemetryError(
                .unusableDescriptor,
                "descriptor \(readOnly) for the usage log is not open for writing"
            )
        ) {
            _ = try writer(readOnly)
        }
    }

    @Test("each record is one line, and only the kinds that were asked for get one")
    func lines() async throws {
        let pipe = try Pipe()
        let log = try writer(pipe.writer) { $0.logKinds = [.transit, .mailbox] }
        log.start()
        log.append([.transit(Sample.transfer()), .nameplate(Sample.nameplate()), .mailbox(Sample.mailbox())])
        log.append([.clientVersion(Sample.binding())])
        await log.stop(within: .seconds(10))
        let text = pipe.read()
        let kinds = try await Tool("jq").run("--raw-output", ".kind", input: text.utf8)
        #expect(kinds.output == "transit\nmailbox\n")
        #expect(count(.written) == 1 && count(.written, .mailbox) == 1 && count(.written, .nameplate) == 0)
        #expect(count(.dropped, .nameplate) == 0)
    }

    @Test("a reader that never reads costs records and no memory, and stopping does not wait for it")
    func stuckReader() async throws {
        let pipe = try Pipe()
        let log = try writer(pipe.writer) { $0.queueCapacity = 100 }
        log.start()
        let total = 10_000
        for batch in 0..<100 { log.append(Array(transfers(total)[(batch * 100)..<(batch * 100 + 100)])) }
        try await eventually("the pipe is full") { table.usage.queued.value(.logDescriptor) >= 100 }
        let clock = ContinuousClock()
        let time = await clock.measure { await log.stop(within: .milliseconds(100)) }
        // Instead of for ever; the figure leaves room for a machine that is busy with the other tests.
        #expect(time < .seconds(20))
        #expect(count(.written) > 0)
        #expect(count(.written) + count(.dropped) == total)
        #expect(table.usage.logLinesDropped.value(.usage) == Double(count(.dropped)))
        // What did get through is whole lines.
        let parsed = try await Tool("jq").run("--compact-output", ".total_bytes", input: pipe.read().utf8)
        #expect(parsed.status == 0)
        #expect(parsed.output.split(separator: "\n").count == count(.written))
    }

    @Test("a reader that comes back to its pipe gets whole lines again")
    func slowReader() async throws {
        let pipe = try Pipe()
        let log = try writer(pipe.writer)
        log.start()
        let total = 3000
        log.append(transfers(total))
        try await eventually("the pipe is full") { count(.written) > 100 }
        var text = ""
        try await eventually("all was read") {
            text += pipe.read()
            return text.utf8.count { $0 == UInt8(ascii: "\n") } == total
        }
        await log.stop(within: .seconds(10))
        let parsed = try await Tool("jq").run(".total_bytes", input: text.utf8)
        #expect(parsed.output == (0..<total).map { "\($0)\n" }.joined())
        #expect(count(.dropped) == 0)
    }

    @Test("a reader that is gone costs the records of its absence and nothing else")
    func vanishedReader() async throws {
        let pipe = try Pipe()
        let log = try writer(pipe.writer)
        log.start()
        pipe.closeReader()
        log.append(transfers(50))
        try await eventually("they were dropped") { count(.dropped) == 50 }
        await log.stop(within: .seconds(10))
    }

    @Test("a full disk costs records, and the line after it is whole")
    func fullDisk() async throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let log = try writer(full)
        log.start()
        log.append(transfers(5))
        try await eventually("they were dropped") { count(.dropped) == 5 }
        await log.stop(within: .seconds(10))
    }

    @Test("a descriptor that another program made non-blocking gets whole lines all the same")
    func nonBlocking() async throws {
        let pipe = try Pipe()
        _ = fcntl(pipe.writer, F_SETFL, O_NONBLOCK)
        _ = fcntl(pipe.writer, 1031 /* F_SETPIPE_SZ */, 4096)
        let log = try writer(pipe.writer)
        log.start()
        // Lines longer than the pipe.
        let name = AppID(unchecked: WireString(String(repeating: "\u{1}", count: 1024)))
        log.append((0..<10).map { _ in .nameplate(Sample.nameplate(name)) })
        var text = ""
        try await eventually("all was read") {
            text += pipe.read()
            return text.utf8.count { $0 == UInt8(ascii: "\n") } == 10
        }
        await log.stop(within: .seconds(10))
        let parsed = try await Tool("jq").run(".app_id | length", input: text.utf8)
        #expect(parsed.output == String(repeating: "1024\n", count: 10))
    }
}
