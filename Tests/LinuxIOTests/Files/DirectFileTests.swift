import Foundation
import TestSupport
import Testing

@testable import LinuxIO

@Suite("Writing past the page cache")
struct DirectFileTests {
    /// Memory as the disk wants it, filled with one byte.
    private static func withBlocks<Value>(
        _ count: Int,
        of byte: UInt8,
        offBy shift: Int = 0,
        _ body: (UnsafeRawBufferPointer) throws -> Value
    ) rethrows -> Value {
        let size = count * DirectFile.blockSize
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size + shift, alignment: DirectFile.blockSize)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: byte)
        return try body(UnsafeRawBufferPointer(rebasing: memory[shift...]))
    }

    @Test("blocks are written in the middle, over one another and behind the end, and read in every other way")
    func blocks() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/file"
        let url = URL(filePath: path)
        try Data("kept".utf8).write(to: url)
        let other = try FileHandle(forReadingFrom: url)
        #expect(try other.readToEnd() == Data("kept".utf8))
        let file = try DirectFile(path)
        let size = DirectFile.blockSize
        try Self.withBlocks(1, of: 7) { try file.write($0, at: Int64(size)) }
        try Self.withBlocks(2, of: 8) { try file.write($0, at: Int64(2 * size)) }
        try Self.withBlocks(1, of: 9) { try file.write($0, at: Int64(2 * size)) }
        let expected =
            Data("kept".utf8) + Data(count: size - 4) + Data(repeating: 7, count: size)
            + Data(repeating: 9, count: size) + Data(repeating: 8, count: size)
        #expect(try Data(contentsOf: url) == expected)
        // A page that was in the cache before is not what is read after.
        try other.seek(toOffset: UInt64(size))
        #expect(try other.read(upToCount: size) == Data(repeating: 7, count: size))
    }

    @Test("what is no whole block is refused, and the file is as it was")
    func misaligned() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/file"
        try Data(repeating: 1, count: DirectFile.blockSize).write(to: URL(filePath: path))
        let file = try DirectFile(path)
        // A file system in memory has no blocks, and takes everything.
        let error = #expect(throws: ErrorNumber.self) {
            try Self.withBlocks(1, of: 2) { try file.write(UnsafeRawBufferPointer(rebasing: $0[..<100]), at: 10) }
        }
        #expect(error?.isOfUnknownOperation == true)
        #expect(try Data(contentsOf: URL(filePath: path)) == Data(repeating: 1, count: DirectFile.blockSize))
    }

    @Test("a file that is not there is told of, and one that cannot be written so is known by its error")
    func opening() throws {
        let folder = try TemporaryFolder()
        let missing = #expect(throws: ErrorNumber.self) { _ = try DirectFile(folder.path + "/none") }
        #expect(missing?.isOfUnknownOperation == false)
        let impossible = #expect(throws: ErrorNumber.self) { _ = try DirectFile("/proc/self/comm") }
        #expect(impossible?.isOfUnknownOperation == true)
    }
}
