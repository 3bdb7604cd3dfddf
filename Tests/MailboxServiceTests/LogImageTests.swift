import Testing

@testable import MailboxService

@Suite("The log's last bytes in memory")
struct LogImageTests {
    /// A file in memory that an image is written to as the log's is to its own.
    private struct Model {
        var bytes = [UInt8](repeating: 0xEE, count: 200)

        mutating func write(_ blocks: UnsafeRawBufferPointer, at offset: Int64) {
            bytes.replaceSubrange(Int(offset)..<Int(offset) + blocks.count, with: blocks)
        }

        func read(into memory: UnsafeMutableRawBufferPointer, at offset: Int64) {
            memory.copyBytes(from: bytes[Int(offset)..<Int(offset) + memory.count])
        }
    }

    private static func append(_ bytes: [UInt8], to image: inout LogImage) {
        bytes.withUnsafeBytes { image.append($0) }
    }

    @Test("what is pending is written with the rest of its first block, and nothing before that")
    func blocks() {
        var model = Model()
        var image = LogImage(capacity: 64, blockSize: 16)
        image.begin(at: 35) { model.read(into: $0, at: $1) }
        #expect(!image.hasPending && image.end == 35)
        Self.append([1, 2, 3], to: &image)
        #expect(Array(image.pending.bytes) == [1, 2, 3] && image.pending.offset == 35)
        #expect(image.pendingBlocks.offset == 32 && image.pendingBlocks.bytes.count == 16)
        model.write(image.pendingBlocks.bytes, at: image.pendingBlocks.offset)
        image.settle()
        #expect(Array(model.bytes[30..<38]) == [0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 1, 2, 3])

        // Over the border of two blocks, and the next one from the second.
        Self.append([UInt8](repeating: 4, count: 15), to: &image)
        #expect(image.pendingBlocks.offset == 32 && image.pendingBlocks.bytes.count == 32)
        model.write(image.pendingBlocks.bytes, at: image.pendingBlocks.offset)
        image.settle()
        Self.append([5], to: &image)
        #expect(image.pendingBlocks.offset == 48 && image.pendingBlocks.bytes.count == 16)
        model.write(image.pendingBlocks.bytes, at: image.pendingBlocks.offset)
        image.settle()
        #expect(Array(model.bytes[35..<54]) == [1, 2, 3] + [UInt8](repeating: 4, count: 15) + [5])
    }

    @Test("making room keeps what the next bytes share a block with")
    func room() {
        var image = LogImage(capacity: 64, blockSize: 16)
        image.begin(at: 0) { _, _ in Issue.record("nothing is before the beginning") }
        Self.append((0..<50).map { UInt8($0) }, to: &image)
        image.settle()
        #expect(image.hasRoom(for: 14) && !image.hasRoom(for: 15))
        image.shrink()
        #expect(image.end == 50 && !image.hasPending && image.hasRoom(for: 62) && !image.hasRoom(for: 63))
        Self.append([99], to: &image)
        #expect(image.pendingBlocks.offset == 48 && Array(image.pendingBlocks.bytes.prefix(3)) == [48, 49, 99])
        // What stood there before goes nowhere.
        #expect(image.pendingBlocks.bytes.dropFirst(3).allSatisfy { $0 == 0 })
    }

    @Test("only what is there is read")
    func reading() {
        var image = LogImage(capacity: 64, blockSize: 16)
        image.begin(at: 16) { _, _ in }
        Self.append((0..<20).map { UInt8($0) }, to: &image)
        var bytes = [UInt8](repeating: 0, count: 4)
        #expect(bytes.withUnsafeMutableBytes { image.read(into: $0, at: 32) })
        #expect(bytes == [16, 17, 18, 19])
        for offset in [15, 33, 0, 100] as [Int64] {
            #expect(!bytes.withUnsafeMutableBytes { image.read(into: $0, at: offset) }, "\(offset)")
        }
        #expect(bytes == [16, 17, 18, 19])
        image.clear()
        #expect(!bytes.withUnsafeMutableBytes { image.read(into: $0, at: 32) } && !image.hasPending)
    }
}
