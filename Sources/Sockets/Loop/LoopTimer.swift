import NIOCore

/// Something that is due at a time, at most once at any moment in a loop's ``TimerQueue``. Confined to its loop.
package class LoopTimer {
    fileprivate(set) var deadline = NIODeadline.distantFuture
    /// Where it stands in the queue; negative while it waits for nothing.
    fileprivate var place = -1

    /// Called by the loop when the time has come; it may be set again.
    func fire() {}
}

/// The timers of a loop, the next one first: a binary heap whose members know their places, so that one is moved and taken
/// out as cheaply as put in.
struct TimerQueue {
    private var heap: [LoopTimer] = []

    /// When the next timer is due.
    var next: NIODeadline? { heap.first?.deadline }
    var count: Int { heap.count }

    /// Puts a timer in, or moves it when it is in already.
    mutating func set(_ timer: LoopTimer, at deadline: NIODeadline) {
        let isLater = deadline > timer.deadline
        timer.deadline = deadline
        if timer.place < 0 {
            timer.place = heap.count
            heap.append(timer)
            rise(timer)
        } else if isLater {
            sink(timer)
        } else {
            rise(timer)
        }
    }

    mutating func cancel(_ timer: LoopTimer) {
        guard timer.place >= 0 else { return }
        let gap = timer.place
        timer.place = -1
        let last = heap.removeLast()
        guard last !== timer else { return }
        put(last, at: gap)
        rise(last)
        sink(last)
    }

    /// Takes out the next timer if it is due.
    mutating func takeDue(at now: NIODeadline) -> LoopTimer? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        cancel(first)
        return first
    }

    private mutating func put(_ timer: LoopTimer, at place: Int) {
        timer.place = place
        heap[place] = timer
    }

    private mutating func rise(_ timer: LoopTimer) {
        var place = timer.place
        while place > 0 {
            let parent = heap[(place - 1) / 2]
            guard timer.deadline < parent.deadline else { break }
            put(parent, at: place)
            place = (place - 1) / 2
        }
        put(timer, at: place)
    }

    private mutating func sink(_ timer: LoopTimer) {
        var place = timer.place
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].deadline < heap[child].deadline { child += 1 }
            guard heap[child].deadline < timer.deadline else { break }
            put(heap[child], at: place)
            place = child
        }
        put(timer, at: place)
    }
}
