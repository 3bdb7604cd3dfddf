internal import CLinux

extension DirectFile {
    static let openFlag = CInt(CLINUX_O_DIRECT)

    /// Writes whole blocks, and waits until the disk has them.
    ///
    /// - Throws: When the disk did not take them all; then any of them may be written or not. `EINVAL` or `EOPNOTSUPP` when
    ///   it is never going to take any in this way.
    package func write(_ blocks: UnsafeRawBufferPointer, at offset: Int64) throws(ErrorNumber) {
        var part = iovec(iov_base: UnsafeMutableRawPointer(mutating: blocks.baseAddress), iov_len: blocks.count)
        let written = try systemCall { pwritev2(descriptor.number, &part, 1, off_t(offset), CInt(CLINUX_RWF_DSYNC)) }
        guard written == blocks.count else { throw .inputOutput }
    }
}
