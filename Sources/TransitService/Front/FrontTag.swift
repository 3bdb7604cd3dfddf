internal import TransitRules

/// What comes back with an event of the front's epoll, in which its own clients are, and the pairs that stay on its thread.
///
///     0 | number (32 bits)                             1: orders, from 2 on: listeners
///     generation (32 bits) | 00 | 1 | index (29 bits)  a client
///
/// All others are a ``RelayTag``'s.
enum FrontTag {
    case orders
    case listener(Int)
    case client(SlotID)
    case pairs

    private static let orderNumber: UInt64 = 1
    private static let firstListener: UInt64 = 2
    private static let clientBit: UInt64 = 0x2000_0000
    /// Generations are never zero.
    private static let leastGeneration: UInt64 = 1 << 32

    init(_ bits: UInt64) {
        if bits >= Self.leastGeneration {
            self = bits & Self.clientBit == 0 ? .pairs : .client(SlotID(tag: bits ^ Self.clientBit))
        } else if bits >= Self.firstListener {
            self = .listener(Int(bits - Self.firstListener))
        } else {
            self = bits == Self.orderNumber ? .orders : .pairs
        }
    }

    var bits: UInt64 {
        switch self {
        case .orders:
            return Self.orderNumber
        case .listener(let index):
            return Self.firstListener + UInt64(index)
        case .client(let id):
            precondition(id.index < Self.clientBit, "half a billion connections")
            return id.tag | Self.clientBit
        case .pairs:
            preconditionFailure("what is tagged for the pairs is tagged by them")
        }
    }
}
