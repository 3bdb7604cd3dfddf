import NIOCore
import TestSupport
import Testing

@testable import Sockets

@Suite("The timers of a loop")
struct TimerQueueTests {
    @Test("come in the order of their times, however they were set, moved and cancelled", arguments: 0..<40)
    func order(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = TimerQueue()
        let timers = (0..<60).map { _ in LoopTimer() }
        var model: [ObjectIdentifier: NIODeadline] = [:]
        var now = NIODeadline.uptimeNanoseconds(0)
        for _ in 0..<3000 {
            let timer = timers[Int.random(in: 0..<timers.count, using: &random)]
            switch Int.random(in: 0..<4, using: &random) {
            case 0...1:
                let deadline = now + .nanoseconds(.random(in: 0...500, using: &random))
                queue.set(timer, at: deadline)
                model[ObjectIdentifier(timer)] = deadline
            case 2:
                queue.cancel(timer)
                model[ObjectIdentifier(timer)] = nil
            default:
                now = now + .nanoseconds(.random(in: 0...100, using: &random))
                var last = NIODeadline.uptimeNanoseconds(0)
                while let due = queue.takeDue(at: now) {
                    #expect(model.removeValue(forKey: ObjectIdentifier(due)) == due.deadline)
                    #expect(due.deadline >= last && due.deadline <= now)
                    last = due.deadline
                }
            }
            #expect(queue.next == model.values.min())
            #expect(queue.count == model.count)
        }
    }
}
