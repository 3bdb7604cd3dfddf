import Foundation
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import Telemetry

@Suite("A usage record as a line of JSON")
struct JSONLineTests {
    private func line(_ record: UsageRecord) -> String { String(decoding: JSONLine(record).bytes, as: UTF8.self) }

    @Test("a transfer has the relay's keys in the relay's order, then its kind")
    func transit() {
        #expect(
            line(.transit(Sample.transfer(started: Timestamp(seconds: 1_795_233_643.058573))))
                == """
                {"started": 1795233643.058573, "total_time": 0.4, "waiting_time": null, "total_bytes": 0, \
                "mood": "lonely", "kind": "transit"}

                """
        )
        #expect(
            line(
                .transit(
                    Sample.transfer(
                        started: Timestamp(seconds: 1_795_233_600),
                        bytes: .max,
                        mood: .happy,
                        waiting: .zero
                    )
                )
            )
                == """
                {"started": 1795233600.0, "total_time": 0.4, "waiting_time": 0.0, "total_bytes": 18446744073709551615, \
                "mood": "happy", "kind": "transit"}

                """
        )
    }

    @Test("the other kinds have the columns of the usage database")
    func others() {
        let start = Timestamp(seconds: 1000.5)
        #expect(
            line(.nameplate(Sample.nameplate(started: start))) == """
                {"app_id": "lothar.com/wormhole/text-or-file-xfer", "started": 1000.5, "waiting_time": 1.5, \
                "total_time": 4.0, "result": "happy", "kind": "nameplate"}

                """
        )
        #expect(
            line(.mailbox(Sample.mailbox(started: start))) == """
                {"app_id": "lothar.com/wormhole/text-or-file-xfer", "for_nameplate": true, "started": 1000.5, \
                "total_time": 2.25, "waiting_time": null, "result": "scary", "kind": "mailbox"}

                """
        )
        #expect(
            line(.clientVersion(Sample.binding(connected: start, implementation: nil, version: nil))) == """
                {"app_id": "lothar.com/wormhole/text-or-file-xfer", "side": "0123456789", "connect_time": 1000.5, \
                "implementation": null, "version": null, "kind": "client_version"}

                """
        )
    }

    @Test("jq reads back whatever a client has put into a name", arguments: 0..<20 as Range<UInt64>)
    func escaping(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var scalars = String.UnicodeScalarView()
        for _ in 0..<300 {
            let ranges: [ClosedRange<UInt32>] = [0...0x7F, 0...0x20, 0x22...0x5C, 0x80...0xD7FF, 0xE000...0x10FFFF]
            let number = UInt32.random(in: ranges[Int.random(in: 0..<5, using: &random)], using: &random)
            if let scalar = Unicode.Scalar(number) { scalars.append(scalar) }
        }
        let name = String(scalars)
        let bytes = JSONLine(.nameplate(Sample.nameplate(AppID(unchecked: WireString(name))))).bytes
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 1)
        let parsed = try await Tool("jq").run("--join-output", ".app_id", input: bytes)
        #expect(parsed.status == 0, "\(parsed.errors)")
        #expect(Array(parsed.output.utf8) == Array(name.utf8), "seed \(seed)")
    }
}
