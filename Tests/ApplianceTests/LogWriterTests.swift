import Glibc
import Telemetry
import TestSupport
import Testing

@testable import Appliance

@Suite("The writer of the log", .timeLimit(.minutes(1)))
struct LogWriterTests {
    /// A pipe, whose reader reads when it is told to.
    private final class SlowReader: Sendable {
        let readEnd: CInt
        let writeEnd: CInt

        /// - Parameter capacity: In bytes, a multiple of 4096. Lines are written as long as one such piece is free.
        init(capacity: CInt = 8192) throws {
            var ends: [CInt] = [0, 0]
            try #require(pipe(&ends) == 0)
            (readEnd, writeEnd) = (ends[0], ends[1])
            // 1031 is F_SETPIPE_SZ. Source: fcntl(2).
            try #require(fcntl(writeEnd, 1031, capacity) >= capacity)
        }

        deinit {
            Glibc.close(readEnd)
            Glibc.close(writeEnd)
        }

        /// What is in the pipe now.
        func read() -> String {
            var state = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
            var bytes = [UInt8](repeating: 0, count: 65_536)
            guard poll(&state, 1, 10) > 0 else { return "" }
            let count = Glibc.read(readEnd, &bytes, bytes.count)
            return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
        }
    }

    private static func line(_ number: Int) -> [UInt8] {
        Array("line \(number) \(String(repeating: "x", count: 80))\n".utf8)
    }

    @Test("a reader that takes nothing costs lines and no time; what is lost is counted and told, and then it goes on")
    func fullPipe() async throws {
        let reader = try SlowReader()
        let counts = LogCounts()
        let writer = LogWriter(descriptor: reader.writeEnd, as: .text, counts: counts, capacity: 16_384)
        let start = ContinuousClock.now
        for number in 0..<2000 { writer.offer(Self.line(number)) }
        #expect(ContinuousClock.now - start < .seconds(2))
        // Some 50 fit the pipe and 180 the queue.
        try await eventually("lines are lost") { counts.dropped > 1500 }
        let lost = counts.dropped
        var text = ""
        try await eventually("what waited is there, and what is missing is said") {
            text += reader.read()
            return text.contains("lines are missing here")
        }
        writer.offer(Array("afterwards\n".utf8))
        try await eventually("the log goes on") {
            text += reader.read()
            return text.hasSuffix("afterwards\n")
        }
        #expect(counts.dropped == lost)
        let lines = text.split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("line ") }.count == 2000 - lost)
        let told = lines.compactMap { $0.firstMatch(of: /\[log\] warning: (\d+) lines are missing here/)?.1 }
        #expect(told.compactMap { Int($0) }.reduce(0, +) == lost)
        await writer.close(within: .seconds(5))
    }

    @Test("lines that have waited are written several at a time, whole, in pieces that a pipe takes at once")
    func pieces() async throws {
        // Of a datagram socket one read(2) gives what one write(2) wrote.
        var ends: [CInt] = [0, 0]
        try #require(socketpair(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { Glibc.close(end) } }
        let lines = (0..<200).map(Self.line) + [Array(repeating: UInt8(ascii: "y"), count: 5000) + [UInt8(ascii: "\n")]]
        let writer = LogWriter(descriptor: ends[1], as: .text, counts: LogCounts())
        for line in lines { writer.offer(line) }
        var pieces: [[UInt8]] = []
        let total = lines.reduce(0) { $0 + $1.count }
        while pieces.reduce(0, { $0 + $1.count }) < total {
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = Glibc.read(ends[0], &bytes, bytes.count)
            try #require(count > 0)
            pieces.append(Array(bytes[..<count]))
        }
        await writer.close(within: .seconds(5))
        #expect(Array(pieces.joined()) == Array(lines.joined()))
        #expect(pieces.count < lines.count / 10)
        #expect(pieces.allSatisfy { $0.last == UInt8(ascii: "\n") && ($0.count <= 4096 || $0.count == 5001) })
    }

    @Test("what was offered before the end is there after it")
    func close() async throws {
        let reader = try SlowReader(capacity: 65_536)
        let writer = LogWriter(descriptor: reader.writeEnd, as: .json, counts: LogCounts())
        for number in 0..<20 { writer.offer(Self.line(number)) }
        await writer.close(within: .seconds(30))
        #expect(reader.read().split(separator: "\n").count == 20)
    }

    @Test("a reader that takes nothing delays the end no longer than one is ready to wait")
    func stuckAtTheEnd() async throws {
        let reader = try SlowReader()
        let counts = LogCounts()
        let writer = LogWriter(descriptor: reader.writeEnd, as: .text, counts: counts)
        for number in 0..<500 { writer.offer(Self.line(number)) }
        let start = ContinuousClock.now
        await writer.close(within: .milliseconds(50))
        #expect(ContinuousClock.now - start < .seconds(10))
        writer.offer(Self.line(0))
        #expect(counts.dropped == 1)
    }

    @Test("without a reader every line is lost, and nothing else")
    func noReader() async throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        Glibc.close(ends[0])
        defer { Glibc.close(ends[1]) }
        let counts = LogCounts()
        let writer = LogWriter(descriptor: ends[1], as: .text, counts: counts)
        for number in 0..<10 { writer.offer(Self.line(number)) }
        await writer.close(within: .seconds(30))
        #expect(counts.dropped == 10)
    }
}
