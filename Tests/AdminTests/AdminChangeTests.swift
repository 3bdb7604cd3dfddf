import Foundation
import Telemetry
import TestSupport
import Testing

@testable import Admin

extension AdminEndpointTests {
    @Suite("asked for changes")
    struct Changes {
        private static let token = "0123456789abcdefTOKEN"

        @Test("over the Unix socket each is carried out, counted and logged in one line")
        func overTheSocket() async throws {
            let endpoint = try TestEndpoint()
            let changes: [(method: String, path: String, body: String, status: String, call: String)] = [
                (
                    "PUT", "/limits", #"{"max_stored_bytes": 7, "bind_timeout": 0}"#, "200",
                    #"limits ["bind_timeout=0", "max_stored_bytes=7"]"#
                ),
                (
                    "PUT", "/limits", #"{"idle_timeout": null, "persist": true, "reset": true}"#, "200",
                    #"limits ["idle_timeout=null"] reset persist"#
                ),
                ("POST", "/drain", "{}", "202", "drain nil"),
                ("POST", "/drain?deadline=9", "{}", "202", "drain Optional(9.0 seconds)"),
                ("PUT", "/motd", #"{"text": "Grüße\n\"x\""}"#, "204", "messageOfTheDay Grüße\n\"x\""),
                ("PUT", "/signal-error", #"{"text": null}"#, "204", "error nil"),
                ("PUT", "/advertise-version", #"{"text": "1.0"}"#, "204", "currentVersion 1.0"),
                ("POST", "/backup", "{}", "200", "backup"),
                ("PUT", "/log-level", #"{"level": "debug"}"#, "204", "level debug 600.0 seconds"),
                ("PUT", "/log-level", #"{"level": "error", "seconds": 5}"#, "204", "level error 5.0 seconds"),
            ]
            for change in changes {
                let answer = try await endpoint.change(change.method, change.path, change.body)
                #expect(answer.status == change.status, "\(change.path): \(answer.text)")
                #expect(endpoint.subject.calls.last == change.call)
                let line = "\(change.method) \(change.path.prefix { $0 != "?" }) over the Unix socket"
                #expect(endpoint.lines.all.last?.hasPrefix(line) == true, "\(endpoint.lines.all)")
            }
            #expect(endpoint.lines.all.count == changes.count)
            #expect(try await endpoint.change("POST", "/debug/kick?id=m-1").status == "204")
            let metrics = try await endpoint.curl("/metrics").text
            for (action, count) in [("drain", 2), ("set_limits", 2), ("set_motd", 1), ("kick", 1), ("undrain", 0)] {
                #expect(
                    metrics.contains("\nwormhole_admin_actions_total{action=\"\(action)\"} \(count)\n"),
                    "\(action)"
                )
            }
            await endpoint.stop()
        }

        @Test("what cannot be done says why, and is not counted")
        func refusals() async throws {
            let endpoint = try TestEndpoint()
            let changes: [(method: String, path: String, body: String, status: String, text: String)] = [
                ("POST", "/undrain", "{}", "409", "the process stops"),
                ("POST", "/reload", "{}", "422", "line 3 of it"),
                ("POST", "/debug/kick?id=m-2", "{}", "404", "there is no connection of this id"),
                ("POST", "/debug/kick", "{}", "400", "parameter id is missing"),
                ("POST", "/drain?deadline=-1", "{}", "400", "parameter deadline cannot be what it is"),
                ("POST", "/drain?deadline=1&deadline=2", "{}", "400", "parameter deadline stands there twice"),
                ("POST", "/drain", "[]", "422", "the body is not an object"),
                ("POST", "/drain", "{", "400", "the body is not JSON"),
                ("PUT", "/motd", "{}", "422", "the body.text is missing"),
                ("PUT", "/motd", #"{"text": 5}"#, "422", "the body.text is not a string"),
                ("PUT", "/limits", #"{"nonsense": 5}"#, "422", "the body has no member of this name: nonsense"),
                (
                    "PUT", "/limits", #"{"bind_timeout": 1, "max_message_size": 5}"#, "422",
                    "max_message_size cannot be changed while the process runs: it is a property of the WebSocket listener"
                ),
                ("PUT", "/limits", #"{"bind_timeout": "1"}"#, "422", "the body.bind_timeout is not a whole number"),
                ("PUT", "/limits", #"{"persist": 1}"#, "422", "the body.persist is not true or false"),
                ("PUT", "/log-level", #"{"level": "loud"}"#, "422", "the body.level is not one of"),
            ]
            for change in changes {
                let answer = try await endpoint.change(change.method, change.path, change.body)
                #expect(answer.status == change.status, "\(change.path) \(change.body): \(answer.text)")
                #expect(answer.text.contains("\n\n\(change.text)"), "\(answer.text)")
            }
            #expect(endpoint.subject.calls.isEmpty)
            #expect(!(try await endpoint.curl("/metrics").text).contains(/wormhole_admin_actions_total{.*} [1-9]/))
            await endpoint.stop()
        }

        @Test("over TCP they take the token, which nothing else shows")
        func overTCP() async throws {
            let open = try TestEndpoint()
            #expect(try await open.curl("/drain", "--json", "{}").status == "403")
            await open.stop()
            let endpoint = try TestEndpoint(token: Self.token)
            let shown = "Authorization: Bearer \(Self.token)"
            #expect(try await endpoint.curl("/drain", "--json", "{}", "--header", shown).status == "202")
            let wrong = [
                "", "Bearer", "Bearer ", "Bearer x", "Basic \(Self.token)", "Bearer \(Self.token)x", Self.token,
                "Bearer \(Self.token.dropLast())", "Bearer \(Self.token.lowercased())",
            ]
            for value in wrong {
                let answer = try await endpoint.curl("/drain", "--json", "{}", "--header", "Authorization: \(value)")
                #expect(answer.status == "401", "\(value)")
                #expect(answer.text.contains("\nWWW-Authenticate: Bearer "))
            }
            #expect(try await endpoint.curl("/status").status == "200", "reading takes none here")
            #expect(endpoint.subject.calls.count == 1)
            await endpoint.stop()
        }

        @Test("on an address others can reach, everything takes the token, and no name has to be right")
        func network() async throws {
            let endpoint = try TestEndpoint("tcp:0:interface=0.0.0.0", token: Self.token)
            let shown = "Authorization: Bearer \(Self.token)"
            #expect(try await endpoint.curl("/metrics").status == "401")
            #expect(try await endpoint.curl("/nothing").status == "401")
            #expect(
                try await endpoint.curl("/metrics", "--header", shown, "--header", "Host: relay.example").status
                    == "200"
            )
            #expect(
                try await endpoint.curl("/metrics", "--header", shown, "--header", "X-Forwarded-For: ::1").status
                    == "403"
            )
            await endpoint.stop()
        }

        @Test("they are told as JSON and nothing else, so that no page can ask for one")
        func contentTypes() async throws {
            let endpoint = try TestEndpoint()
            for type in [
                "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "", "a/b;application/json",
            ] {
                let arguments = ["--unix-socket", endpoint.path, "--data", "{}", "--header", "Content-Type: \(type)"]
                #expect(try await endpoint.curl("/drain", arguments).status == "415", "\(type)")
            }
            for type in ["application/json; charset=utf-8", "Application/JSON"] {
                let arguments = ["--unix-socket", endpoint.path, "--data", "{}", "--header", "Content-Type: \(type)"]
                #expect(try await endpoint.curl("/drain", arguments).status == "202", "\(type)")
            }
            let packed = ["--unix-socket", endpoint.path, "--json", "{}", "--header", "Content-Encoding: gzip"]
            #expect(try await endpoint.curl("/drain", packed).status == "415")
            await endpoint.stop()
        }
    }
}
