import Foundation

/// Copies one file.
func copyFile(_ path: String, to target: String) throws(BenchmarkError) {
    do {
        try FileManager.default.copyItem(atPath: path, toPath: target)
    } catch {
        throw BenchmarkError("cannot copy \(path): \(error.localizedDescription)")
    }
}

/// Writes a file.
func writeFile(_ text: String, to path: String) throws(BenchmarkError) {
    do {
        try Data(text.utf8).write(to: URL(filePath: path))
    } catch {
        throw BenchmarkError("cannot write \(path): \(error.localizedDescription)")
    }
}

/// Runs a program to its end, with a file as its standard input.
func runTool(_ command: [String], input: String) throws(BenchmarkError) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    do {
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: input))
        try process.run()
    } catch {
        throw BenchmarkError("cannot run \(command.joined(separator: " ")): \(error.localizedDescription)")
    }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw BenchmarkError("\(command.joined(separator: " ")) ended with \(process.terminationStatus)")
    }
}

/// The lines a program prints; none when it cannot be run.
func toolOutput(_ command: [String]) -> [String] {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.standardOutput = pipe
    // What is missing is found missing when it is started in earnest.
    guard (try? process.run()) != nil else { return [] }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
}
