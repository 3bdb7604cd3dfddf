internal import Glibc
internal import LinuxIO

/// A file of the operator's that is read as a whole.
enum WholeFile {
    /// - Parameter limit: The most bytes it may have.
    /// - Returns: Its contents; `nil` when there is none.
    /// - Throws: ``ApplianceError`` with the reason alone. Who asks says which file, and what for.
    static func read(_ path: String, upTo limit: Int) throws(ApplianceError) -> [UInt8]? {
        // A FIFO without a writer is not waited for.
        let number = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else {
            if errno == ENOENT { return nil }
            throw ApplianceError(String(cString: strerror(errno)))
        }
        let descriptor = Descriptor(owning: number)
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor.number, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw ApplianceError(String(cString: strerror(errno))) }
            if count == 0 { return contents }
            contents += buffer[..<count]
            guard contents.count <= limit else { throw ApplianceError("it is longer than \(limit) bytes") }
        }
    }
}
