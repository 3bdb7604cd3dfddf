internal import CLinux
internal import Glibc

/// A set of descriptors and what they are ready for. The system calls are epoll_create1(2), epoll_ctl(2), epoll_wait(2),
/// epoll_pwait2(2).
///
/// Each descriptor is registered with a tag, which comes back with its events. Put a generation number into it: an event
/// that was under way when its descriptor was closed is then recognised, even when the number is in use again.
package struct Epoll: ~Copyable {
    private let descriptor: Descriptor

    package init() throws(ErrorNumber) {
        descriptor = Descriptor(owning: try systemCall { epoll_create1(CInt(EPOLL_CLOEXEC)) })
    }

    /// Watches a descriptor until it is closed or ``remove(_:)`` is called.
    package func add(_ watched: borrowing Descriptor, for interest: Readiness, tag: UInt64) throws(ErrorNumber) {
        try control(EPOLL_CTL_ADD, watched.number, interest, tag)
    }

    /// Changes what is reported of a watched descriptor.
    package func modify(_ watched: borrowing Descriptor, for interest: Readiness, tag: UInt64) throws(ErrorNumber) {
        try control(EPOLL_CTL_MOD, watched.number, interest, tag)
    }

    /// Watches a descriptor no more, because it goes to another owner.
    package func remove(_ watched: borrowing Descriptor) throws(ErrorNumber) {
        try control(EPOLL_CTL_DEL, watched.number, [], 0)
    }

    /// Waits for events.
    ///
    /// - Parameter milliseconds: The longest wait; 0 does not wait, -1 waits for ever.
    /// - Returns: How many events there are in `events`; 0 when the time is over or a signal came.
    package func wait(into events: inout EpollEvents, milliseconds: CInt) throws(ErrorNumber) -> Int {
        SystemCallCount.add()
        let count = epoll_wait(descriptor.number, events.storage, CInt(events.capacity), milliseconds)
        if count >= 0 { return Int(count) }
        let error = ErrorNumber.last
        guard error.code == EINTR else { throw error }
        return 0
    }

    /// Waits for events, to the microsecond. The system call is epoll_pwait2(2), or epoll_wait(2) on kernels before 5.11
    /// and in containers whose runtime does not know it: what a filter does not know it answers with EPERM.
    ///
    /// - Parameter nanoseconds: The longest wait; 0 does not wait, `nil` waits for ever.
    /// - Returns: How many events there are in `events`; 0 when the time is over or a signal came.
    package func wait(into events: inout EpollEvents, nanoseconds: Int64?) throws(ErrorNumber) -> Int {
        guard let nanoseconds, nanoseconds > 0 else {
            return try wait(into: &events, milliseconds: nanoseconds == nil ? -1 : 0)
        }
        SystemCallCount.add()
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        let count = epoll_pwait2(descriptor.number, events.storage, CInt(events.capacity), &time, nil)
        if count >= 0 { return Int(count) }
        let error = ErrorNumber.last
        switch error.code {
        case EINTR: return 0
        case ENOSYS, EPERM:
            return try wait(into: &events, milliseconds: CInt(clamping: (nanoseconds + 999_999) / 1_000_000))
        default: throw error
        }
    }

    private func control(
        _ operation: CInt,
        _ number: CInt,
        _ interest: Readiness,
        _ tag: UInt64
    ) throws(ErrorNumber) {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: tag))
        _ = try systemCall { epoll_ctl(descriptor.number, operation, number, &event) }
    }
}

/// Room for the events of one wait, allocated once per loop.
package struct EpollEvents: ~Copyable {
    let storage: UnsafeMutablePointer<epoll_event>
    package let capacity: Int

    package init(capacity: Int) {
        precondition(capacity > 0, "a wait needs room for an event")
        self.capacity = capacity
        storage = .allocate(capacity: capacity)
        storage.initialize(repeating: epoll_event(), count: capacity)
    }

    /// One of the events the last wait returned.
    package subscript(index: Int) -> (tag: UInt64, readiness: Readiness) {
        precondition(index >= 0 && index < capacity, "the wait returned fewer events")
        return (storage[index].data.u64, Readiness(rawValue: storage[index].events))
    }

    deinit { storage.deallocate() }
}
