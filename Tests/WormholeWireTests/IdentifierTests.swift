import Testing
import WormholeWire

@Suite("Identifiers")
struct IdentifierTests {
    @Test("a nameplate is 1 to 40 ASCII digits", arguments: ["0", "007", "1", String(repeating: "9", count: 40)])
    func nameplates(text: String) {
        #expect(Nameplate(text)?.digits == text)
    }

    @Test(
        "anything else is none",
        arguments: ["", "abc", "-1", "+1", " 1", "1 ", "1\n", "١٢", "１", "1.0", String(repeating: "9", count: 41)]
    )
    func notNameplates(text: String) {
        #expect(Nameplate(text) == nil)
    }

    @Test("nameplates sort as text")
    func order() {
        #expect(["10", "9", "2", "1"].compactMap { Nameplate($0) }.sorted().map(\.digits) == ["1", "10", "2", "9"])
    }

    @Test("composed and decomposed text are two names")
    func normalisation() {
        let composed = AppID("\u{e9}")!
        let decomposed = AppID("e\u{301}")!
        #expect(composed.text == decomposed.text)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(AppID("a\u{0}b") != AppID("a"))
    }

    @Test("times survive the way through the database")
    func timestamps() {
        for microseconds in [0, 1, 1_795_233_738_845_414, 1_795_233_738_999_999, -1] as [Int64] {
            let time = Timestamp(microseconds: microseconds)
            #expect(Timestamp(seconds: time.seconds) == time)
        }
        #expect(Timestamp(seconds: .infinity) > Timestamp(seconds: 1e9))
        #expect(Timestamp(seconds: .nan) == Timestamp(microseconds: 0))
        #expect(Timestamp(microseconds: 5) + .milliseconds(2) == Timestamp(microseconds: 2005))
        #expect(Timestamp(microseconds: 5) - .microseconds(6) == Timestamp(microseconds: -1))
    }
}
