internal import Admin
internal import LinuxIO

extension ServiceThread {
    /// Does something that a disk may keep waiting, on a thread of its own.
    ///
    /// - Parameter name: At most 15 bytes.
    static func result<Value: Sendable>(
        of name: String,
        _ body: @escaping @Sendable () throws(AdminRefusal) -> Value
    ) async -> Result<Value, AdminRefusal> {
        await withCheckedContinuation { continuation in
            do throws(ErrorNumber) {
                try start(name: name) { continuation.resume(returning: Result(catching: body)) }
            } catch {
                continuation.resume(returning: .failure(AdminRefusal(.unavailable, "no thread for it: \(error)")))
            }
        }
    }
}
