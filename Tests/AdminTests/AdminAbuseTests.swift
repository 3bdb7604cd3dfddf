import Foundation
import LinuxIO
import Telemetry
import TestSupport
import Testing

@testable import Admin

extension AdminEndpointTests {
    @Suite("under abuse")
    struct Abuse {
        @Test("a request beyond the memory of its connection is refused", arguments: [20_000, 1_000_000])
        func hugeHeader(size: Int) async throws {
            let endpoint = try TestEndpoint()
            let client = try RawClient(port: endpoint.port)
            client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ")
            client.send([UInt8](repeating: UInt8(ascii: "x"), count: size))
            let status = client.readToEnd().split(separator: " ").dropFirst().first
            // The answer may be lost when the server closes on what it has not read.
            #expect(status == nil || status == "431" || status == "413" || status == "400")
            #expect(try await endpoint.curl("/healthz").status == "200")
            await endpoint.stop()
        }

        @Test("a body is not read, however long it says it is")
        func endlessBody() async throws {
            let endpoint = try TestEndpoint()
            for head in ["POST /metrics", "GET /metrics"] {
                let client = try RawClient(port: endpoint.port)
                client.send("\(head) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\nxxxx")
                let answer = client.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 4"), "\(answer.prefix(40))")
            }
            #expect(try await endpoint.curl("/healthz").status == "200")
            await endpoint.stop()
        }

        @Test("the body of a change is read up to its limit, announced or not")
        func longBodies() async throws {
            let endpoint = try TestEndpoint(token: "0123456789abcdef")
            let head =
                "PUT /motd HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Authorization: Bearer 0123456789abcdef\r\n"
            let announced = try RawClient(port: endpoint.port)
            announced.send(head + "Content-Length: 20000\r\n\r\n")
            #expect(announced.readToEnd().hasPrefix("HTTP/1.1 413 "))
            let chunk = "4000\r\n" + String(repeating: " ", count: 0x4000) + "\r\n"
            let short = try RawClient(port: endpoint.port)
            short.send(head + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)\(chunk)0\r\n\r\n")
            #expect(short.readToEnd().hasPrefix("HTTP/1.1 413 "))
            let endless = try RawClient(port: endpoint.port)
            endless.send(head + "Transfer-Encoding: chunked\r\n\r\n")
            var sent = 0
            while endless.send(chunk), sent < 1000 { sent += 1 }
            #expect(sent < 1000, "it was cut off")
            let good = try RawClient(port: endpoint.port)
            good.send(
                head + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"text\":\"x\"}\r\n0\r\n\r\n"
            )
            #expect(good.readToEnd().hasPrefix("HTTP/1.1 204 "))
            #expect(endpoint.subject.calls == ["messageOfTheDay x"])
            await endpoint.stop()
        }

        @Test("bodies of garbage change nothing", arguments: 0..<4 as Range<UInt64>)
        func fuzzedBodies(seed: UInt64) async throws {
            let endpoint = try TestEndpoint(token: "0123456789abcdef")
            var random = SeededGenerator(seed: seed)
            let valid = Array(#"{"text": "a\"b\u00e9", "x": [1, 2.5e3, true, null, {"y": "z"}]}"#.utf8)
            for _ in 0..<60 {
                var body = valid
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    let place = Int.random(in: 0..<body.count, using: &random)
                    if Bool.random(using: &random) {
                        body[place] = UInt8.random(in: 0...255, using: &random)
                    } else {
                        body.insert(contentsOf: Array("[{\"".utf8.shuffled(using: &random)), at: place)
                    }
                }
                let client = try RawClient(port: endpoint.port)
                client.send(
                    "PUT /motd HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
                        + "Authorization: Bearer 0123456789abcdef\r\nContent-Length: \(body.count)\r\n\r\n"
                )
                client.send(body)
                let status = client.readToEnd().split(separator: " ").dropFirst().first
                #expect(status == "400" || status == "422", "seed \(seed): \(String(decoding: body, as: UTF8.self))")
            }
            #expect(endpoint.subject.calls.isEmpty)
            await endpoint.stop()
        }

        @Test("garbage and cut-off requests end their connection and nothing else", arguments: 0..<6 as Range<UInt64>)
        func fuzz(seed: UInt64) async throws {
            let endpoint = try TestEndpoint {
                $0.idleTimeout = 1
                $0.connectionLimit = 200
                $0.connectionLimitPerAddress = 200
            }
            var random = SeededGenerator(seed: seed)
            let valid = Array(
                "GET /readyz?verbose HTTP/1.1\r\nHost: localhost:1\r\nAccept: */*\r\nForwarded: no\r\n\r\n".utf8
            )
            let clients = try (0..<150).map { _ in
                var bytes = valid
                for _ in 0..<Int.random(in: 1...12, using: &random) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                    case 2: bytes.removeSubrange(place..<min(bytes.count, place + 5))
                    default: bytes += (0..<20).map { _ in UInt8.random(in: 0...255, using: &random) }
                    }
                    if bytes.isEmpty { bytes = [0] }
                }
                let client = try RawClient(port: endpoint.port)
                client.send(bytes)
                client.endSending()
                return client
            }
            // The end of what the client sends may go unnoticed until the connection has idled out.
            for client in clients { _ = client.readToEnd() }
            #expect(try await endpoint.curl("/healthz").status == "200", "seed \(seed)")
            await endpoint.stop()
        }

        /// All local tools share an address. With one that holds its 16 connections, others of the same address are turned away
        /// until those idle out (10 s); tools at other addresses are served at once.
        @Test("a hundred idle connections leave other addresses alone, and their own after the idle timeout")
        func idleConnections() async throws {
            let endpoint = try TestEndpoint { $0.idleTimeout = 2 }
            var idle = try (0..<100).map { _ in try RawClient(port: endpoint.port) }
            for client in idle { client.send("GET /metrics HTTP/1.1\r\n") }
            try await eventually("those beyond the limit are closed") { idle.count { $0.readNow() == nil } >= 84 }
            let other = try RawClient(port: endpoint.port, from: "127.0.0.2")
            other.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            #expect(other.readToEnd().hasSuffix("ok\n"))
            try await eventually("the same address is served again") {
                try await endpoint.curl("/healthz").status == "200"
            }
            idle.removeAll()
            await endpoint.stop()
        }

        @Test("a scrape does not wait for a slow reader of another")
        func slowReader() async throws {
            let endpoint = try TestEndpoint()
            let slow = try (0..<10).map { _ in try RawClient(port: endpoint.port) }
            for client in slow {
                // Many answers asked for, none read.
                client.send(String(repeating: "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 50))
            }
            #expect(try await endpoint.curl("/metrics").status == "200")
            await endpoint.stop()
        }

        @Test("stopping ends the thread and every connection, and frees the port, even at the connection limit")
        func stop() async throws {
            let before = try threads()
            for round in 0..<5 {
                let endpoint = try TestEndpoint {
                    $0.connectionLimit = 4
                    $0.connectionLimitPerAddress = 4
                }
                let clients = try (0..<8).map { _ in try RawClient(port: endpoint.port) }
                for client in clients { client.send("GET /met") }
                try await eventually("the thread of round \(round) has its name") { try threads() > before }
                let clock = ContinuousClock()
                let time = clock.measure { endpoint.server.stop() }
                #expect(time < .seconds(2))
                endpoint.server.stop()
                #expect(throws: POSIXError.self) { _ = try RawClient(port: endpoint.port) }
                let again = try ListeningSocket.open(try Endpoint("tcp:\(endpoint.port):interface=127.0.0.1"))
                #expect(again.port == endpoint.port)
                await endpoint.telemetry.stop()
                for client in clients { _ = client.readToEnd() }
            }
            try await eventually("no thread is left") { try threads() == before }
        }

        @Test("limits of zero, which would mean none, are the smallest there are")
        func noLimits() async throws {
            let endpoint = try TestEndpoint {
                $0.connectionLimit = 0
                $0.connectionLimitPerAddress = -1
                $0.idleTimeout = 0
            }
            let idle = try RawClient(port: endpoint.port)
            idle.send("GET /")
            try await eventually("it idled out") { idle.readNow() == nil }
            #expect(try await endpoint.curl("/healthz").status == "200")
            await endpoint.stop()
        }

        /// Threads of libmicrohttpd in this process.
        private func threads() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count { task in
                // A thread may end between the two looks.
                let name = try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)
                return name?.hasPrefix("MHD") == true
            }
        }
    }
}
