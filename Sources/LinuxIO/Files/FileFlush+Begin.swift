internal import CLinux

extension FileFlush {
    /// Begins with it, and does not wait: who flushes later waits less. The call is sync_file_range(2), which not every file
    /// system knows.
    package static func begin(_ descriptor: CInt) {
        _ = sync_file_range(descriptor, 0, 0, UInt32(CLINUX_SYNC_FILE_RANGE_WRITE))
    }
}
