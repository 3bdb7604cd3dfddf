import Foundation
import LinuxIO
import Logging
import Observations
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import Admin

/// One after the other, because some look at the threads of the whole process.
@Suite("The admin endpoint", .serialized)
enum AdminEndpointTests {}

extension AdminEndpointTests {
    @Suite("over HTTP")
    struct HTTP {
        @Test("each route answers what its line of the table says")
        func routes() async throws {
            let endpoint = try TestEndpoint()
            for route in AdminRoutes.all {
                let answer = try await endpoint.curl(route.path)
                let waitsForServices = ["/readyz", "/debug/consistency"].contains(route.path)
                #expect(answer.status == (waitsForServices ? "503" : "200"), "\(route.path)")
                #expect(answer.text.contains("\nContent-Type: \(route.contentType)\n"), "\(answer.text)")
                #expect(answer.text.contains("\nCache-Control: no-store\n"))
                #expect(!answer.text.lowercased().contains("access-control"))
                let head = try await endpoint.curl(route.path, "--head")
                #expect(head.status == answer.status)
                #expect(head.text.hasSuffix("\n\n"), "no body")
            }
            await endpoint.stop()
        }

        @Test("a scrape is what promtool accepts, and counts itself")
        func metrics() async throws {
            let endpoint = try TestEndpoint()
            for _ in 0..<2 {
                let scrape = try await Tool("curl").run("--silent", "http://127.0.0.1:\(endpoint.port)/metrics")
                let check = try await Tool("promtool").run("check", "metrics", input: scrape.output.utf8)
                #expect(check.status == 0 && check.output.isEmpty && check.errors.isEmpty, "\(check)")
            }
            _ = try await endpoint.curl("/nothing")
            let text = try await endpoint.curl("/metrics").text
            #expect(text.contains("\nwormhole_admin_http_requests_total{path=\"metrics\",code=\"2xx\"} 2\n"))
            #expect(text.contains("\nwormhole_admin_http_requests_total{path=\"other\",code=\"4xx\"} 1\n"))
            #expect(text.contains("\nwormhole_admin_http_request_duration_seconds_count 3\n"))
            #expect(!text.contains("\nwormhole_metrics_collect_seconds 0\n"))
            await endpoint.stop()
        }

        @Test("OpenMetrics is given to who asks for it, and a part of the table to who asks for that")
        func formats() async throws {
            let endpoint = try TestEndpoint()
            let accept = "Accept: application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.5"
            let answer = try await endpoint.curl("/metrics?scope=transit,process", "--header", accept)
            #expect(
                answer.text.contains("\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\n")
            )
            #expect(answer.text.contains("\nVary: Accept\n"))
            #expect(answer.text.contains("\n# TYPE wormhole_transit_sessions counter\n"))
            #expect(answer.text.contains("\nprocess_open_fds "))
            #expect(!answer.text.contains("wormhole_mailbox_apps"))
            #expect(answer.text.hasSuffix("\n# EOF\n"))
            #expect(try await endpoint.curl("/metrics?scope=").text.contains("wormhole_mailbox_apps"))
            for scope in ["mailbox,", "nonsense", "mailbox%20"] {
                #expect(try await endpoint.curl("/metrics?scope=\(scope)").status == "400", "\(scope)")
            }
            await endpoint.stop()
        }

        @Test("/debug/consistency has the services checked, and says what does not agree")
        func consistency() async throws {
            let endpoint = try TestEndpoint()
            let findings = Mutex<[InvariantFinding]>([])
            endpoint.telemetry.consistency.start(every: .seconds(3600)) { findings.withLock { $0 } }
            #expect(try await endpoint.curl("/debug/consistency").text.hasSuffix("\n\nconsistent\n"))
            findings.withLock {
                $0 = [InvariantFinding(.mailboxSides, "one"), InvariantFinding(.transitPairs, "two")]
            }
            let answer = try await endpoint.curl("/debug/consistency")
            #expect(answer.status == "500")
            #expect(answer.text.hasSuffix("\n\nmailbox_sides: one\ntransit_pairs: two\n"))
            try await eventually("they are counted") {
                let text = try await endpoint.curl("/metrics").text
                return text.contains("\nwormhole_invariant_violations_total{check=\"mailbox_sides\"} 1\n")
                    && text.contains("\nwormhole_maintenance_runs_total{task=\"consistency\",result=\"success\"} 2\n")
            }
            await endpoint.telemetry.consistency.stop()
            #expect(try await endpoint.curl("/debug/consistency").status == "503")
            await endpoint.stop()
        }

        @Test("/debug/consistency does not wait for ever for a loop that does not answer")
        func stuckLoop() async throws {
            let endpoint = try TestEndpoint()
            let (answers, answer) = AsyncStream<Void>.makeStream()
            endpoint.telemetry.consistency.start(every: .seconds(3600)) {
                for await _ in answers {}
                return []
            }
            #expect(try await endpoint.curl("/debug/consistency").status == "503")
            answer.finish()
            #expect(try await endpoint.curl("/debug/consistency").status == "200")
            await endpoint.telemetry.consistency.stop()
            await endpoint.stop()
        }

        @Test("/readyz follows the checks and lists them")
        func readiness() async throws {
            let endpoint = try TestEndpoint()
            #expect(try await endpoint.curl("/readyz").text.hasSuffix("\n\nnot ready\n"))
            endpoint.observe(
                .readinessChanged(.mailbox, isReady: true),
                .readinessChanged(.usageDatabase, isReady: false)
            )
            endpoint.observe(.lifecycleChanged(.ready))
            try await eventually("ready") { try await endpoint.curl("/readyz").status == "200" }
            #expect(
                try await endpoint.curl("/readyz?verbose").text
                    .hasSuffix("\n\nstate: ready\nmailbox: ok\nusage_db: failed (advisory)\nready\n")
            )
            endpoint.observe(.lifecycleChanged(.draining))
            try await eventually("not ready") { try await endpoint.curl("/readyz?verbose=1").status == "503" }
            await endpoint.stop()
        }

        @Test("/healthz names the loop that is stuck")
        func health() async throws {
            let endpoint = try TestEndpoint()
            let loop = endpoint.telemetry.heartbeats.register("relay-1")
            #expect(try await endpoint.curl("/healthz").text.hasSuffix("\n\nok\n"))
            // Nobody beats for it.
            try await eventually("it is named") {
                let answer = try await endpoint.curl("/healthz")
                return answer.status == "503" && answer.text.hasSuffix("\n\nstuck: relay-1\n")
            }
            loop.beat(late: .seconds(5))
            #expect(try await endpoint.curl("/healthz").status == "200")
            await endpoint.stop()
        }

        @Test("/version is JSON, and the page escapes what it shows")
        func versionAndPage() async throws {
            let endpoint = try TestEndpoint()
            let version = try await Tool("curl").run("--silent", "http://127.0.0.1:\(endpoint.port)/version")
            let fields = try await Tool("jq").run(
                "--raw-output",
                ".name, .version, .revision, .swift_version",
                input: version.output.utf8
            )
            #expect(fields.output == "wormhole-server\n1.2.3\n<abc&\"\n6.3\n")
            let page = try await endpoint.curl("/").text
            #expect(page.contains("revision &lt;abc&amp;&quot;,"))
            #expect(page.contains("prefers-color-scheme: dark"))
            #expect(!page.contains("src=") && !page.contains("http://") && !page.contains("https://"))
            await endpoint.stop()
        }

        @Test("other methods are refused with what is allowed, other paths are not there")
        func refusals() async throws {
            let endpoint = try TestEndpoint()
            for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "FROBNICATE", "get"] {
                let answer = try await endpoint.curl("/metrics", "--request", method)
                #expect(answer.status == "405", "\(method)")
                #expect(answer.text.contains("\nAllow: GET, HEAD\n"))
            }
            for path in [
                "/metric", "/metrics/", "//metrics", "/METRICS", "/%6dmetrics", "/../metrics", "/etc/passwd",
                "/%ff",
            ] {
                let answer = try await endpoint.curl(path, "--path-as-is")
                #expect(answer.status == "404", "\(path)")
            }
            #expect(try await endpoint.curl("/%6detrics").status == "200")
            let body = try await endpoint.curl("/metrics", "--request", "POST", "--data", "x=y")
            #expect(body.status == "405")
            #expect(try await endpoint.curl("/metrics", "--request", "GET", "--data", "x=y").status == "400")
            await endpoint.stop()
        }

        @Test("requests by a foreign name or through a proxy are refused")
        func foreignRequests() async throws {
            let endpoint = try TestEndpoint { $0.allowedHosts = ["Relay.Example.org"] }
            for host in [
                "evil.example", "evil.example:4003", "127.0.0.1.evil.example", "[::2]", "@", "relay.example.org.evil",
            ] {
                #expect(try await endpoint.curl("/metrics", "--header", "Host: \(host)").status == "403", "\(host)")
            }
            for host in ["localhost:9", "[::1]:4003", "127.1.2.3", "RELAY.example.ORG:4003"] {
                #expect(try await endpoint.curl("/metrics", "--header", "Host: \(host)").status == "200", "\(host)")
            }
            for header in ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "x-forwarded-for;"] {
                #expect(try await endpoint.curl("/metrics", "--header", header).status == "403", "\(header)")
            }
            // A health check by HTTP/1.0 sends no host at all; a browser cannot leave it out.
            let plain = try RawClient(port: endpoint.port)
            plain.send("GET /healthz HTTP/1.0\r\n\r\n")
            #expect(plain.readToEnd().contains(" 200 "))
            await endpoint.stop()
        }

        @Test("over a Unix socket the file's permissions decide, not the host")
        func unixSocket() async throws {
            let folder = try TemporaryFolder()
            let path = folder.path + "/admin.sock"
            let endpoint = try TestEndpoint("unix:\(path):mode=600")
            let answer = try await endpoint.curl("/healthz", "--unix-socket", path, "--header", "Host: anything")
            #expect(answer.status == "200")
            await endpoint.stop()
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }
}
