import Admin
import LinuxIO
import Testing

@testable import Appliance

@Suite("Limits that are other ones than at the start")
struct LimitOverridesTests {
    private static func configuration() throws -> ApplianceConfiguration {
        var configuration = ApplianceConfiguration()
        configuration.mailbox = MailboxSettings(endpoint: try Endpoint("tcp:0"), channelDatabasePath: ":memory:")
        configuration.transit = TransitSettings(tcp: [], webSocket: [])
        return configuration
    }

    private static func value(_ name: String, _ limits: LimitOverrides) throws -> Double? {
        let configuration = limits.applied(to: try configuration())
        return LimitTable.limits(of: configuration) { _ in .standard }.first { $0.name == name }?.value
    }

    @Test("every limit is in both tables, and each that can be changed is")
    func tables() throws {
        #expect(LimitTable.names == AdminLimit.names)
        for (place, name) in AdminLimit.names.enumerated() where AdminLimit.maximum(of: name) != nil {
            var limits = LimitOverrides()
            try limits.apply(AdminLimitChange([name: 1000 + place]), to: Self.configuration())
            #expect(try Self.value(name, limits) == Double(1000 + place), "\(name)")
            #expect(limits.origin(of: name) == .changed)
        }
    }

    @Test("what is kept holds unless something else was said since, and null takes either back")
    func layers() throws {
        let configuration = try Self.configuration()
        let name = "handshake_timeout"
        var limits = LimitOverrides(persisted: [name: 7])
        #expect(try Self.value(name, limits) == 7 && limits.origin(of: name) == .persisted)
        try limits.apply(AdminLimitChange([name: 8]), to: configuration)
        #expect(
            try Self.value(name, limits) == 8 && limits.origin(of: name) == .changed && limits.persisted == [name: 7]
        )
        try limits.apply(AdminLimitChange([name: nil]), to: configuration)
        #expect(try Self.value(name, limits) == 60 && limits.origin(of: name) == nil && limits.persisted == [name: 7])
        try limits.apply(AdminLimitChange([name: 9], persists: true), to: configuration)
        #expect(
            try Self.value(name, limits) == 9 && limits.origin(of: name) == .persisted && limits.persisted == [name: 9]
        )
        try limits.apply(AdminLimitChange([name: nil], persists: true), to: configuration)
        #expect(try Self.value(name, limits) == 60 && limits == LimitOverrides())
        try limits.apply(AdminLimitChange([name: nil]), to: configuration)
        #expect(limits == LimitOverrides())
    }

    @Test("all others can be reset, for now or for good")
    func reset() throws {
        let configuration = try Self.configuration()
        var limits = LimitOverrides(persisted: ["handshake_timeout": 7, "max_connections": 5])
        try limits.apply(AdminLimitChange(["idle_timeout": 3]), to: configuration)
        try limits.apply(AdminLimitChange(["max_connections": 6], resetsOthers: true), to: configuration)
        #expect(limits.persisted == ["handshake_timeout": 7, "max_connections": 5])
        #expect(try Self.value("handshake_timeout", limits) == 60)
        #expect(try Self.value("max_connections", limits) == 6)
        #expect(try Self.value("idle_timeout", limits) == 0)
        try limits.apply(AdminLimitChange([:], resetsOthers: true, persists: true), to: configuration)
        #expect(limits == LimitOverrides())
    }

    @Test("one that is refused changes none")
    func refusal() throws {
        var configuration = try Self.configuration()
        var limits = LimitOverrides(persisted: ["handshake_timeout": 7])
        let before = limits
        for name in ["nonsense", "max_message_size", "max_relay_pipes"] {
            #expect(throws: AdminRefusal.self) {
                try limits.apply(AdminLimitChange(["idle_timeout": 3, name: 1], persists: true), to: configuration)
            }
        }
        #expect(throws: AdminRefusal.self) {
            try limits.apply(AdminLimitChange(["idle_timeout": 3, "list_rate": 1_000_001]), to: configuration)
        }
        configuration.transit = nil
        #expect(throws: AdminRefusal.self) {
            try limits.apply(AdminLimitChange(["idle_timeout": 3]), to: configuration)
        }
        #expect(limits == before)
        // What is kept for a service that does not run now changes nothing.
        #expect(limits.applied(to: configuration).transit == nil)
    }

    @Test("a file that is read again changes what it says differently, and nothing else")
    func reload() throws {
        let configuration = try Self.configuration()
        var limits = LimitOverrides(persisted: ["handshake_timeout": 7, "idle_timeout": 5])
        try limits.apply(AdminLimitChange(["idle_timeout": 6, "handshake_timeout": 8]), to: configuration)
        limits.reload(["idle_timeout": 5, "wait_timeout": 1])
        #expect(try Self.value("idle_timeout", limits) == 6)
        #expect(try Self.value("handshake_timeout", limits) == 60)
        #expect(try Self.value("wait_timeout", limits) == 1)
    }

    @Test("what the original calls the number of connections gives way to what is said since")
    func originalsName() throws {
        var configuration = try Self.configuration()
        try configuration.mailbox?.webSocket.apply("maxConnections=9")
        var limits = LimitOverrides()
        #expect(
            LimitTable.limits(of: configuration) { _ in .standard }.first { $0.name == "max_connections" }?.value == 9
        )
        try limits.apply(AdminLimitChange(["max_connections": 4]), to: configuration)
        let changed = LimitTable.limits(of: limits.applied(to: configuration)) { _ in .changed }
        #expect(changed.first { $0.name == "max_connections" }?.value == 4)
    }
}
