import Foundation
import TestSupport
import Testing

/// The tests' own test: what was recorded from the original must come out of it again.
@Suite("Recorded exchanges, against the original mailbox server")
struct OriginalTranscriptTests {
    @Test("every frame is the one that was recorded")
    func replay() async throws {
        let folder = try TemporaryFolder()
        let plain = try await TranscribedOriginal(options: [], folder: folder)
        let talkative = try await TranscribedOriginal(
            options: TranscriptOptions.talkative,
            folder: try TemporaryFolder()
        )
        let transcripts = try Transcript.all()
        #expect(transcripts.count == 85)
        for transcript in transcripts {
            let server = TranscriptOptions.needsThem(transcript) ? talkative : plain
            do {
                try await TranscriptPlayer.play(transcript, against: server)
            } catch {
                Issue.record("\(error)")
            }
        }
    }
}

/// The options that a few of the recordings were made with.
enum TranscriptOptions {
    static let talkative = [
        "--motd=Hello\nWorld", "--advertise-version=0.24.0", "--signal-error=go away", "--disallow-list",
    ]

    static func needsThem(_ transcript: Transcript) -> Bool {
        ["welcome/all-keys", "list/disallowed"].contains(transcript.scenario)
    }
}

/// The original mailbox server, as a transcript needs it.
private actor TranscribedOriginal: TranscribedServer {
    private let options: [String]
    private let folder: TemporaryFolder
    private var server: OriginalServer

    init(options: [String], folder: TemporaryFolder) async throws {
        // With a usage database, as when the exchanges were recorded: some of its failures are its writing there.
        self.options = options + ["--usage-db=usage.sqlite"]
        self.folder = folder
        server = try await OriginalServer(.mailbox, self.options, folder: folder.path)
    }

    var port: Int { server.port }

    func stop() async throws {
        server.child.send(signal: SIGTERM)
        _ = try await server.child.end()
    }

    func start() async throws {
        server = try await OriginalServer(.mailbox, options, folder: folder.path)
    }
}
