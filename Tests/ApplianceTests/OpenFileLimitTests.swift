import Testing

@testable import Appliance

@Suite("OpenFileLimit")
struct OpenFileLimitTests {
    @Test("a limit of 10000 or more is left alone", arguments: [10_000, 20_000])
    func enough(soft: UInt) {
        let limit = OpenFileLimit.raise(soft: soft, hard: 1_000_000) { _ in
            Issue.record("nothing is to be set")
            return false
        }
        #expect(limit.summary == "limit of open files is \(soft)")
    }

    @Test("a lower one becomes the hard limit")
    func hard() {
        let limit = OpenFileLimit.raise(soft: 256, hard: 5000) { $0 == 5000 }
        #expect(limit == OpenFileLimit(before: 256, after: 5000))
        #expect(limit.summary == "limit of open files raised from 256 to 5000")
    }

    @Test("when that is refused, smaller ones are tried in turn")
    func fallback() {
        var tried: [UInt] = []
        let limit = OpenFileLimit.raise(soft: 256, hard: 1_000_000) {
            tried.append($0)
            return $0 == 3200
        }
        #expect(tried == [1_000_000, 10_000, 3200])
        #expect(limit.after == 3200)
    }

    @Test("a limit is never lowered, and failure is not fatal")
    func never() {
        let limit = OpenFileLimit.raise(soft: 4096, hard: 4096) { _ in false }
        #expect(limit == OpenFileLimit(before: 4096, after: 4096))
        #expect(limit.summary == "limit of open files is 4096, which could not be raised")
    }
}
