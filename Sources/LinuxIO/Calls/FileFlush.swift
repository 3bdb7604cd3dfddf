internal import Glibc

/// Waits until what was written to a file is on the disk; fsync(2).
package enum FileFlush {
    /// - Throws: When the file cannot be opened, or the disk did not take it.
    package static func run(_ path: String) throws(ErrorNumber) {
        let descriptor = Descriptor(owning: try systemCall { open(path, O_RDONLY | O_CLOEXEC) })
        _ = try systemCall { fsync(descriptor.number) }
    }
}
