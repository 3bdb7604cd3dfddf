internal import Admin
internal import Glibc

/// Where limits are kept that are to outlive the process.
///
///     {"schema":1,"limits":{"max_connections":500,"session_rate":1000000}}
///
/// There is no file while there are none. It is replaced as a whole, so that a crash leaves the old one or the new one.
struct LimitFile: Sendable {
    static let name = "limits.json"
    /// All limits with their largest values are a fraction of this, in bytes.
    private static let maximumSize = 64 << 10

    let path: String

    /// - Parameter folder: The state folder.
    init(in folder: String) {
        path = StateDirectory.path(of: Self.name, in: folder)
    }

    /// - Returns: The limits by name; none when there is no file.
    /// - Throws: ``ApplianceError``, one line naming the file, when there is one that cannot be understood as a whole.
    func read() throws(ApplianceError) -> [String: Int] {
        do throws(ApplianceError) {
            return try WholeFile.read(path, upTo: Self.maximumSize).map { (bytes) throws(ApplianceError) in
                try limits(in: bytes)
            } ?? [:]
        } catch {
            throw ApplianceError("the limits in \(path) cannot be read: \(error)")
        }
    }

    private func limits(in bytes: [UInt8]) throws(ApplianceError) -> [String: Int] {
        guard let document = JSONValue(parsing: bytes) else { throw ApplianceError("it is not JSON") }
        guard case .object(let members) = document, members.count == 2, document["schema"] == 1,
            case .object(let limits)? = document["limits"]
        else { throw ApplianceError(#"it is not {"schema": 1, "limits": {...}}"#) }
        var values: [String: Int] = [:]
        for limit in limits {
            guard values[limit.name] == nil else { throw ApplianceError("\(limit.name.prefix(60)) stands there twice") }
            guard case .integer(let value) = limit.value else {
                throw ApplianceError("\(limit.name.prefix(60)) is not a whole number")
            }
            if let reason = LimitOverrides.problem(with: value, of: limit.name) { throw ApplianceError(reason) }
            values[limit.name] = value
        }
        return values
    }

    /// Replaces the file, or removes it when there is nothing to keep. Blocks until that is on the disk.
    ///
    /// - Throws: ``ApplianceError`` with the path and the system's reason. The file is as before then, or whole and new where only its
    ///   folder could not be made durable.
    func write(_ limits: [String: Int]) throws(ApplianceError) {
        if limits.isEmpty {
            guard unlink(path) == 0 || errno == ENOENT else { throw failure() }
        } else {
            let members = limits.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .integer($0.value)) }
            try replace(with: JSONValue.object([.init("schema", 1), .init("limits", .object(members))]).text + "\n")
        }
        // The name is kept by the folder.
        let folder = Glibc.open(StateDirectory.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure() }
        defer { Glibc.close(folder) }
        guard fsync(folder) == 0 else { throw failure() }
    }

    private func replace(with text: String) throws(ApplianceError) {
        let draft = path + ".new"
        unlink(draft)
        let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { throw failure() }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes = bytes.dropFirst(count)
        }
        let isKept = bytes.isEmpty && fsync(descriptor) == 0
        var error = failure()
        if Glibc.close(descriptor) == 0, isKept {
            if rename(draft, path) == 0 { return }
            error = failure()
        }
        unlink(draft)
        throw error
    }

    private func failure() -> ApplianceError {
        ApplianceError("the limits cannot be kept in \(path): \(String(cString: strerror(errno)))")
    }
}
