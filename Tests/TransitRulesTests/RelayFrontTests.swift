import Observations
import TransitRules
import Testing
import WormholeWire

@Suite
struct RelayFrontTests {
    // MARK: Every event in every state

    enum State: CaseIterable { case handshaking, waiting, refused }

    enum Event: CaseIterable {
        case partialLine, validLine, badLine, overlongLine, judgedBad, message, text, clientClose, reset, time, stop
    }

    /// What a step led to: the record, what was done, and whether the name is still one.
    struct Outcome: Equatable {
        var moods: [TransitMood] = []
        var actions: [Action] = []
        var isKnown = true
    }

    enum Action: Equatable {
        case refuse(TransitReply)
        case close(CloseCause, Farewell)
    }

    private static func outcome(of event: Event, in state: State, _ transport: Transport) -> Outcome? {
        let driver = FrontDriver(handshake: .seconds(60), wait: .seconds(60), farewell: .seconds(60))
        let id = driver.admit(transport)
        switch (state, transport) {
        case (.handshaking, _): break
        case (.waiting, _): driver.judge(.handshake(Line.handshake("a", "1")), from: id)
        case (.refused, .tcp): driver.judge(.badLine, from: id)
        case (.refused, .webSocket): return nil
        }
        _ = driver.takeEffects()
        switch event {
        case .partialLine: driver.receive("please", from: id)
        case .validLine: driver.receive(Line.sided("a", "1"), from: id)
        case .badLine: driver.receive("bad\n", from: id)
        case .overlongLine: driver.receive(String(repeating: "x", count: 2000), from: id)
        case .judgedBad: driver.judge(.badLine, from: id)
        case .message: driver.message(from: id)
        case .text: driver.text(from: id)
        case .clientClose: driver.end(id)
        case .reset: driver.end(id, .ioError)
        case .time: driver.pass(.seconds(60))
        case .stop: driver.stop()
        }
        let effects = driver.takeEffects()
        #expect(driver.front.brokenInvariant == nil)
        let actions = effects.actions.compactMap { effect -> Action? in
            switch effect {
            case .refuse(_, let reply): .refuse(reply)
            case .close(_, let cause, let farewell): .close(cause, farewell)
            case .join, .wait, .observe: nil
            }
        }
        return Outcome(moods: effects.moods, actions: actions, isKnown: driver.isKnown(id))
    }

    private static func expected(_ event: Event, _ state: State) -> Outcome {
        let nothing = Outcome()
        func gone(_ mood: TransitMood?, _ cause: CloseCause, _ farewell: Farewell = .normal) -> Outcome {
            Outcome(moods: mood.map { [$0] } ?? [], actions: [.close(cause, farewell)], isKnown: false)
        }
        let impatient = Outcome(moods: [.impatient], actions: [.refuse(.impatient)])
        let errory = Outcome(moods: [.errory], actions: [.refuse(.badHandshake)])
        switch (state, event) {
        case (.handshaking, .partialLine), (.handshaking, .validLine), (.handshaking, .message): return nothing
        case (.handshaking, .badLine), (.handshaking, .judgedBad): return errory
        case (.handshaking, .overlongLine): return gone(.empty, .protocolError)
        case (.handshaking, .text): return gone(.errory, .protocolError, .unacceptableData)
        case (.handshaking, .clientClose): return gone(.empty, .clientClose)
        case (.handshaking, .reset): return gone(.empty, .ioError)
        case (.handshaking, .time): return gone(.empty, .handshakeTimeout)
        case (.handshaking, .stop): return gone(.empty, .drain, .goingAway)
        case (.waiting, .partialLine), (.waiting, .validLine), (.waiting, .badLine), (.waiting, .overlongLine),
            (.waiting, .message):
            return impatient
        case (.waiting, .judgedBad): return nothing
        case (.waiting, .text): return gone(.lonely, .protocolError, .unacceptableData)
        case (.waiting, .clientClose): return gone(.lonely, .clientClose)
        case (.waiting, .reset): return gone(.lonely, .ioError)
        case (.waiting, .time): return gone(.lonely, .limit)
        case (.waiting, .stop): return gone(.lonely, .drain, .goingAway)
        case (.refused, .partialLine), (.refused, .validLine), (.refused, .badLine), (.refused, .overlongLine),
            (.refused, .judgedBad), (.refused, .message), (.refused, .text):
            return nothing
        case (.refused, .clientClose), (.refused, .reset), (.refused, .time):
            return gone(nil, .protocolError)
        case (.refused, .stop): return gone(nil, .protocolError, .goingAway)
        }
    }

    @Test("every event in every state of a TCP client", arguments: State.allCases, Event.allCases)
    func tcpTable(state: State, event: Event) {
        #expect(Self.outcome(of: event, in: state, .tcp) == Self.expected(event, state))
    }

    @Test(
        "every event in every state of a WebSocket client, which is forgotten when it is refused",
        arguments: [State.handshaking, .waiting],
        [Event.judgedBad, .message, .text, .clientClose, .reset, .time, .stop]
    )
    func webSocketTable(state: State, event: Event) {
        var expected = Self.expected(event, state)
        if expected.actions.contains(where: { if case .refuse = $0 { true } else { false } }) {
            expected.isKnown = false
        }
        #expect(Self.outcome(of: event, in: state, .webSocket) == expected)
    }

    // MARK: Pairs

    @Test("joining frees both names, and nothing that is said about them later changes anything")
    func join() throws {
        let driver = FrontDriver()
        let first = driver.admit(saying: Line.sided("a", "1"))
        let second = driver.admit(saying: Line.sided("a", "2") + "early")
        let junction = try #require(driver.takeEffects().junctions.first)
        #expect(junction.first == first)
        #expect(junction.second == second)
        #expect(junction.early == Array("early".utf8))
        #expect(!driver.isKnown(first) && !driver.isKnown(second))
        driver.receive("late", from: first)
        driver.message(from: first)
        driver.text(from: second)
        driver.end(second)
        driver.pass(.seconds(1000))
        driver.stop()
        #expect(driver.takeEffects().isEmpty)
        #expect(driver.front.connectionCount == 0)
    }

    @Test("30: the pair is joined before the redundant ones end, and they end at once")
    func redundant() {
        let driver = FrontDriver()
        let first = driver.admit(saying: Line.sided("a", "1"))
        let newer = driver.admit(saying: Line.sided("a", "1"))
        _ = driver.takeEffects()
        _ = driver.admit(saying: Line.sided("a", "2"))
        let effects = driver.takeEffects()
        #expect(effects.moods == [.redundant])
        #expect(effects.junctions.map(\.first) == [newer])
        #expect(effects.actions.last == .close(first, .peerClose, .normal))
        #expect(driver.front.connectionCount == 0)
    }

    @Test("89-91 (D20): times of a pair are those of its accepts, whoever said the handshake first")
    func times() throws {
        let driver = FrontDriver()
        let earlier = driver.admit()
        driver.pass(.milliseconds(300))
        let later = driver.admit(saying: Line.sided("a", "1"))
        driver.pass(.milliseconds(100))
        driver.receive(Line.sided("a", "2"), from: earlier)
        let junction = try #require(driver.takeEffects().junctions.first)
        #expect(junction.first == later)
        driver.pass(.seconds(1))
        let summary = junction.record.summary(totalBytes: 7, cause: .clientClose, at: driver.now)
        #expect(summary.started == Timestamp(microseconds: 1_000_000))
        #expect(summary.waitingTime == .milliseconds(300))
        #expect(summary.totalTime == .milliseconds(1400))
        #expect(summary.totalBytes == 7)
        #expect(summary.mood == .happy)
        #expect(summary.session?.duration == .seconds(1))
    }

    @Test("92: a record without a partner has no waiting time and no bytes")
    func lonely() {
        let driver = FrontDriver()
        let id = driver.admit(saying: Line.legacy())
        driver.pass(.seconds(5))
        driver.end(id)
        let expected = TransitSummary(
            started: Timestamp(microseconds: 1_000_000),
            totalTime: .seconds(5),
            waitingTime: nil,
            totalBytes: 0,
            mood: .lonely,
            session: nil
        )
        #expect(driver.takeEffects().contains(.observe(.transitEnded(expected))))
    }

    @Test("86: a WebSocket client's data that crosses its pairing is not impatience")
    func crossing() {
        let driver = FrontDriver()
        let waiting = driver.admit(.webSocket)
        driver.judge(.handshake(Line.handshake("a", "1")), from: waiting)
        _ = driver.admit(saying: Line.sided("a", "2"))
        #expect(driver.takeEffects().junctions.count == 1)
        driver.message(from: waiting)
        #expect(driver.takeEffects().isEmpty)
    }

    // MARK: Time and size

    @Test("the next deadline is the earliest of all, and none when nobody waits for anything")
    func deadlines() {
        let driver = FrontDriver(handshake: .seconds(60), wait: .seconds(100), farewell: .seconds(2))
        #expect(driver.front.nextDeadline == nil)
        let start = driver.now
        let silent = driver.admit()
        #expect(driver.front.nextDeadline == start + .seconds(60))
        let waiting = driver.admit(saying: Line.legacy())
        let refused = driver.admit(saying: "bad\n")
        #expect(driver.front.nextDeadline == start + .seconds(2))
        driver.pass(.seconds(2))
        #expect(driver.isKnown(refused) == false)
        #expect(driver.front.nextDeadline == start + .seconds(60))
        driver.pass(.seconds(58))
        #expect(driver.isKnown(silent) == false)
        #expect(driver.front.nextDeadline == start + .seconds(100))
        driver.pass(.seconds(40))
        #expect(driver.isKnown(waiting) == false)
        #expect(driver.front.nextDeadline == nil)
        #expect(driver.takeMoods() == [.errory, .empty, .lonely])
    }

    @Test("a timeout of zero never comes")
    func noTimeouts() {
        let driver = FrontDriver(handshake: .zero, wait: .zero, farewell: .zero)
        _ = driver.admit()
        _ = driver.admit(saying: Line.legacy())
        _ = driver.admit(saying: "bad\n")
        #expect(driver.front.nextDeadline == nil)
        driver.pass(.seconds(1_000_000))
        #expect(driver.front.connectionCount == 3)
    }

    @Test("a refused client is closed when it has sent a megabyte")
    func discarding() {
        let driver = FrontDriver()
        let id = driver.admit(saying: "bad\n")
        _ = driver.takeEffects()
        let chunk = [UInt8](repeating: 0x78, count: 65536)
        for _ in 0..<15 { driver.receive(chunk, from: id) }
        #expect(driver.takeEffects().isEmpty)
        driver.receive(chunk, from: id)
        #expect(driver.takeEffects() == [.close(id, .protocolError, .normal)])
    }

    @Test("110: what waits is counted in connections and in tokens, with the accept of the one that waits longest")
    func levels() {
        let driver = FrontDriver()
        _ = driver.admit()
        driver.pass(.seconds(1))
        _ = driver.admit(saying: Line.sided("a", "1"))
        _ = driver.admit(saying: Line.sided("a", "1"))
        _ = driver.admit(saying: Line.sided("a", "1"))
        _ = driver.admit(saying: Line.legacy("b"))
        let second = Timestamp(microseconds: 2_000_000)
        #expect(driver.front.levels == TransitWaitingLevels(connections: 4, tokens: 2, oldest: second))
        driver.stop()
        #expect(driver.front.levels == TransitWaitingLevels())
        #expect(driver.takeMoods().count == 5)
    }

    @Test("the first line is reported once, with what became of it")
    func handshakeReports() {
        func results(_ text: String) -> [Observation] {
            let driver = FrontDriver()
            let id = driver.admit(saying: text)
            driver.end(id)
            return driver.takeEffects().compactMap {
                if case .observe(let observation) = $0, case .handshakeFinished = observation {
                    observation
                } else {
                    nil
                }
            }
        }
        #expect(results(Line.legacy()) == [.handshakeFinished(form: .legacy, result: .ok)])
        #expect(results(Line.sided("a", "1")) == [.handshakeFinished(form: .sided, result: .ok)])
        #expect(results(Line.sided("a", "1") + "x") == [.handshakeFinished(form: .sided, result: .earlyData)])
        #expect(results("bad\n") == [.handshakeFinished(form: .invalid, result: .badLine)])
        #expect(
            results(String(repeating: "x", count: 2000)) == [.handshakeFinished(form: .invalid, result: .tooLong)]
        )
        #expect(results("half a line") == [])
    }
}
