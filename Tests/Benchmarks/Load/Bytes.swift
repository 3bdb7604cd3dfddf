extension [UInt8] {
    /// As `withUnsafeBytes`, which does not know typed errors.
    func withBytes<Value>(
        _ body: (UnsafeRawBufferPointer) throws(BenchmarkError) -> Value
    ) throws(BenchmarkError) -> Value {
        let result = withUnsafeBytes { bytes in
            Result { () throws(BenchmarkError) in try body(bytes) }
        }
        return try result.get()
    }
}
