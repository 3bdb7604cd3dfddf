import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The status page", .timeLimit(.minutes(3)))
struct StatusPageTests {
    /// Makes its clock run ten times as fast, and knows what waits.
    private static let hurry = """
        (() => {
          const [start, stop] = [window.setTimeout, window.clearTimeout]
          window.pending = new Set()
          window.setTimeout = (body, time) => {
            const timer = start(() => { window.pending.delete(timer); body() }, time / 10)
            window.pending.add(timer)
            return timer
          }
          window.clearTimeout = timer => { window.pending.delete(timer); stop(timer) }
        })()
        """

    /// What anybody would see at once if it went wrong.
    private static let layout = """
        (() => {
          const shown = element => element && element.getClientRects().length > 0
          const texts = [...document.querySelectorAll('figure svg text')].filter(text => {
            const box = text.getBoundingClientRect(), frame = text.closest('svg').getBoundingClientRect()
            return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1
              || box.bottom > frame.bottom + 1
          })
          const sizes = [...document.querySelectorAll('figure svg text')].map(text => text.getBoundingClientRect().height)
          return {
            scrollWidth: document.documentElement.scrollWidth, outside: texts.map(text => text.textContent),
            smallest: Math.min(...sizes), largest: Math.max(...sizes), charts: document.querySelectorAll('figure > svg[role=img]').length,
            ground: getComputedStyle(document.body).backgroundColor, asksToReload: shown(document.querySelector('footer time + .without-script')),
            state: document.querySelector('.state h2')?.textContent.trim(),
            tall: [...document.querySelectorAll('.tiles small')].filter(one => one.getBoundingClientRect().height > 24)
              .map(one => one.textContent),
            tiles: Object.fromEntries([...document.querySelectorAll('.tiles > div')].map(
              tile => [tile.querySelector('dt').textContent, tile.querySelector('strong').textContent])),
            lines: document.querySelectorAll('path.line:not(.swatch *), circle.dot').length
          }
        })()
        """

    private static let views = Chromium.View.all

    /// A transfer between two real clients, which takes the relay because neither listens, and some seconds because of a rate.
    private func transfer(_ ports: RunningServer.Ports, in folder: String) throws -> [ChildProcess] {
        try Data(count: 24_000_000).write(to: URL(filePath: folder + "/cargo"))
        try FileManager.default.createDirectory(atPath: folder + "/in", withIntermediateDirectories: false)
        let servers = [
            "--relay-url", "ws://127.0.0.1:\(ports.mailbox)/v1", "--transit-helper", "tcp:127.0.0.1:\(ports.transit)",
        ]
        let environment = ["LC_ALL": "C.UTF-8", "WORMHOLE_ACCEPT_FILE": "1"]
        func start(_ arguments: [String], in folder: String) throws -> ChildProcess {
            try ChildProcess(
                Repository.python("wormhole"),
                servers + arguments,
                ChildProcess.Setup(folder: folder, environment: environment)
            )
        }
        let code = "7-guitarist-revenge"
        return [
            try start(["send", "--no-listen", "--hide-progress", "--code", code, "cargo"], in: folder),
            try start(["receive", "--no-listen", "--hide-progress", code], in: folder + "/in"),
        ]
    }

    @Test("shows a running transfer at every width, in both schemes, with and without scripts")
    func views() async throws {
        let folder = try TemporaryFolder()
        let server = try await RunningServer("--blur-usage=0", "--session-rate=1500000")
        let ports = await server.ports
        let url = "http://127.0.0.1:\(ports.admin)/"
        let browser = try await Chromium()
        let clients = try transfer(ports, in: folder.path)
        let waiting = try WebSocketTestSocket.connect(port: ports.transit)
        try await waiting.send(RelayHandshake.line(token: RelayHandshake.token(), side: "0000000000000001"))
        try await eventually("the transfer runs") {
            try await server.metric("wormhole_transit_active_sessions") == 1
        }

        var grounds: [Bool: Set<JSON>] = [:]
        for view in Self.views {
            try await browser.show(view)
            try await browser.open(url)
            let seen = try await browser.evaluate(Self.layout)
            #expect(seen["state"] == "✓ ready", "\(view)")
            #expect(seen["tiles"]?["Active transfers"] == "1", "\(view): \(seen.text)")
            #expect(seen["tiles"]?["Open connections"]?.string.flatMap { Int($0) } ?? 0 >= 3, "\(view): \(seen.text)")
            #expect(seen["charts"] == 9, "\(view)")
            expectSoundLayout(seen, view)
            #expect(
                try await browser.holds("document.querySelector('.tiles').textContent.includes('partner: 1')")
            )
            grounds[view.isDark, default: []].insert(seen["ground"] ?? .null)
            try await keep(browser.picture(), "status-\(view)")
        }
        #expect(grounds[false]?.count == 1 && grounds[true]?.count == 1 && grounds[false] != grounds[true])

        for client in clients { #expect(try await client.end() == .exited(0), "\(client.transcript)") }
        let happy = """
            [...document.querySelectorAll('#ends-transit ~ .scroll tr')].map(row => [...row.children].map(cell => cell.textContent))
              .find(row => row[0] === 'happy')
            """
        try await eventually("the finished transfer is among the happy ones, and in today's bytes") {
            try await browser.open(url)
            let row = try await browser.evaluate(happy)
            let today = try await browser.evaluate(Self.layout)["tiles"]?["Today"]?.string ?? ""
            return row == ["happy", "1", "1", "1"] && today.wholeMatch(of: /24(\.\d)? MB/) != nil
        }
        for view in Self.views {
            try await browser.show(view)
            try await browser.open(url + "history")
            let seen = try await browser.evaluate(Self.layout)
            #expect(seen["charts"] == 12, "\(view)")
            expectSoundLayout(seen, view)
            try await keep(browser.picture(), "history-\(view)")
        }
        await waiting.close()
        let complaints = await browser.complaints
        #expect(complaints == [])
        try await browser.end()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    private func expectSoundLayout(_ seen: JSON, _ view: Chromium.View) {
        #expect(seen["scrollWidth"]?.number ?? .infinity <= Double(view.width), "\(view) scrolls sideways")
        #expect(seen["outside"] == .array([]), "\(view)")
        #expect(seen["smallest"]?.number ?? 0 >= 10, "\(view): labels too small to read")
        if view.width > 600 { #expect(seen["tall"] == .array([]), "\(view): details that do not fit in a line") }
        #expect(seen["largest"]?.number ?? .infinity <= 18, "\(view): labels larger than headings")
        #expect(seen["asksToReload"] == .bool(!view.runsScripts), "\(view)")
    }

    /// For people to look at.
    private func keep(_ picture: Data, _ name: String) throws {
        let folder = Repository.root.appending(path: ".build/status-page")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try picture.write(to: folder.appending(path: "\(name).png"))
    }

    @Test("refreshes itself, rests while nobody looks, and says when the server is gone")
    func refreshing() async throws {
        let server = try await RunningServer("--blur-usage=0")
        let browser = try await Chromium()
        try await browser.prepare(Self.hurry)
        try await browser.show(Chromium.View(width: 1280, isDark: false, runsScripts: true))
        try await browser.open("http://127.0.0.1:\(await server.ports.admin)/")
        let active = "document.querySelector('.tiles strong').textContent"
        #expect(try await browser.evaluate(active) == "0")
        try await browser.evaluate("document.querySelector('#hour-table summary').focus()")
        try await browser.evaluate("document.getElementById('hour-table').open = true")

        let pair = try await RelayPair(port: server.ports.transit)
        try await eventually("the page shows the pair by itself") { try await browser.evaluate(active) == "1" }
        #expect(try await browser.holds("document.getElementById('hour-table').open"))
        #expect(try await browser.evaluate("document.activeElement.textContent") == "The last hour in numbers")

        // Out of sight: no timer waits, and none comes back with an answer that is under way.
        let look = "document.dispatchEvent(new Event('visibilitychange'))"
        try await browser.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true, configurable: true}); \(look)"
        )
        try await eventually("it rests") { try await browser.evaluate("window.pending.size") == 0 }
        let before = try await browser.evaluate("document.documentElement.dataset.refreshes").string.flatMap { Int($0) }
        try await browser.evaluate("delete document.hidden; \(look)")
        try await eventually("it goes on at once") {
            try await browser.evaluate("document.documentElement.dataset.refreshes").string.flatMap { Int($0) } ?? 0
                > before ?? 0
        }

        await pair.left.close()
        await pair.right.close()
        let complaints = await browser.complaints
        #expect(complaints == [])
        #expect(try await browser.holds("document.getElementById('note').hidden"))
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        try await eventually("it says that the server is gone") {
            try await browser.evaluate(
                "!document.getElementById('note').hidden && document.getElementById('note').textContent"
            ).string?.hasPrefix("The server does not answer. What is shown is of ") ?? false
        }
        #expect(try await browser.holds("document.querySelector('.tiles') !== null"))
        try await browser.end()
    }

    @Test("answers while the usage database is locked, and says so")
    func locked() async throws {
        let server = try await RunningServer("--blur-usage=0")
        #expect(try await server.get("/history").contains("aria-labelledby=\"day-bytes-title"))
        let lock = try await DatabaseLock(server.folder.path + "/usage.sqlite")
        try await eventually("it says that its numbers are old") {
            let clock = ContinuousClock()
            let start = clock.now
            let page = try await server.get("/")
            #expect(clock.now - start < .seconds(3), "twice the time it may take, for a busy machine")
            return page.contains("The usage database") && page.contains("What is shown is of ")
                && page.contains("id=\"day-bytes-title\"")
        }
        #expect(try await server.get("/history").contains("class=\"problem\""))
        try await lock.release()
        try await eventually("the numbers are new again") {
            try await !server.get("/").contains("class=\"problem\"")
        }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("tells nothing of a client before the window is over, when privacy is strict", arguments: [true, false])
    func strict(isStrict: Bool) async throws {
        let server = try await RunningServer(
            "--blur-usage=604800",
            isStrict ? "--privacy=strict" : "--privacy=standard"
        )
        func page() async throws -> String {
            // All but the times of the server itself.
            try await server.get("/").replacing(/<footer>(?s:.*)/, with: "").replacing(/up for [^<]*/, with: "")
                .replacing(/\d\d:\d\d(:\d\d)?/, with: "")
        }
        func figures(_ page: String) -> [String] {
            page.matches(of: /<(?:strong|td)>([^<]*)</).map { String($0.1) }
        }
        let before = figures(try await page())
        #expect(before.count > 50)
        let pair = try await RelayPair(port: server.ports.transit)
        try await pair.expectPassage(of: "12345")
        let client = try await MailboxClient(port: server.ports.mailbox, app: "app", side: "side")
        _ = try await client.meet(at: "4")
        if isStrict {
            try await eventually("the endpoint has looked again") {
                try await server.get("/status").contains("\"10s\": {")
            }
            let after = try await page()
            // A rate without a span becomes a rate of nothing.
            let nothing: Set = ["–", "0", "0 B", "0 B/s"]
            #expect(figures(after).filter { !nothing.contains($0) } == before.filter { !nothing.contains($0) })
            #expect(after.contains("latest 0") && !after.contains(/(latest|highest) [1-9]/), "the charts")
        } else {
            try await eventually("it shows them") {
                let page = try await page()
                return figures(page) != before && page.contains("mailbox 1, relay 2")
            }
        }
        await pair.left.close()
        await pair.right.close()
        _ = try await client.connection.close()
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }
}
