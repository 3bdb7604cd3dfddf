import Testing

@testable import Appliance

@Suite("WebSocketOptions")
struct WebSocketOptionsTests {
    private func applying(_ assignments: String...) throws -> WebSocketOptions {
        var options = WebSocketOptions()
        for assignment in assignments { try options.apply(assignment) }
        return options
    }

    @Test("times and sizes are taken over")
    func values() throws {
        let options = try applying(
            "autoPingInterval=7",
            "autoPingTimeout=1.5",
            "openHandshakeTimeout=3",
            "closeHandshakeTimeout=2",
            "maxMessagePayloadSize=1000",
            "maxFramePayloadSize=2000",
            "maxConnections=5"
        )
        #expect(options.pingInterval == .seconds(7))
        #expect(options.pingTimeout == .seconds(1.5))
        #expect(options.openingTimeout == .seconds(3))
        #expect(options.closingTimeout == .seconds(2))
        #expect(options.maximumMessageBytes == 1000)
        #expect(options.maximumFrameBytes == 2000)
        #expect(options.maximumConnections == 5)
        #expect(options.ignored.isEmpty)
    }

    @Test("0 and null switch a time off")
    func off() throws {
        #expect(try applying("autoPingInterval=0").pingInterval == .zero)
        #expect(try applying("autoPingTimeout=null").pingTimeout == .zero)
    }

    @Test("the last of several counts")
    func last() throws {
        #expect(try applying("autoPingInterval=1", "autoPingInterval=2").pingInterval == .seconds(2))
    }

    @Test(
        "what the original knows and we do not need is taken and named",
        arguments: [
            ("allowedOrigins", #"["*"]"#), ("failByDrop", "false"), ("versions", "[8,13]"), ("tcpNoDelay", "true"),
            ("flashSocketPolicy", #""a=b""#),
        ]
    )
    func ignored(name: String, value: String) throws {
        let options = try applying("\(name)=\(value)")
        #expect(options.ignored == [name])
    }

    @Test(
        "everything else is an error that says what is wrong",
        arguments: [
            ("foo", "WebSocket option 'foo' is not of the form NAME=JSON"),
            ("", "WebSocket option '' is not of the form NAME=JSON"),
            ("foo=bar", "the value of WebSocket option 'foo' is not JSON; strings need quotes of their own"),
            ("foo=", "the value of WebSocket option 'foo' is not JSON; strings need quotes of their own"),
            ("foo=1", "there is no WebSocket option 'foo'"),
            ("autoPingInterval=true", "WebSocket option 'autoPingInterval' takes a number of seconds"),
            ("autoPingInterval=-1", "WebSocket option 'autoPingInterval' takes a number of seconds"),
            ("autoPingInterval=1e300", "WebSocket option 'autoPingInterval' takes a number of seconds"),
            ("maxConnections=1.5", "WebSocket option 'maxConnections' takes a whole number that is not negative"),
            ("maxConnections=1e30", "WebSocket option 'maxConnections' takes a whole number that is not negative"),
            ("maxConnections=\"5\"", "WebSocket option 'maxConnections' takes a whole number that is not negative"),
        ]
    )
    func refused(assignment: String, reason: String) {
        #expect(throws: ApplianceError(reason)) { try applying(assignment) }
    }
}
