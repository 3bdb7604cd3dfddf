internal import Glibc

/// The thread that runs now.
package enum SystemThread {
    /// A number that no other thread has at the same time, never 0. The call is pthread_self(3).
    package static var current: UInt { UInt(pthread_self()) }
}
