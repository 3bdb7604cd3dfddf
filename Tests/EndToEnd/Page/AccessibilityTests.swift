import Foundation
import Glibc
import TestSupport
import Testing

/// The pages by the rules of axe-core, which run in the browser, and by some that it does not have.
@Suite("The status page for everybody", .timeLimit(.minutes(2)))
struct AccessibilityTests {
    /// What axe-core finds wrong, and how many of its rules had something to look at.
    private static let audit = """
        axe.run(document).then(({ violations, passes }) => ({
          passes: passes.length,
          problems: violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target} ${node.failureSummary}`))
        }))
        """

    /// The weakest contrast of words and of lines in charts, which axe-core does not look at.
    private static let contrast = """
        (() => {
          const light = color => {
            const [r, g, b] = color.match(/[0-9.]+/g).map(Number).map(part => part / 255)
              .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
            return 0.2126 * r + 0.7152 * g + 0.0722 * b
          }
          const contrast = (one, other) => {
            const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b)
            return (bright + 0.05) / (dark + 0.05)
          }
          const weakest = (selector, property) => Math.min(...[...document.querySelectorAll(selector)].map(element =>
            contrast(getComputedStyle(element)[property], getComputedStyle(element.closest('figure')).backgroundColor)))
          return { words: weakest('figure svg text', 'fill'), lines: weakest('path.line, figure .axis', 'stroke'),
            bars: weakest('rect.b0', 'fill') }
        })()
        """

    @Test("nothing is wrong with them in any state, wide or narrow, light or dark")
    func rules() async throws {
        let server = try await RunningServer("--blur-usage=0", "--drain-timeout=60")
        let url = "http://127.0.0.1:\(await server.ports.admin)/"
        let browser = try await Chromium()
        let rules = try await Self.rules()
        let pair = try await RelayPair(port: server.ports.transit)
        // Colours are a scheme's, and places a width's.
        let views = [
            Chromium.View(width: 1280, isDark: false, runsScripts: true),
            Chromium.View(width: 390, isDark: true, runsScripts: true),
        ]
        for view in views {
            try await expectSound(browser, url, rules, view)
            #expect(try await browser.evaluate(Self.state) == "✓ ready")
            try await expectSound(browser, url + "history", rules, view)
        }
        #expect(try await server.change("POST", "/drain").status == 202)
        for view in views {
            try await expectSound(browser, url, rules, view)
            #expect(try await browser.evaluate(Self.state) == "✗ draining, not ready for clients")
        }
        await pair.left.close()
        await pair.right.close()
        #expect(await browser.complaints == [])
        try await browser.end()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    private static let state = "document.querySelector('.state h2').textContent.trim()"

    private func expectSound(_ browser: Chromium, _ url: String, _ rules: String, _ view: Chromium.View) async throws {
        try await browser.show(view)
        try await browser.open(url)
        try await browser.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        try await browser.evaluate(rules)
        let audit = try await browser.evaluate(Self.audit)
        #expect(audit["problems"] == .array([]), "\(url), \(view)")
        #expect(audit["passes"]?.number ?? 0 > 15, "\(url), \(view): \(audit.text)")
        let contrast = try await browser.evaluate(Self.contrast)
        for (what, least) in [("words", 4.5), ("lines", 3), ("bars", 3)] {
            #expect(contrast[what]?.number ?? 0 >= least, "\(what), \(url), \(view): \(contrast.text)")
        }
    }

    @Test("the rules find what is wrong")
    func mistakes() async throws {
        let server = try await RunningServer()
        let browser = try await Chromium()
        try await browser.show(Chromium.View(width: 1280, isDark: false, runsScripts: true))
        try await browser.open("http://127.0.0.1:\(await server.ports.admin)/")
        try await browser.evaluate(Self.rules())
        try await browser.evaluate(
            """
            document.querySelector('.tiles dt').setAttribute('style', 'color: #ccc')
            document.querySelectorAll('.tiles dt')[1].style.color = '#ccc'
            document.querySelector('h2').outerHTML = '<h6>Now</h6>'
            document.documentElement.removeAttribute('lang')
            """
        )
        let problems = try await browser.evaluate(Self.audit)["problems"]?.array?.compactMap(\.string) ?? []
        for rule in ["color-contrast", "heading-order", "html-has-lang"] {
            #expect(problems.contains { $0.hasPrefix(rule) }, "\(rule): \(problems)")
        }
        try await browser.end()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("every control is reached by the Tab key, is seen when it is, and opens with Enter")
    func keyboard() async throws {
        let server = try await RunningServer()
        let browser = try await Chromium()
        try await browser.show(Chromium.View(width: 390, isDark: true, runsScripts: true))
        try await browser.open("http://127.0.0.1:\(await server.ports.admin)/")
        let controls = "[...document.querySelectorAll('a, summary, .scroll')].filter(one => one.checkVisibility())"
        let count = try await browser.evaluate("\(controls).length").number ?? 0
        #expect(count > 15)
        var reached: [String] = []
        for _ in 0..<Int(count) {
            try await browser.press("Tab", code: 9)
            let outlined = "getComputedStyle(document.activeElement).outlineStyle === 'solid'"
            #expect(try await browser.holds(outlined), "\(reached)")
            reached.append(try await browser.evaluate("\(controls).indexOf(document.activeElement)").text)
        }
        #expect(reached == (0..<Int(count)).map(String.init))
        try await browser.evaluate("document.querySelector('summary').focus()")
        try await browser.press("Enter", code: 13)
        try await eventually("it is open") { try await browser.holds("document.querySelector('details').open") }
        try await browser.end()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    /// The program that the package axe-core-python carries.
    private static func rules() async throws -> String {
        let script = """
            import axe_core_python, pathlib
            print(pathlib.Path(axe_core_python.__file__).with_name("axe.min.js"))
            """
        let file = try await run(Repository.python("python"), "-c", script).split(separator: "\n")[0]
        return try String(contentsOfFile: String(file), encoding: .utf8)
    }
}
