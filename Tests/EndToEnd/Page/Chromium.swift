import Foundation
import TestSupport
import Testing

/// A headless Chromium with one window, which a test looks through. Source: the Chrome DevTools Protocol.
actor Chromium {
    /// How a window is set up.
    struct View: Sendable, CustomStringConvertible {
        let width: Int
        let isDark: Bool
        let runsScripts: Bool

        static let all = [1280, 390].flatMap { width in
            [false, true].flatMap { isDark in
                [false, true].map { View(width: width, isDark: isDark, runsScripts: $0) }
            }
        }

        /// As a file's name.
        var description: String {
            "\(width)-\(isDark ? "dark" : "light")-\(runsScripts ? "with" : "without")-scripts"
        }
    }

    private let folder: TemporaryFolder
    private let child: ChildProcess
    private let connection: WebSocketTestClient
    private var session: JSON = .null
    private var lastID = 0.0
    /// What the console has been told: violations of the page's policy, and errors of scripts.
    private(set) var complaints: [String] = []

    init() async throws {
        folder = try TemporaryFolder()
        child = try ChildProcess(
            "chromium",
            [
                // Tests run as root in containers, where there is no other way.
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                "--remote-debugging-port=0", "--user-data-dir=\(folder.path)/profile", "about:blank",
            ],
            ChildProcess.Setup(environment: ["HOME": folder.path])
        )
        try await child.errors("Chromium listens") { $0.contains("DevTools listening on ") }
        let address = try #require(child.errors.firstMatch(of: /ws:\/\/127\.0\.0\.1:(\d+)(\/\S+)/))
        connection = try await WebSocketTestClient.connect(port: Int(address.1) ?? 0, path: String(address.2))
        let target = try await command("Target.createTarget", ["url": "about:blank"])["targetId"] ?? .null
        session =
            try await command("Target.attachToTarget", ["targetId": target, "flatten": .bool(true)])["sessionId"]
            ?? .null
        for domain in ["Page", "Runtime", "Log"] { try await command("\(domain).enable") }
    }

    /// Ends it and all of its processes.
    func end() async throws {
        session = .null
        try await command("Browser.close")
        #expect(try await child.end() == .exited(0))
    }

    /// Sets the window up for what is loaded from now on.
    func show(_ view: View) async throws {
        try await command(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .number(Double(view.width)), "height": 900, "deviceScaleFactor": 1,
                "mobile": .bool(view.width < 600),
            ]
        )
        let scheme: JSON = ["name": "prefers-color-scheme", "value": .string(view.isDark ? "dark" : "light")]
        try await command("Emulation.setEmulatedMedia", ["features": .array([scheme])])
        try await command("Emulation.setScriptExecutionDisabled", ["value": .bool(!view.runsScripts)])
    }

    /// Runs a script in every page that is loaded from now on, before its own.
    func prepare(_ script: String) async throws {
        try await command("Page.addScriptToEvaluateOnNewDocument", ["source": .string(script)])
    }

    func open(_ url: String) async throws {
        // Not the page of before.
        try await evaluate("window.isBefore = true")
        try await command("Page.navigate", ["url": .string(url)])
        try await eventually("the page is there") { @Sendable in
            try await self.holds("!window.isBefore && document.readyState === 'complete'")
        }
    }

    /// The value of an expression, which may be a promise. Works where the page's own scripts may not run.
    @discardableResult
    func evaluate(_ expression: String) async throws -> JSON {
        let answer = try await command(
            "Runtime.evaluate",
            ["expression": .string(expression), "returnByValue": .bool(true), "awaitPromise": .bool(true)]
        )
        try #require(answer["exceptionDetails"] == nil, "\(expression): \(answer.text)")
        return answer["result"]?["value"] ?? .null
    }

    func holds(_ condition: String) async throws -> Bool { try await evaluate(condition) == .bool(true) }

    /// Presses a key that stands for no letter, such as `Tab`.
    ///
    /// - Parameter code: Of Windows' virtual keys.
    func press(_ key: String, code: Double) async throws {
        for kind in ["rawKeyDown", "char", "keyUp"] where kind != "char" || key == "Enter" {
            var event: [String: JSON] = [
                "type": .string(kind), "key": .string(key), "windowsVirtualKeyCode": .number(code),
            ]
            if kind == "char" { event["text"] = "\r" }
            try await command("Input.dispatchKeyEvent", .object(event))
        }
    }

    /// The whole page, as a PNG.
    func picture() async throws -> Data {
        let answer = try await command("Page.captureScreenshot", ["captureBeyondViewport": .bool(true)])
        return try #require(answer["data"]?.string.flatMap { Data(base64Encoded: $0) })
    }

    @discardableResult
    private func command(_ method: String, _ parameters: JSON = [:]) async throws -> JSON {
        lastID += 1
        let id = lastID
        var message: [String: JSON] = ["id": .number(id), "method": .string(method), "params": parameters]
        if session != .null { message["sessionId"] = session }
        try await connection.send(text: JSON.object(message).text)
        while true {
            let answer = try JSON(try await connection.nextText())
            note(answer)
            guard answer["id"] == .number(id) else { continue }
            return try #require(answer["result"], "\(method): \(answer.text)")
        }
    }

    private func note(_ event: JSON) {
        switch event["method"]?.string {
        case "Runtime.exceptionThrown": complaints.append(event.text)
        case "Log.entryAdded":
            let entry = event["params"]?["entry"]
            // A server that is gone is a complaint of the network's.
            if entry?["source"] != "network" { complaints.append(event.text) }
        default: break
        }
    }
}
