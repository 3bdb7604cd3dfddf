/// Something that waits in a ``DeadlineList``.
package protocol Scheduled: ~Copyable {
    var schedule: Schedule { get set }
}

/// Where something stands in the list it waits in. Kept inside the thing itself, so that waiting allocates nothing.
package struct Schedule: Sendable {
    static let nobody = UInt32.max

    fileprivate(set) var previous = nobody
    fileprivate(set) var next = nobody
    /// When the wait began, or began anew.
    package fileprivate(set) var since = Instant(nanoseconds: 0)

    package init() {}
}

/// Those who wait equally long, in the order in which their time comes: since all wait equally long, the order in which
/// they began. Joining, leaving and beginning anew cost the same however many wait.
///
/// Each element is in at most one list at a time.
package struct DeadlineList {
    /// How long each waits; `nil` for ever.
    package private(set) var interval: Duration?
    private var first = Schedule.nobody
    private var last = Schedule.nobody

    /// - Parameter interval: How long each waits. Zero stands for ever, as in every option.
    package init(interval: Duration) {
        self.interval = interval > .zero ? interval : nil
    }

    /// Lets everybody wait for another time, counted from when their wait began. Zero stands for ever.
    package mutating func change(interval: Duration) {
        self.interval = interval > .zero ? interval : nil
    }

    package mutating func append<Element: Scheduled & ~Copyable>(
        _ index: UInt32,
        at now: Instant,
        in slots: inout Slots<Element>
    ) {
        slots[index].schedule.previous = last
        slots[index].schedule.next = Schedule.nobody
        slots[index].schedule.since = now
        if last == Schedule.nobody { first = index } else { slots[last].schedule.next = index }
        last = index
    }

    package mutating func remove<Element: Scheduled & ~Copyable>(_ index: UInt32, in slots: inout Slots<Element>) {
        let previous = slots[index].schedule.previous
        let next = slots[index].schedule.next
        if previous == Schedule.nobody { first = next } else { slots[previous].schedule.next = next }
        if next == Schedule.nobody { last = previous } else { slots[next].schedule.previous = previous }
        slots[index].schedule.previous = Schedule.nobody
        slots[index].schedule.next = Schedule.nobody
    }

    /// Begins the wait of an element anew.
    package mutating func renew<Element: Scheduled & ~Copyable>(
        _ index: UInt32,
        at now: Instant,
        in slots: inout Slots<Element>
    ) {
        guard last != index else {
            slots[index].schedule.since = now
            return
        }
        remove(index, in: &slots)
        append(index, at: now, in: &slots)
    }

    /// The one that has waited longest; `nil` when nobody waits.
    package var longestWaiting: UInt32? { first == Schedule.nobody ? nil : first }

    /// When the time of the first comes; `nil` for never.
    package func nextDeadline<Element: Scheduled & ~Copyable>(in slots: borrowing Slots<Element>) -> Instant? {
        guard let interval, first != Schedule.nobody else { return nil }
        return slots[first].schedule.since + interval
    }

    /// The first, when its time has come. It stays in the list.
    package func due<Element: Scheduled & ~Copyable>(at now: Instant, in slots: borrowing Slots<Element>) -> UInt32? {
        guard let deadline = nextDeadline(in: slots), deadline <= now else { return nil }
        return first
    }
}
