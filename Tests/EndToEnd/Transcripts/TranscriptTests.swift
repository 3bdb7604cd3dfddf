import Glibc
import TestSupport
import Testing

@Suite("Recorded exchanges, against our mailbox server")
struct TranscriptTests {
    @Test("D1: every frame is the original's, but where we do better on purpose")
    func replay() async throws {
        let plain = TranscribedServerOfOurs(
            // The players do not answer a Close while the server stops.
            try await RunningServer("--websocket-protocol-option=closeHandshakeTimeout=0.2")
        )
        let options = TranscriptOptions.talkative
        let talkative = TranscribedServerOfOurs(
            try await RunningServer(options[0], options[1], options[2], options[3])
        )
        for transcript in try Transcript.all() {
            let server = TranscriptOptions.needsThem(transcript) ? talkative : plain
            do {
                try await TranscriptPlayer.play(ChosenDeviation.applied(to: transcript), against: server)
            } catch {
                Issue.record("\(error)")
            }
        }
    }

    @Test("every chosen deviation stands in a recording")
    func deviations() throws {
        let transcripts = try Transcript.all()
        for deviation in ChosenDeviation.all {
            let steps = transcripts.first { $0.scenario == deviation.scenario }?.steps.map(\.number)
            #expect(steps?.contains(deviation.steps.lowerBound) == true, "\(deviation.scenario) \(deviation.steps)")
        }
    }
}

/// Our server, as a transcript needs it.
private actor TranscribedServerOfOurs: TranscribedServer {
    private let server: RunningServer

    init(_ server: RunningServer) {
        self.server = server
    }

    var port: Int { get async { await server.ports.mailbox } }

    func stop() async throws {
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    func start() async throws {
        try await server.restart()
    }
}
