import Testing
import WormholeWire

/// Swift compares strings by canonical equivalence, which sorts what combines with one character: with the square of its length.
@Suite("Text that is slow to compare")
struct HostileTextTests {
    /// Two kinds of marks, of which the second kind belongs before the first.
    private static let marks = String(repeating: "\u{301}", count: 50_000) + String(repeating: "\u{323}", count: 50_000)

    @Test(
        "a frame is judged in an instant, wherever the text stands",
        arguments: [
            #"{"type":"*"}"#, #"{"type":"ping","*":1}"#, #"{"type":"bind","appid":"*","side":"s"}"#,
            #"{"type":"close","mood":"*"}"#, #"{"type":"claim","nameplate":"*"}"#,
            #"{"type":"release","nameplate":"*"}"#,
            #"{"type":"bind","client_version":["*","*"]}"#, #"{"type":"submit-permissions","method":"*","stamp":"*"}"#,
        ]
    )
    func frames(template: String) {
        let text = template.split(separator: "*", omittingEmptySubsequences: false).joined(separator: Self.marks)
        let time = ContinuousClock().measure { _ = ClientFrame(text.utf8) }
        // A thousandth of it is enough; comparing takes half a minute.
        #expect(time < .seconds(2))
    }
}
