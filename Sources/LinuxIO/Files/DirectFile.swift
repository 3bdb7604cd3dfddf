internal import Glibc

/// A file that is written past the page cache: what a call has written is on the disk when it returns. Nothing is copied and
/// nothing looked for, which leaves a flush little but the disk's own time. Who reads the file in other ways sees what was
/// written all the same.
///
/// The system calls are open(2) with `O_DIRECT` and pwritev2(2) with `RWF_DSYNC`.
package struct DirectFile: ~Copyable {
    /// What is written begins and ends at multiples of so many bytes, in the file and in memory. Disks ask for as much, or less.
    package static let blockSize = 4096

    let descriptor: Descriptor

    /// Opens a file that exists.
    ///
    /// - Throws: When it cannot be opened; `EINVAL` when its file system does not know this way of writing.
    package init(_ path: String) throws(ErrorNumber) {
        descriptor = Descriptor(owning: try systemCall { open(path, O_WRONLY | O_CLOEXEC | Self.openFlag) })
    }
}
