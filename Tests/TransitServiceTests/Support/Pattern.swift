import Glibc
import TestSupport

/// An endless stream of bytes that comes again with its seed, cheap to make and to compare wherever one is in it.
struct Pattern: Sendable {
    /// A prime, so that no power of two, such as the size of a buffer, hides a slip.
    private static let period = 65521
    private let bytes: [UInt8]

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var once: [UInt8] = []
        once.reserveCapacity(Self.period + 8)
        while once.count < Self.period {
            withUnsafeBytes(of: generator.next()) { once.append(contentsOf: $0) }
        }
        once.removeLast(once.count - Self.period)
        bytes = once + once + once
    }

    /// - Parameter count: At most 131,042.
    func bytes(at offset: Int, count: Int) -> [UInt8] {
        let start = offset % Self.period
        return Array(bytes[start..<start + count])
    }

    func matches(_ received: [UInt8], at offset: Int) -> Bool {
        let start = offset % Self.period
        return received.withUnsafeBytes { received in
            bytes.withUnsafeBytes { bytes in
                guard let left = received.baseAddress, let right = bytes.baseAddress else { return true }
                return memcmp(left, right + start, received.count) == 0
            }
        }
    }
}

extension WebSocketTestSocket {
    /// Sends bytes of a pattern.
    func send(_ pattern: Pattern, count: Int, from start: Int = 0) async throws {
        var offset = start
        while offset < start + count {
            let step = min(65536, start + count - offset)
            try await send(pattern.bytes(at: offset, count: step))
            offset += step
        }
    }

    /// Sends bytes of a pattern until the kernel has taken none for a while.
    ///
    /// - Returns: How many it took.
    func sendUntilBlocked(_ pattern: Pattern) async throws -> Int {
        var offset = 0
        var quiet = 0
        while quiet < 30 {
            let taken = try sendSome(pattern.bytes(at: offset, count: 65536)[...])
            offset += taken
            quiet = taken == 0 ? quiet + 1 : 0
            if taken == 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
        return offset
    }

    /// Reads exactly these bytes of a pattern.
    func expect(_ pattern: Pattern, count: Int, from start: Int = 0) async throws {
        var offset = start
        while offset < start + count {
            guard let bytes = try await receiveSome(atMost: min(65536, start + count - offset)) else {
                throw WebSocketTestError(.ended, "\(count) bytes of a pattern, ended after \(offset - start)")
            }
            guard pattern.matches(bytes, at: offset) else {
                throw WebSocketTestError(.unexpected, "bytes of a pattern from \(offset)")
            }
            offset += bytes.count
        }
    }

    /// Reads bytes of a pattern until an orderly end.
    ///
    /// - Returns: How many there were.
    func expectToEnd(_ pattern: Pattern) async throws -> Int {
        var offset = 0
        while let bytes = try await receiveSome() {
            guard pattern.matches(bytes, at: offset) else {
                throw WebSocketTestError(.unexpected, "bytes of a pattern from \(offset)")
            }
            offset += bytes.count
        }
        return offset
    }
}
