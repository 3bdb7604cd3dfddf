internal import CLinux
internal import Glibc

/// Wakes a loop from another thread. The system call is eventfd(2).
///
/// Raising it any number of times before the loop looks wakes the loop once.
package struct EventSignal: ~Copyable, Sendable {
    /// What the loop watches: readable while the signal is raised.
    package let descriptor: Descriptor

    package init() throws(ErrorNumber) {
        descriptor = Descriptor(
            owning: try systemCall { eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)) }
        )
    }

    /// From any thread.
    package func raise() {
        var one: UInt64 = 1
        // Fails only when the counter is full, and then the signal is raised already.
        _ = transfer { Glibc.write(descriptor.number, &one, 8) }
    }

    /// Takes the signal back, on the loop's own thread, before it looks at what there is to do.
    package func clear() {
        var count: UInt64 = 0
        // Nothing to read means that it was not raised.
        _ = transfer { Glibc.read(descriptor.number, &count, 8) }
    }
}
