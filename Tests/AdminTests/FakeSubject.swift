import Synchronization

@testable import Admin

/// A process to look at and to change, without any services.
final class FakeSubject: AdminSubject {
    struct State {
        var calls: [String] = []
        var isStuck = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// What was asked for, in order.
    var calls: [String] { state.withLock { $0.calls } }
    /// How many wait for a loop that does not turn.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// From now on nothing is answered, as by a loop that does not turn.
    func getStuck() { state.withLock { $0.isStuck = true } }

    func turnAgain() {
        let waiting = state.withLock { state in
            state.isStuck = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private func note(_ call: String) async {
        await withCheckedContinuation { continuation in
            let isStuck = state.withLock { state in
                state.calls.append(call)
                if state.isStuck { state.waiting.append(continuation) }
                return state.isStuck
            }
            if !isStuck { continuation.resume() }
        }
    }

    func settings() -> [AdminSetting] { [AdminSetting("motd", "<b>", .commandLine)] }
    func limits() -> [AdminLimit] {
        [
            AdminLimit("max_stored_bytes", 5, unit: "bytes", .persisted),
            AdminLimit("max_relay_pipes", 0.5, unit: "pipes", .standard),
        ]
    }

    func change(_ limits: AdminLimitChange) async throws(AdminRefusal) {
        let values = limits.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.map(String.init) ?? "null")" }
        await note("limits \(values)\(limits.resetsOthers ? " reset" : "")\(limits.persists ? " persist" : "")")
    }
    func drain(within deadline: Duration?) async throws(AdminRefusal) { await note("drain \(deadline as Any)") }
    func undrain() async throws(AdminRefusal) { throw AdminRefusal(.conflict, "the process stops") }
    func reload() async throws(AdminRefusal) -> [String] { throw AdminRefusal(.unacceptable, "line 3 of it") }
    func reloadAccess() async throws(AdminRefusal) -> [String] { throw AdminRefusal(.conflict, "no list") }
    func change(_ part: AdminWelcomePart, to text: String?) async throws(AdminRefusal) {
        await note("\(part) \(text ?? "nil")")
    }
    func backUp() async throws(AdminRefusal) -> [String] {
        await note("backup")
        return ["/somewhere"]
    }
    func change(logLevel: String, for time: Duration) throws(AdminRefusal) {
        state.withLock { $0.calls.append("level \(logLevel) \(time)") }
    }
    func connections() async throws(AdminRefusal) -> [AdminConnection] {
        await note("connections")
        return [
            AdminConnection(id: "m-1", component: .mailbox, state: "bound", age: .seconds(2), bytes: nil),
            AdminConnection(id: "w-1", component: .transit, state: "relaying", age: .seconds(3), bytes: 7),
        ]
    }
    func kick(_ id: String) async throws(AdminRefusal) -> Bool { id == "m-1" }
}
