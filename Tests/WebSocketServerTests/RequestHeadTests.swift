import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import TestSupport
import Testing

@testable import WebSocketServer

@Suite("The head of a request")
struct RequestHeadTests {
    /// What reading some bytes in chunks came to.
    private enum Outcome: Equatable {
        case complete(method: String, uri: String, values: [String: [String]], left: Int)
        case incomplete, malformed, tooLong
    }

    private static let names: [StaticString] = ["Host", "Upgrade", "Connection", "X-A", "Sec-WebSocket-Key"]

    private static func read(_ bytes: [UInt8], limit: Int = 4096, chunk: Int = .max) -> Outcome {
        var reader = RequestHeadReader(limit: limit)
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(chunk)
            let (consumed, reading) = part.withUnsafeBytes { reader.read($0) }
            rest = rest.dropFirst(consumed)
            switch reading {
            case .incomplete: if consumed < part.count { return .incomplete }
            case .malformed: return .malformed
            case .tooLong: return .tooLong
            case .complete(let head):
                var values: [String: [String]] = [:]
                for name in names where head.count(of: name) > 0 {
                    values["\(name)".lowercased()] = head.values(of: name)
                }
                let method = head.method == .get ? "GET" : head.method == .head ? "HEAD" : "other"
                return .complete(method: method, uri: head.uri, values: values, left: rest.count)
            }
        }
        return .incomplete
    }

    private static func read(_ text: String, chunk: Int = .max) -> Outcome { read(Array(text.utf8), chunk: chunk) }

    @Test("is read whole and byte by byte, and what stands behind it is left alone", arguments: [1, 2, 7, .max])
    func good(chunk: Int) {
        let text = "\r\nGET /v1?a=b HTTP/1.1\r\nHost:  a.example \r\nX-A:1\r\nx-a: \t2\t\r\nX-A:\r\n\r\nframes"
        #expect(
            Self.read(text, chunk: chunk)
                == .complete(
                    method: "GET",
                    uri: "/v1?a=b",
                    values: ["host": ["a.example"], "x-a": ["1", "2", ""]],
                    left: chunk == .max ? 6 : 6
                )
        )
        #expect(
            Self.read("HEAD / HTTP/1.0\n\n", chunk: chunk) == .complete(method: "HEAD", uri: "/", values: [:], left: 0)
        )
    }

    @Test(
        "is refused for anything that is none",
        arguments: [
            "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET /\r\n\r\n",
            "GET v1 HTTP/1.1\r\n\r\n", "GET ftp://x/ HTTP/1.1\r\n\r\n", "G@T / HTTP/1.1\r\n\r\n",
            " GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n continued\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n", "GET / HTTP/1.1\r\nHost\r\n\r\n",
            "GET / HTTP/1.1\rHost: x\r\n\r\n", "GET / HTTP/1.1\r\nA: \u{0}\r\n\r\n", "GET /\t HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nX-A: 1\r\n\tfolded\r\n\r\n", "\u{16}\u{3}\u{1}", "hello\r\n",
        ]
    )
    func bad(text: String) {
        for chunk in [1, 3, Int.max] { #expect(Self.read(text, chunk: chunk) == .malformed, "in \(chunk)s") }
    }

    @Test(
        "has a path, whatever form its target has",
        arguments: [
            ("/", "/"), ("/v1", "/v1"), ("/v1/?x=/y", "/v1/"), ("http://a.example/v1?x", "/v1"),
            ("HTTPS://a.example:1/", "/"), ("http://a.example", "/"), ("http://a.example?x", "/"),
        ]
    )
    func path(target: String, path: String) throws {
        let head = try #require(RequestHead(Array("GET \(target) HTTP/1.1\r\n\r\n".utf8)))
        #expect(head.path == path && head.uri == target)
    }

    @Test("is waited for as long as it may become one")
    func incomplete() {
        let bytes = Array("GET /v1 HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        for count in 1..<bytes.count { #expect(Self.read(Array(bytes[..<count])) == .incomplete) }
    }

    @Test("has a limit, to the byte", arguments: [1, 50, .max])
    func limit(chunk: Int) {
        let bytes = Array("GET / HTTP/1.1\r\nX-A: \(String(repeating: "x", count: 100))\r\n\r\n".utf8)
        #expect(Self.read(bytes, limit: bytes.count - 1, chunk: chunk) == .tooLong)
        #expect(Self.read(bytes, limit: bytes.count, chunk: chunk) != .tooLong)
    }

    @Test("lists tokens whatever their case and the space around them")
    func lists() throws {
        let text = "GET / HTTP/1.1\r\nConnection: keep-alive ,\tUpGrade\r\nUpgrade: h2c\r\nUPGRADE: WebSocket\r\n\r\n"
        let head = try #require(RequestHead(Array(text.utf8)))
        #expect(head.lists("upgrade", in: "Connection") && head.lists("keep-alive", in: "connection"))
        #expect(head.lists("websocket", in: "Upgrade") && !head.lists("websocket", in: "Connection"))
        #expect(!head.lists("keep", in: "Connection"))
        #expect(head.only("Upgrade") == nil)
    }

    // MARK: Against another parser

    /// What NIO's parser makes of the same bytes; `nil` when it refuses them or waits for more.
    private static func readByNIO(_ bytes: [UInt8]) throws -> HTTPRequestHead? {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))
        )
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        guard (try? channel.writeInbound(ByteBuffer(bytes: bytes))) != nil,
            case .head(let head)? = try? channel.readInbound(as: HTTPServerRequestPart.self)
        else { return nil }
        return head
    }

    @Test("what is taken for a request, NIO's parser takes for the same one", arguments: 0..<20)
    func fuzz(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "GET", "HEAD", "POST", " ", "  ", "/", "/v1", "?a=b", " HTTP/1.1", " HTTP/1.0", " HTTP/1.2", "\r\n", "Host",
            ":", ": ", "x", "X-A", "Upgrade: websocket", "Connection: Upgrade", "\t", "é", "\u{0}", "\u{7F}", ",", "=",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "\"", "(", "%20", "#",
        ]
        var accepted = 0
        for _ in 0..<1500 {
            // A good request with some of its parts exchanged.
            var parts = ["GET", " ", "/v1", " HTTP/1.1", "\r\n", "Host", ": ", "x", "\r\n", "X-A", ":", "1", "\r\n"]
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0..<parts.count, using: &random)
                let piece = pieces[Int.random(in: 0..<pieces.count, using: &random)]
                if Bool.random(using: &random) { parts[place] = piece } else { parts.insert(piece, at: place) }
            }
            let bytes = Array((parts.joined() + "\r\n").utf8)
            let chunk = [1, 5, Int.max][Int.random(in: 0..<3, using: &random)]
            guard case .complete(let method, let uri, let values, let left) = Self.read(bytes, chunk: chunk) else {
                continue
            }
            accepted += 1
            // What both leave to the one who asks: other methods, and targets in other characters than RFC 3986 has.
            guard method != "other", uri.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            let head = try #require(try Self.readByNIO(bytes.dropLast(left)), "\(text.debugDescription)")
            #expect(head.uri == uri && head.method.rawValue == method)
            for name in Self.names {
                // NIO leaves the space behind a value to whoever asks.
                let theirs = head.headers["\(name)"].map { $0.trimmingCharacters(in: .whitespaces) }
                #expect(theirs == values["\(name)".lowercased()] ?? [], "\(text.debugDescription)")
            }
        }
        #expect(accepted > 100, "too few requests to compare")
    }

    @Test("never reads beyond its input or waits for more than its limit", arguments: 0..<10)
    func noise(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let bytes = (0..<600).map { _ in
                // Mostly letters, so that it gets somewhere.
                UInt8.random(in: Int.random(in: 0..<40, using: &random) == 0 ? 0...255 : 0x41...0x5A, using: &random)
            }
            let outcome = Self.read(bytes, limit: 500, chunk: Int.random(in: 1...600, using: &random))
            #expect(outcome == .malformed || outcome == .tooLong)
        }
    }

    @Test("the answer to a key is that of RFC 6455, section 1.3, and of 20 bytes in Base64 in general")
    func acceptKey() {
        let answer = AcceptKey.value(for: "dGhlIHNhbXBsZSBub25jZQ==".utf8)
        #expect(String(decoding: answer, as: UTF8.self) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }
}
