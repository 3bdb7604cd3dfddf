internal import CLinux

/// What a descriptor is ready for, or what epoll shall report of it.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// There is something to read, the end and an error among it.
    package static let readable = Self(rawValue: EPOLLIN.rawValue)
    /// There is room to write.
    package static let writable = Self(rawValue: EPOLLOUT.rawValue)
    /// The peer will send no more; what it sent before may still be unread.
    package static let peerFinished = Self(rawValue: EPOLLRDHUP.rawValue)
    /// Both directions are over, as after a reset. Always reported.
    package static let hungUp = Self(rawValue: EPOLLHUP.rawValue)
    /// An error is pending. Always reported.
    package static let failed = Self(rawValue: EPOLLERR.rawValue)
    /// Report changes only, not states.
    package static let edgeTriggered = Self(rawValue: EPOLLET.rawValue)

    /// How a socket is registered, once, for its life: everything about it, each time it changes.
    package static let socketForLife: Self = [.readable, .writable, .peerFinished, .edgeTriggered]
    /// The same for a socket that is only read.
    package static let inputForLife: Self = [.readable, .peerFinished, .edgeTriggered]
    /// What makes reading worth a try.
    package static let input: Self = [.readable, .peerFinished, .hungUp, .failed]
    /// What makes writing worth a try.
    package static let output: Self = [.writable, .hungUp, .failed]
    /// The peer has sent its end, or is gone.
    package static let farewell: Self = [.peerFinished, .hungUp, .failed]

    /// Whether the two have anything in common. Makes no set for it, as it is asked with every event.
    package func overlaps(_ other: Self) -> Bool { rawValue & other.rawValue != 0 }
}
