import MailboxRules
import MailboxService
import Observations
import TestSupport
import Testing
import WormholeWire

/// Statements 21 to 36 of the mailbox conformance list, and 115, over real connections.
@Suite("Mailbox conformance: welcome and basics", .timeLimit(.minutes(2)))
struct BasicsConformanceTests {
    @Test("21: without options the welcome tells the client's address and nothing else")
    func plainWelcome() async throws {
        try await MailboxServerHarness.run { harness in
            let welcome = try await harness.visit().welcome
            #expect(welcome.keys == ["your-address"])
        }
    }

    @Test("22: what the operator has to say is in the welcome, and commands still work")
    func welcome() async throws {
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.welcome.motd = "Hello\nWörld"
            configuration.welcome.currentClientVersion = "0.24.0"
            configuration.welcome.error = "go away"
        }
        try await MailboxServerHarness.run(configure) { harness in
            let (visitor, welcome) = try await harness.visit()
            #expect(welcome["motd"] == "Hello\nWörld")
            #expect(welcome["current_cli_version"] == "0.24.0")
            #expect(welcome["error"] == "go away")
            try await visitor.bind("s")
            _ = try await visitor.claim("4")
        }
    }

    @Test("23: every message has the keys of its type, and only message tells when the server received it")
    func keySets() async throws {
        // The visitor checks the keys of whatever it hears.
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            let name = try await visitor.ask(#"{"type":"allocate"}"#, for: "allocated")["nameplate"]?.string ?? ""
            let mailbox = try await visitor.claim(name)
            #expect(try await visitor.list() == [name])
            try await visitor.open(mailbox)
            let message = try await visitor.ask(#"{"type":"add","phase":"p","body":"00"}"#, for: "message")
            #expect(message["server_rx"]?.number != nil)
            try await visitor.release()
            try await visitor.close()
            try await visitor.expect("unknown type", for: #"{"type":"x"}"#)
            try await visitor.expectSilence()
        }
    }

    @Test("24: an object without type is an error without an ack")
    func missingType() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            try await visitor.say(#"{"id":"x"}"#)
            let error = try await visitor.hear("error")
            #expect(error["error"] == "missing 'type'" && error["orig"] == ["id": "x"])
            try await visitor.expectSilence()
        }
    }

    @Test("25: the ack repeats the id, whatever it is", arguments: [#""ab12""#, "7", "null", "[1,[2]]", #"{"a":1}"#])
    func ids(id: String) async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            _ = try await visitor.ask(#"{"type":"ping","ping":0,"id":\#(id)}"#, for: "pong")
            try await visitor.say(#"{"type":"ping","ping":0}"#)
            #expect(try await visitor.hear("ack")["id"] == JSON.null)
        }
    }

    @Test(
        "26: ping brings its value back letter by letter, before bind",
        arguments: ["1", "null", #"{"a":[1,"é"]}"#, "123456789012345678901234567890", "1.0", "-0"]
    )
    func ping(value: String) async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            try await visitor.tell(#"{"type":"ping","ping":\#(value)}"#)
            let pong = try await visitor.webSocket.nextText()
            #expect(pong.contains(#""pong": \#(value),"#) || pong.contains(#""pong": {"a":[1,"\u00e9"]},"#), "\(pong)")
        }
    }

    @Test("27: ping without a value")
    func emptyPing() async throws {
        try await MailboxServerHarness.run { harness in
            try await harness.visit().visitor.expect("ping requires 'ping'", for: #"{"type":"ping"}"#)
        }
    }

    @Test("28: nothing but ping and bind before bind, and bind still works")
    func unbound() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            for type in ["list", "allocate", "claim", "release", "open", "add", "close", "nonsense"] {
                try await visitor.expect("must bind first", for: #"{"type":"\#(type)","id":"\#(type)"}"#)
            }
            try await visitor.bind("s")
            #expect(try await visitor.list() == [])
        }
    }

    @Test("29: types that are none", arguments: [#""nonsense""#, "null", "5", "[]", #""""#])
    func unknownTypes(type: String) async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            try await visitor.expect("unknown type", for: #"{"type":\#(type)}"#)
        }
    }

    @Test("30: keys nobody knows are ignored, in every command")
    func extraKeys() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            let extra = #""extra":{"a":[1]},"ping2":null"#
            let ping = #"{"type":"ping","ping":1,\#(extra)}"#
            #expect(try await visitor.ask(ping, for: "pong")["pong"] == 1)
            try await visitor.tell(#"{"type":"bind","appid":"a","side":"s",\#(extra)}"#)
            #expect(try await visitor.ask(ping, for: "pong")["pong"] == 1)
            for (command, reply) in [
                (#""type":"list""#, "nameplates"), (#""type":"allocate""#, "allocated"),
                (#""type":"claim","nameplate":"44""#, "claimed"), (#""type":"release""#, "released"),
            ] { _ = try await visitor.ask("{\(command),\(extra)}", for: reply) }
            try await visitor.tell(#"{"type":"open","mailbox":"m",\#(extra)}"#)
            _ = try await visitor.ask(#"{"type":"add","phase":"p","body":"00",\#(extra)}"#, for: "message")
            _ = try await visitor.ask(#"{"type":"close",\#(extra)}"#, for: "closed")
        }
    }

    @Test("31: bind says what it lacks, and may be tried again")
    func incompleteBind() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            try await visitor.expect("bind requires 'appid'", for: #"{"type":"bind"}"#)
            try await visitor.expect("bind requires 'appid'", for: #"{"type":"bind","side":"s"}"#)
            try await visitor.expect("bind requires 'side'", for: #"{"type":"bind","appid":"a"}"#)
            try await visitor.bind("s")
            try await visitor.expectSilence()
        }
    }

    @Test("32: one bind is enough")
    func secondBind() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("s")
            try await visitor.expect("already bound", for: #"{"type":"bind"}"#)
            try await visitor.expect("already bound", for: #"{"type":"bind","appid":"a","side":"s"}"#)
        }
    }

    @Test("33: empty strings are names")
    func emptyNames() async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visitor("", app: "")
            _ = try await visitor.claim("4")
            #expect(try await harness.visitor("x", app: "").list() == ["4"])
            #expect(try await harness.visitor("x", app: "other").list() == [])
        }
    }

    @Test(
        "34, D1: what is no command is told, and the connection goes on",
        arguments: ["hello", "", "[]", "5", "null", #""type""#, #"{"type":"ping","ping":1} x"#, "NaN", "\u{FEFF}{}"]
    )
    func malformed(frame: String) async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            try await visitor.say(frame)
            let error = try await visitor.hear("error")
            #expect(["invalid JSON", "message must be an object"].contains(error["error"]?.string))
            try await visitor.expectSilence()
        }
    }

    @Test(
        "35: a client version that is none counts as none",
        arguments: ["null", #"["python"]"#, "{}", #""python""#, "7"]
    )
    func clientVersions(version: String) async throws {
        try await MailboxServerHarness.run { harness in
            let visitor = try await harness.visit().visitor
            try await visitor.tell(#"{"type":"bind","appid":"a","side":"s","client_version":\#(version)}"#)
            try await visitor.expectSilence()
            try await harness.observed("a bind without a version") {
                guard case .clientBound(let binding) = $0 else { return false }
                return binding.implementation == nil && binding.version == nil
            }
        }
    }

    @Test("36: composed and decomposed letters make two applications")
    func normalisation() async throws {
        try await MailboxServerHarness.run { harness in
            let composed = try await harness.visitor("s", app: "caf\u{E9}").claim("4")
            let decomposed = try await harness.visitor("s", app: "cafe\u{301}").claim("4")
            #expect(composed != decomposed)
        }
    }

    @Test(
        "115: proof of work is asked for in the welcome, made out to each connection alone",
        arguments: [true, false]
    )
    func permissionRequired(isRequired: Bool) async throws {
        let configure = { (configuration: inout MailboxConfiguration) in
            configuration.permission = .hashcash(bits: 20, isRequired: isRequired)
        }
        try await MailboxServerHarness.run(configure) { harness in
            var resources: Set<String> = []
            for _ in 0..<5 {
                let demand = try #require(try await harness.visit().welcome["permission-required"])
                #expect(demand["none"] == (isRequired ? .null : [:]))
                #expect(demand["hashcash"]?.keys == ["bits", "resource"] && demand["hashcash"]?["bits"] == 20)
                let resource = try #require(demand["hashcash"]?["resource"]?.string)
                #expect(!resource.contains(":") && resource.utf8.count >= 22)
                resources.insert(resource)
            }
            #expect(resources.count == 5)
        }
    }
}
