/// The key a client's frame is masked with, turned to the next byte of its payload.
///
/// Source: RFC 6455, section 5.3.
struct WebSocketMask: Equatable {
    /// The key byte for the next payload byte in the lowest eight bits, the one after it above, and so on.
    private var key: UInt32 = 0

    init() {}

    /// Sets one of the four bytes of the key, in the order they come.
    mutating func set(_ byte: UInt8, at position: Int) {
        key |= UInt32(byte) << (8 * UInt32(position))
    }

    /// Copies bytes while unmasking them, eight at a time.
    ///
    /// - Returns: Whether all of the result is ASCII.
    mutating func unmask(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
        let count = source.count
        precondition(target.count >= count)
        let wide = (UInt64(key) << 32 | UInt64(key)).littleEndian
        var union: UInt64 = 0
        var index = 0
        while index &+ 8 <= count {
            let word = source.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ wide
            target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
            union |= word
            index &+= 8
        }
        var rest = key
        while index < count {
            let byte = source[index] ^ UInt8(truncatingIfNeeded: rest)
            target[index] = byte
            union |= UInt64(byte)
            rest = rest >> 8 | rest << 24
            index &+= 1
        }
        advance(by: count)
        return union & 0x8080_8080_8080_8080 == 0
    }

    /// Turns the key past bytes that nobody wants to see.
    mutating func advance(by count: Int) {
        let bits = UInt32(count & 3) * 8
        if bits != 0 { key = key >> bits | key << (32 - bits) }
    }
}
