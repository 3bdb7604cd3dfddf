internal import Glibc

/// Has what was written to a file reach the disk.
package enum FileFlush {
    /// Waits until it is there; fsync(2).
    ///
    /// - Throws: When the file cannot be opened, or the disk did not take it.
    package static func run(_ path: String) throws(ErrorNumber) {
        let descriptor = Descriptor(owning: try systemCall { open(path, O_RDONLY | O_CLOEXEC) })
        _ = try systemCall { fsync(descriptor.number) }
    }
}
