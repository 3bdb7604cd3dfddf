import Glibc

/// A seccomp filter for the calling thread, as container runtimes set one for all of a container's.
enum SystemCallFilter {
    /// epoll_pwait2(2), on every architecture.
    static let epollPwait2: UInt32 = 441

    /// Has the kernel answer a system call with an error, for as long as the thread lives.
    ///
    /// - Returns: Whether the kernel agreed.
    static func answer(_ number: UInt32, with error: CInt) -> Bool {
        typealias ProcessControl = @convention(c) (CInt, UInt, UInt, UInt, UInt) -> CInt
        // Swift imports no function with a variable number of arguments.
        guard let symbol = dlsym(nil, "prctl") else { return false }
        let prctl = unsafeBitCast(symbol, to: ProcessControl.self)
        let (noNewPrivileges, setFilter, filterMode): (CInt, CInt, UInt) = (38, 22, 2)
        // struct sock_filter: 16 bits of operation, 8 each of where to go on if so and if not, 32 of operand.
        let program: [UInt64] = [
            0x20,  // load the number of the call
            UInt64(number) << 32 | 1 << 24 | 0x15,  // equal? else skip one
            UInt64(0x0005_0000 | UInt32(error)) << 32 | 0x06,  // return the error
            UInt64(0x7FFF_0000) << 32 | 0x06,  // return that it is allowed
        ]
        return program.withUnsafeBytes { instructions in
            // struct sock_fprog: their number and where they are.
            let description = [UInt(program.count), UInt(bitPattern: instructions.baseAddress)]
            return description.withUnsafeBytes {
                prctl(noNewPrivileges, 1, 0, 0, 0) == 0
                    && prctl(setFilter, filterMode, UInt(bitPattern: $0.baseAddress), 0, 0) == 0
            }
        }
    }
}
