import LinuxIO

/// The owner of a descriptor that a ``SocketLoop`` watches.
protocol SocketWatcher: AnyObject {
    /// Something is possible now that may not have been before. Called on the loop.
    func ready(_ readiness: Readiness)
}
