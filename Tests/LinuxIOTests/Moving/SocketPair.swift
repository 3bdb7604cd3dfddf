import Glibc
import LinuxIO

/// Two connected non-blocking sockets.
struct SocketPair: ~Copyable {
    let left: Descriptor
    let right: Descriptor

    init() {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        precondition(socketpair(AF_UNIX, type, 0, &ends) == 0, "no descriptors")
        left = Descriptor(owning: ends[0])
        right = Descriptor(owning: ends[1])
    }

    consuming func takeLeft() -> Descriptor { left }
}

/// Memory for one call.
func withBuffer<Result>(_ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Result) rethrows -> Result {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { buffer.deallocate() }
    return try body(buffer)
}

extension Descriptor {
    func sendText(_ text: String) -> Transfer {
        Array(text.utf8).withUnsafeBytes { send($0) }
    }
}
