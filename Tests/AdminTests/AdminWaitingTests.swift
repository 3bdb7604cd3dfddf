import Foundation
import Telemetry
import TestSupport
import Testing

@testable import Admin

extension AdminEndpointTests {
    @Suite("while the services do not answer")
    struct Waiting {
        @Test("a change is given up in time and names the stuck loop, and scrapes go on meanwhile")
        func stuckLoop() async throws {
            let endpoint = try TestEndpoint()
            // Nobody beats for it.
            _ = endpoint.telemetry.heartbeats.register("mailbox")
            endpoint.subject.getStuck()
            let clock = ContinuousClock()
            let start = clock.now
            async let change = endpoint.change("PUT", "/motd", #"{"text": "x"}"#)
            async let list = endpoint.curl("/debug/connections", "--unix-socket", endpoint.path)
            try await eventually("both wait") { endpoint.subject.waitingCount == 2 }
            // Over the same listener, by the same thread.
            for _ in 0..<20 {
                #expect(try await endpoint.curl("/metrics", "--unix-socket", endpoint.path).status == "200")
            }
            for answer in [try await change, try await list] {
                #expect(answer.status == "503", "\(answer.text)")
                #expect(answer.text.hasSuffix("; stuck: mailbox\n"), "\(answer.text)")
            }
            #expect(clock.now - start < .seconds(15))
            endpoint.subject.turnAgain()
            try await eventually("others are served again") {
                try await endpoint.curl("/debug/connections").status == "200"
            }
            await endpoint.stop()
        }

        @Test("no more than a few wait; the rest are told so at once")
        func manyWait() async throws {
            let endpoint = try TestEndpoint {
                $0.connectionLimit = 100
                $0.connectionLimitPerAddress = 100
            }
            endpoint.subject.getStuck()
            let clients = try (0..<40).map { _ in try RawClient(port: endpoint.port) }
            let request = "GET /debug/connections HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            for client in clients { client.send(request) }
            let answers = clients.map { $0.readToEnd() }
            #expect(answers.allSatisfy { $0.hasPrefix("HTTP/1.1 503 ") })
            #expect(answers.count { $0.contains("too many requests wait") } == 24)
            #expect(endpoint.subject.waitingCount == 16)
            endpoint.subject.turnAgain()
            try await eventually("there is room again") {
                try await endpoint.curl("/debug/connections").status == "200"
            }
            await endpoint.stop()
        }

        @Test("stopping lets those go who wait, and waits for nobody")
        func stopping() async throws {
            let endpoint = try TestEndpoint()
            endpoint.subject.getStuck()
            async let change = endpoint.change("POST", "/backup")
            try await eventually("it waits") { endpoint.subject.waitingCount == 1 }
            let stream = try RawClient(port: endpoint.port)
            stream.send("GET /debug/traffic?samples=1000&interval=60 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try await eventually("the stream has begun") { stream.readNow()?.contains(" 200 ") == true }
            let time = ContinuousClock().measure { endpoint.server.stop() }
            #expect(time < .seconds(2))
            _ = try await change
            _ = stream.readToEnd()
            endpoint.subject.turnAgain()
            await endpoint.telemetry.stop()
        }

        @Test("a reader of the traffic that takes nothing holds up nobody, and one that leaves is forgotten")
        func streams() async throws {
            let endpoint = try TestEndpoint()
            var streams = try (0..<4).map { _ in try RawClient(port: endpoint.port) }
            for stream in streams {
                stream.send("GET /debug/traffic?samples=1000&interval=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            }
            try await eventually("all four are taken") {
                try await endpoint.curl("/debug/traffic?samples=1&interval=1").status == "503"
            }
            #expect(try await endpoint.curl("/metrics").status == "200")
            streams.removeAll()
            try await eventually("there is room again") {
                try await endpoint.curl("/debug/traffic?samples=1&interval=1").status == "200"
            }
            await endpoint.stop()
        }

        @Test("the traffic is a line of JSON for each interval")
        func traffic() async throws {
            let endpoint = try TestEndpoint()
            let answer = try await endpoint.curl("/debug/traffic?samples=2&interval=1")
            let body = answer.text[try #require(answer.text.firstRange(of: "\n\n")).upperBound...]
            let line = #"{"connections": 1, "seconds": 1, "bytes": 0, "top": []}"#
            #expect(body == "\(line)\n\(line)\n")
            await endpoint.stop()
        }
    }
}
