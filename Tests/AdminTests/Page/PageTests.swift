import Observations
import Telemetry
import TestSupport
import Testing

@testable import Admin

@Suite("Pages")
struct PageTests {
    private static let hostile = "</title><script>alert(1)</script><img src=x onerror='alert(2)'>\"&\u{0}<\u{301}"

    /// A server of many years, or one that has just been born.
    private func snapshot(_ text: String = "ok", isOld: Bool) -> PageSnapshot {
        let memory = HourMemory()
        let distributions = LatencyReport.families.map { _ in Distribution(bounds: [0.1], counts: [3, 1]) }
        for index in 0..<(isOld ? 400 : 0) {
            memory.take(
                HourQuantity.allCases.map { Double($0.rawValue * index) },
                distributions,
                at: Double(index * 10)
            )
        }
        func slot(_ start: Int) -> Past.Slot {
            var values = Dictionary(uniqueKeysWithValues: UsageTotals.names.map { ($0, 2) })
            values["transit_bytes"] = 1000
            return Past.Slot(start: start, values: values)
        }
        let now = 1_700_000_000
        let past = Past(
            hours: (0..<24).map { slot((now / 3600 - 23 + $0) * 3600) },
            days: (0..<364).map { slot((now / 86_400 - 363 + $0) * 86_400) },
            time: Double(now)
        )
        return PageSnapshot(
            build: BuildInfo(version: text, revision: text, swiftVersion: text),
            state: text,
            isReady: isOld,
            checks: [.init(name: text, isGood: true, words: text), .init(name: "b", isGood: false, words: text)],
            uptime: 5000,
            now: Double(now),
            blurSeconds: 3600,
            levels: isOld ? [.activeTransfers: 1234] : [:],
            rates: [.init(name: "relayed bytes", figure: .bytes, rates: [nil, 1, 2e6, 3e9], sinceStart: 4)],
            outcomes: OutcomeKind.allCases.map { .init(kind: $0, counts: $0.results.map { _ in 1 }) },
            hour: HourView(memory.samples, now: Double(now), monotonic: 4000),
            latency: LatencyReport(memory.samples),
            past: isOld ? .init(past: past, problem: text == "ok" ? nil : text) : .init(problem: text)
        )
    }

    private func pages(_ snapshot: PageSnapshot) -> [AdminResponse] {
        [StatusPage.response(snapshot), HistoryPage.response(snapshot)]
    }

    /// Says what is wrong with a page: nesting, doubled or missing ids, anything that would load or run something.
    private static let checker = """
        import html.parser, sys
        VOID = {'meta', 'link', 'img', 'br', 'hr', 'input', 'source'}
        class Page(html.parser.HTMLParser):
            open, ids, wanted, kinds, problems = [], [], [], set(), []
            def handle_starttag(self, tag, attributes):
                self.kinds.add(tag)
                if tag not in VOID: self.open.append(tag)
                self.look(tag, attributes)
            def handle_startendtag(self, tag, attributes):
                self.kinds.add(tag)
                self.look(tag, attributes)
            def look(self, tag, attributes):
                names = [name for name, _ in attributes]
                if len(set(names)) != len(names): self.problems.append(f'{tag} has an attribute twice')
                for name, value in attributes:
                    if name == 'id': self.ids.append(value)
                    if name in ('aria-labelledby', 'aria-describedby'): self.wanted += value.split()
                    if name.startswith('on') or name in ('style', 'src', 'srcset', 'action'):
                        self.problems.append(f'{tag} has {name}')
                    if name == 'href' and value and not value.startswith('/'): self.problems.append(f'leads to {value}')
                if tag in ('img', 'link', 'iframe', 'object', 'base', 'form'): self.problems.append(f'there is {tag}')
            def handle_endtag(self, tag):
                if not self.open or self.open.pop() != tag: self.problems.append(f'{tag} ends at {self.getpos()}')
        page = Page(convert_charrefs=True)
        page.feed(sys.stdin.read())
        page.close()
        if page.open: page.problems.append(f'not ended: {page.open}')
        for id in set(page.ids):
            if page.ids.count(id) > 1: page.problems.append(f'id {id} twice')
        for id in page.wanted:
            if id not in page.ids: page.problems.append(f'no id {id}')
        for kind in ('main', 'h1', 'h2', 'nav', 'title'):
            if kind not in page.kinds: page.problems.append(f'no {kind}')
        print('\\n'.join(page.problems), end='')
        """

    @Test("are well formed, load nothing and run nothing of anybody else's", arguments: [false, true])
    func wellFormed(isOld: Bool) async throws {
        for response in pages(snapshot(isOld: isOld)) + pages(snapshot(Self.hostile, isOld: isOld)) {
            let outcome = try await Tool("python3").run("-c", Self.checker, input: response.body)
            #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.output)\(outcome.errors)")
        }
    }

    @Test("the checker finds what it looks for")
    func checker() async throws {
        let page = "<main><p id=a><b id=a onclick=x></p><img src=y><a href='http://z' aria-labelledby=q></a></main>"
        let found = try await Tool("python3").run("-c", Self.checker, input: page.utf8).output
        for problem in ["p ends", "id a twice", "onclick", "src", "http://z", "no id q", "no h1"] {
            #expect(found.contains(problem), "\(found)")
        }
    }

    @Test("whatever stands in them is escaped")
    func escaping() {
        for response in pages(snapshot(Self.hostile, isOld: true)) {
            let page = String(decoding: response.body, as: UTF8.self)
            #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&#39;alert(2)&#39;&gt;"))
            #expect(page.contains("&quot;&amp;\u{FFFD}&lt;\u{301}"))
            #expect(!page.contains("<script>alert") && !page.contains("<img"))
            #expect(page.matches(of: /<script>/).count == 1)
        }
    }

    @Test("text that is put into a piece of HTML is escaped, a piece is not")
    func pieces() throws {
        let text = "<i>"
        let piece: HTML = "<b>\(text)</b>"
        let whole: HTML = "\(piece)\([piece, piece])\(3)"
        #expect(piece.text == "<b>&lt;i&gt;</b>")
        #expect(whole.text == piece.text + piece.text + piece.text + "3")
        for value: UInt32 in [0, 8, 0x7F, 0x85, 0xFFFE, 0x1FFFF, 0xFDD0] {
            let scalar = try #require(Unicode.Scalar(value))
            #expect(("\(String(scalar))" as HTML).text == "\u{FFFD}", "\(value)")
        }
        #expect(("\("é世\n")" as HTML).text == "é世\n")
    }

    @Test("the script and the style sheet are the only ones that may be, by their digests")
    func policy() async throws {
        let page = String(decoding: StatusPage.response(snapshot(isOld: true)).body, as: UTF8.self)
        for tag in ["script", "style"] {
            let start = try #require(page.firstRange(of: "<\(tag)>")).upperBound
            let end = try #require(page.firstRange(of: "</\(tag)>")).lowerBound
            let program = """
                import base64, hashlib, sys
                print(base64.b64encode(hashlib.sha256(sys.stdin.buffer.read()).digest()).decode(), end='')
                """
            let digest = try await Tool("python3").run("-c", program, input: page[start..<end].utf8).output
            #expect(PageShell.policy.contains("\(tag)-src 'sha256-\(digest)'"))
        }
        #expect(PageShell.policy.hasPrefix("default-src 'none'; "))
        #expect(!PageShell.policy.contains("unsafe"))
    }

    private static let vectors: [(String, String)] = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ]

    @Test("base 64, by the vectors of RFC 4648", arguments: vectors)
    func base64(plain: String, encoded: String) { #expect(Base64.text(Array(plain.utf8)) == encoded) }

    @Test("of today and this month, the sums are right; old and missing numbers are said to be so")
    func past() throws {
        let fresh = try #require(snapshot(isOld: true).past.past)
        #expect(fresh.today.bytes == 1000)
        #expect(fresh.thisMonth.bytes == 14_000, "it is the 14th")
        #expect(fresh.weeks.count == 52 && fresh.weeks.allSatisfy { $0.bytes == 7000 })
        #expect(fresh.days.count == 30 && fresh.days.last == fresh.today)
        let none = PastReader.Answer(past: nil, problem: "Why.")
        let old = PastReader.Answer(past: fresh, problem: "Why.")
        #expect(StatusPage.problem(none).text.hasSuffix("Why.</p>"))
        #expect(StatusPage.problem(old).text.hasSuffix("Why. What is shown is of 2023-11-14 22:13:20 UTC.</p>"))
        #expect(StatusPage.problem(.init(past: fresh)).text.isEmpty)
    }
}
