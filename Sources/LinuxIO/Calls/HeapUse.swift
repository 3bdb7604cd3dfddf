internal import CLinux

/// What the C library's allocator has lent out.
package enum HeapUse {
    /// Bytes, in all arenas and in mappings of their own. The call is mallinfo2(3), which looks into one arena after the
    /// other with its lock held.
    package static var bytes: Int {
        let information = mallinfo2()
        return information.uordblks + information.hblkhd
    }
}
