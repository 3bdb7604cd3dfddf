import TestSupport
import Testing

@testable import WebSocketServer

@Suite("The upgrade")
struct UpgradeTests {
    /// A request and what must come of it.
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let lines: [String]
        let status: Int
        var contains: [String] = []
        var rejection: WebSocketRejection?

        var testDescription: String { name }
    }

    private static let start = "GET / HTTP/1.1"
    private static let host = "Host: localhost"
    private static let upgrade = "Upgrade: websocket"
    private static let connection = "Connection: Upgrade"
    private static let key = "Sec-WebSocket-Key: \(WebSocketTestClient.key)"
    private static let version = "Sec-WebSocket-Version: 13"
    private static let good = [start, host, upgrade, connection, key, version]

    private static func replacing(_ line: String, with lines: String...) -> [String] {
        good.flatMap { $0 == line ? lines : [$0] }
    }

    static let rows: [Row] = [
        Row(name: "the plain request", lines: good, status: 101, contains: ["Server: echo/1", "Upgrade: websocket"]),
        Row(name: "any path and query", lines: replacing(start, with: "GET /v1/x?y=1 HTTP/1.1"), status: 101),
        Row(name: "any Host", lines: replacing(host, with: "Host: elsewhere:1"), status: 101),
        Row(name: "an Origin", lines: good + ["Origin: https://any.host"], status: 101),
        Row(name: "Origin null", lines: good + ["Origin: null"], status: 101),
        Row(name: "an Origin that is none", lines: good + ["Origin: ::::"], status: 101),
        Row(name: "names in any case", lines: replacing(upgrade, with: "UPGRADE: WebSocket"), status: 101),
        Row(
            name: "keep-alive, Upgrade",
            lines: replacing(connection, with: "Connection: keep-alive, Upgrade"),
            status: 101
        ),
        Row(name: "two Connection lines", lines: good + ["Connection: keep-alive"], status: 101),
        Row(
            name: "another method",
            lines: replacing(start, with: "POST / HTTP/1.1"),
            status: 405,
            contains: ["Allow: GET"],
            rejection: .badRequest
        ),
        Row(
            name: "HEAD",
            lines: replacing(start, with: "HEAD / HTTP/1.1"),
            status: 405,
            contains: ["Allow: GET"],
            rejection: .badRequest
        ),
        Row(name: "HTTP/1.0", lines: replacing(start, with: "GET / HTTP/1.0"), status: 400, rejection: .badUpgrade),
        Row(name: "no Host", lines: replacing(host), status: 400, rejection: .badUpgrade),
        Row(name: "two Hosts", lines: good + ["Host: other"], status: 400, rejection: .badUpgrade),
        Row(name: "no Connection", lines: replacing(connection), status: 400, rejection: .badUpgrade),
        Row(
            name: "Connection: keep-alive",
            lines: replacing(connection, with: "Connection: keep-alive"),
            status: 400,
            rejection: .badUpgrade
        ),
        Row(
            name: "no Upgrade",
            lines: replacing(upgrade),
            status: 426,
            contains: ["Sec-WebSocket-Version: 13", "Upgrade: websocket", "Connection: Upgrade, close"],
            rejection: .badUpgrade
        ),
        Row(
            name: "Upgrade to something else",
            lines: replacing(upgrade, with: "Upgrade: h2c"),
            status: 426,
            rejection: .badUpgrade
        ),
        Row(name: "no key", lines: replacing(key), status: 400, rejection: .badUpgrade),
        Row(
            name: "a short key",
            lines: replacing(key, with: "Sec-WebSocket-Key: c2hvcnQ="),
            status: 400,
            rejection: .badUpgrade
        ),
        Row(
            name: "a key that is not Base64",
            lines: replacing(key, with: "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="),
            status: 400,
            rejection: .badUpgrade
        ),
        Row(name: "two keys", lines: good + [key], status: 400, rejection: .badUpgrade),
        Row(name: "no version", lines: replacing(version), status: 400, rejection: .badUpgrade),
        Row(
            name: "version 7",
            lines: replacing(version, with: "Sec-WebSocket-Version: 7"),
            status: 426,
            contains: ["Sec-WebSocket-Version: 13"],
            rejection: .badUpgrade
        ),
        Row(
            name: "version 14",
            lines: replacing(version, with: "Sec-WebSocket-Version: 14"),
            status: 426,
            contains: ["Sec-WebSocket-Version: 13"],
            rejection: .badUpgrade
        ),
        Row(name: "a body", lines: good + ["Content-Length: 5"], status: 400, rejection: .badUpgrade),
        Row(name: "a chunked body", lines: good + ["Transfer-Encoding: chunked"], status: 400, rejection: .badUpgrade),
        Row(
            name: "a space in the request line",
            lines: replacing(start, with: "GET /a b HTTP/1.1"),
            status: 400,
            rejection: .badRequest
        ),
        Row(
            name: "HTTP of the future",
            lines: replacing(start, with: "GET / HTTP/3.7"),
            status: 400,
            rejection: .badRequest
        ),
        Row(name: "a header line without a colon", lines: good + ["nonsense"], status: 400, rejection: .badRequest),
        Row(
            name: "a plain answer",
            lines: ["GET /plain HTTP/1.1", host],
            status: 200,
            contains: ["Content-Length: 6", "\r\n\r\nplain\n", "Connection: close", "Server: echo/1"]
        ),
        Row(name: "a plain answer to an upgrade", lines: replacing(start, with: "GET /plain HTTP/1.1"), status: 200),
        Row(name: "not found, even as an upgrade", lines: replacing(start, with: "GET /missing HTTP/1.1"), status: 404),
        Row(name: "a plain answer to HTTP/1.0", lines: ["GET /plain HTTP/1.0"], status: 200),
    ]

    @Test("is granted and refused as RFC 6455 says", arguments: rows)
    func row(_ row: Row) async throws {
        try await EchoServer.run { server in
            let socket = try WebSocketTestSocket.connect(port: server.port)
            try await socket.send(row.lines.joined(separator: "\r\n") + "\r\n\r\n")
            let answer: String
            if row.status == 101 {
                answer = String(decoding: try await socket.receive(through: "\r\n\r\n"), as: UTF8.self)
                #expect(answer.contains(WebSocketTestClient.accept))
                #expect(!answer.lowercased().contains("protocol:") && !answer.lowercased().contains("extensions:"))
            } else {
                let (bytes, ending) = try await socket.receiveToEnd()
                answer = String(decoding: bytes, as: UTF8.self)
                #expect(ending == .orderly)
            }
            #expect(answer.hasPrefix("HTTP/1.1 \(row.status) "), "\(answer)")
            for part in row.contains { #expect(answer.contains(part), "\(part) in \(answer)") }
            await socket.close()
            try await eventually("rejection") { server.log.rejected == (row.rejection.map { [$0] } ?? []) }
            let granted = row.status == 101
            try await eventually("client told") { server.log.closed.count == (granted ? 1 : 0) }
        }
    }

    @Test("selects no subprotocol and no extension")
    func offers() async throws {
        try await EchoServer.run { server in
            let client = try await WebSocketTestClient.connect(
                port: server.port,
                headers: ["Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Extensions: permessage-deflate"]
            )
            #expect(!client.response.contains("Sec-WebSocket-Protocol"))
            #expect(!client.response.contains("Sec-WebSocket-Extensions"))
            try await client.send(text: "still works")
            #expect(try await client.nextText() == "still works")
        }
    }

    @Test("answers HEAD without a body")
    func head() async throws {
        try await EchoServer.run { server in
            let socket = try WebSocketTestSocket.connect(port: server.port)
            try await socket.send("HEAD /plain HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = String(decoding: try await socket.receiveToEnd().bytes, as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
            #expect(answer.contains("Content-Length: 6\r\n") && answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test("takes a request byte by byte, with the first frames glued to it")
    func bytewise() async throws {
        try await EchoServer.run { server in
            let glued = WebSocketTestFrame.text("one").bytes + WebSocketTestFrame.text("two").bytes
            let whole = try await WebSocketTestClient.connect(port: server.port, glued: glued)
            #expect(try await whole.nextText() == "one")
            #expect(try await whole.nextText() == "two")

            let socket = try WebSocketTestSocket.connect(port: server.port)
            for byte in Array(WebSocketTestClient.request().utf8) + glued { try await socket.send([byte]) }
            let answer = try await socket.receive(through: "\r\n\r\n")
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 101 "))
            #expect(
                try await socket.receive(exactly: 10) == [0x81, 3] + Array("one".utf8) + [0x81, 3] + Array("two".utf8)
            )
        }
    }

    @Test("processes a frame and FIN glued to the request")
    func gluedEnd() async throws {
        try await EchoServer.run { server in
            let socket = try WebSocketTestSocket.connect(port: server.port)
            let frames = WebSocketTestFrame.text("last words").bytes + WebSocketTestFrame.close(1000).bytes
            try await socket.send(Array(WebSocketTestClient.request().utf8) + frames)
            await socket.shutdownOutput()
            let (bytes, ending) = try await socket.receiveToEnd()
            #expect(ending == .orderly)
            #expect(String(decoding: bytes, as: UTF8.self).contains("last words"))
            #expect(Array(bytes.suffix(4)) == [0x88, 2, 0x03, 0xE8])
        }
    }

    @Test("answers 431 above 16 KiB, however the header comes, and not below", arguments: [1, 700, 1 << 20])
    func headerLimit(chunk: Int) async throws {
        try await EchoServer.run { server in
            let fits = WebSocketTestClient.request(headers: ["X-Filler: " + String(repeating: "x", count: 16100)])
            #expect(fits.utf8.count <= 16 << 10)
            let small = try WebSocketTestSocket.connect(port: server.port)
            try await small.send(fits)
            #expect(String(decoding: try await small.receive(through: "\r\n"), as: UTF8.self).contains(" 101 "))

            let socket = try WebSocketTestSocket.connect(port: server.port)
            let large = Array(
                WebSocketTestClient.request(headers: ["X-Filler: " + String(repeating: "x", count: 20000)]).utf8
            )
            var offset = 0
            while offset < large.count {
                // The server may have refused already and closed; what it said is still there to read.
                guard let count = try? await socket.sendSome(large[offset..<min(offset + chunk, large.count)]) else {
                    break
                }
                offset += count
            }
            let answer = String(decoding: try await socket.receiveToEnd().bytes, as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 431 "), "\(answer)")
            try await eventually("rejection") { server.log.rejected == [.badRequest] }
        }
    }

    @Test("refuses what is not HTTP", arguments: ["\u{16}\u{03}\u{01}", "please relay \n", "\0\0\0\0\0\0"])
    func notHTTP(bytes: String) async throws {
        try await EchoServer.run { server in
            let socket = try WebSocketTestSocket.connect(port: server.port)
            try await socket.send(bytes)
            let answer = String(decoding: try await socket.receiveToEnd().bytes, as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
            #expect(server.log.rejected == [.badRequest])
        }
    }

    @Test("closes a connection whose request does not come in time, without a word")
    func timeout() async throws {
        try await EchoServer.run(configure: { $0.upgradeTimeout = .seconds(1) }) { server in
            let silent = try WebSocketTestSocket.connect(port: server.port)
            let halfway = try WebSocketTestSocket.connect(port: server.port)
            try await halfway.send("GET / HTTP/1.1\r\nHost: x\r\n")
            let timely = try await WebSocketTestClient.connect(port: server.port)
            #expect(try await silent.receiveToEnd().bytes == [])
            #expect(try await halfway.receiveToEnd().bytes == [])
            #expect(server.log.rejected == [.timeout, .timeout])
            try await timely.send(text: "not I")
            #expect(try await timely.nextText() == "not I")
        }
    }

    @Test("reports a connection that ends before its request is complete", arguments: [true, false])
    func disconnected(orderly: Bool) async throws {
        try await EchoServer.run { server in
            let socket = try WebSocketTestSocket.connect(port: server.port)
            try await socket.send("GET / HT")
            if orderly { await socket.close() } else { await socket.reset() }
            try await eventually("rejection") { server.log.rejected == [.disconnected] }
        }
    }

    @Test("reports path, peer and wish to the delegate")
    func request() async throws {
        try await EchoServer.run { server in
            _ = try await WebSocketTestClient.connect(port: server.port, path: "/v1?a=b")
            let socket = try WebSocketTestSocket.connect(port: server.port)
            try await socket.send("GET /plain?x HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await socket.receiveToEnd()
            let requests = server.log.requests
            #expect(requests.map(\.path) == ["/v1", "/plain"])
            #expect(requests.map(\.wantsUpgrade) == [true, false])
            #expect(requests.map(\.hasPeer) == [true, true])
        }
    }
}
