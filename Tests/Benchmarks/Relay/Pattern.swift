import Glibc

/// What bulk data consists of: the same 64 KiB of random bytes, over and over. Every byte that arrives is compared.
///
/// It is written once and only read afterwards, by any thread.
final class Pattern: @unchecked Sendable {  // because nothing changes after the initialiser
    static let period = 64 << 10
    static let shared = Pattern()

    /// Long enough that a read of the loop's buffer can be compared at once, wherever it begins.
    private let bytes: UnsafeMutableRawBufferPointer

    private init() {
        bytes = .allocate(byteCount: Self.period + (256 << 10), alignment: 64)
        var state: UInt32 = 0x2545_F491
        for index in 0..<Self.period {
            state = state &* 1_664_525 &+ 1_013_904_223
            bytes[index] = UInt8(truncatingIfNeeded: state >> 24)
        }
        for index in Self.period..<bytes.count { bytes[index] = bytes[index - Self.period] }
    }

    /// What comes after so many bytes, at most as much as can be said at once.
    func part(after position: Int, limit: Int) -> UnsafeRawBufferPointer {
        let start = position % Self.period
        let count = min(limit, bytes.count - start)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)])
    }

    /// Whether bytes are what comes after so many.
    ///
    /// - Parameter received: At most 256 KiB.
    func continues(with received: UnsafeRawBufferPointer, after position: Int) -> Bool {
        let expected = part(after: position, limit: received.count)
        guard expected.count == received.count, let one = expected.baseAddress, let other = received.baseAddress else {
            return received.isEmpty
        }
        return memcmp(one, other, received.count) == 0
    }
}
