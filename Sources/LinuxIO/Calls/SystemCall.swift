internal import Glibc

/// Makes a system call, again for as long as a signal interrupts it.
///
/// - Returns: What the call returned, never negative.
/// - Throws: The error number, taken before anything else can change it.
@inline(__always)
func systemCall<Result: FixedWidthInteger & SignedInteger>(_ call: () -> Result) throws(ErrorNumber) -> Result {
    while true {
        SystemCallCount.add()
        let result = call()
        if result >= 0 { return result }
        let error = ErrorNumber.last
        guard error.code == EINTR else { throw error }
    }
}

/// As ``systemCall(_:)`` for calls that move bytes, where having to wait and the end are part of every day.
@inline(__always)
func transfer(_ call: () -> Int) -> Transfer {
    while true {
        SystemCallCount.add()
        let count = call()
        if count > 0 { return .moved(count) }
        if count == 0 { return .ended }
        let error = ErrorNumber.last
        switch error.code {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        default: return .failed(error)
        }
    }
}
