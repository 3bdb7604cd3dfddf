internal import Glibc

/// What a system call said when it failed: the value of `errno`, taken at once.
package struct ErrorNumber: Error, Hashable, Sendable {
    package let code: CInt

    package init(_ code: CInt) {
        self.code = code
    }

    /// The value the calling thread's last failed call left behind.
    static var last: ErrorNumber { ErrorNumber(errno) }

    /// The process has as many descriptors as it may.
    package static var processDescriptors: Self { Self(EMFILE) }
    /// The machine has as many descriptors as it may.
    package static var systemDescriptors: Self { Self(ENFILE) }
    /// The connection went away before it was accepted.
    package static var connectionAborted: Self { Self(ECONNABORTED) }
    /// The peer reset the connection.
    package static var connectionReset: Self { Self(ECONNRESET) }
    /// The peer reads no more.
    package static var brokenPipe: Self { Self(EPIPE) }
    /// It took too long.
    package static var timedOut: Self { Self(ETIMEDOUT) }
    /// It is not wanted any more.
    package static var cancelled: Self { Self(ECANCELED) }
    /// A device failed, or did not do all of it.
    static var inputOutput: Self { Self(EIO) }
    /// The file or its file system does not know such an operation, and never will.
    package var isOfUnknownOperation: Bool { code == EINVAL || code == EOPNOTSUPP || code == ENOSYS }
    /// Nothing to be had without waiting. The value calls return as ``Transfer/wouldBlock``.
    package static var wouldBlock: Self { Self(EAGAIN) }
}

extension ErrorNumber: CustomStringConvertible {
    package var description: String { String(cString: strerror(code)) }
}
