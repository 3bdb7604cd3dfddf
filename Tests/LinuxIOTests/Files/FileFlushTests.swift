import TestSupport
import Testing

@testable import LinuxIO

@Suite("Flushing a file")
struct FileFlushTests {
    @Test("a file that is there is flushed, and one that is not is told of")
    func flushing() throws {
        let folder = try TemporaryFolder()
        try FileFlush.run(folder.path)
        let error = #expect(throws: ErrorNumber.self) { try FileFlush.run(folder.path + "/none") }
        #expect(error == ErrorNumber(2))
    }
}
