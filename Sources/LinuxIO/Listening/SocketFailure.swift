import Glibc

/// A socket call that failed while a listener was being opened, before it is known for which endpoint.
struct SocketFailure: Error {
    /// `errno`; 0 when the refusal was ours.
    let code: CInt
    let reason: String

    /// - Parameter code: `errno`, read right after the call.
    init(code: CInt) {
        self.code = code
        let text = String(cString: Glibc.strerror(code))
        reason = text.prefix(1).lowercased() + text.dropFirst()
    }

    init(reason: String) {
        code = 0
        self.reason = reason
    }
}

/// Passes on what a system call returned.
///
/// - Throws: ``SocketFailure`` when it is -1.
@discardableResult
func check(_ result: CInt) throws(SocketFailure) -> CInt {
    guard result != -1 else { throw SocketFailure(code: errno) }
    return result
}

/// Sets an option that is a whole number: setsockopt(2).
func setOption(of socket: CInt, _ level: CInt, _ name: CInt, to value: CInt) throws(SocketFailure) {
    var value = value
    try check(Glibc.setsockopt(socket, level, name, &value, socklen_t(MemoryLayout<CInt>.size)))
}

/// Reads an option that is a whole number: getsockopt(2).
func option(of socket: CInt, _ level: CInt, _ name: CInt) throws(SocketFailure) -> CInt {
    var value: CInt = 0
    var length = socklen_t(MemoryLayout<CInt>.size)
    try check(Glibc.getsockopt(socket, level, name, &value, &length))
    return value
}
