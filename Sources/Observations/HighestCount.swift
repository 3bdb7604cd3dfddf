/// The highest of many counts that go up and down by one, such as those of connections by source, without looking at all of
/// them.
///
///     count          1   2   3   4
///     how many       7   0   2   0        highest: 3
package struct HighestCount: Sendable, Equatable {
    /// How many counts stand at each height, from 1 on.
    private var standing: [Int] = []

    package init() {}

    /// The highest count; 0 when there is none above that.
    package private(set) var highest = 0

    /// One count has gone up by one.
    ///
    /// - Parameter height: What it is now.
    package mutating func rose(to height: Int) {
        if height > 1 { standing[height - 2] -= 1 }
        if standing.count < height { standing.append(0) }
        standing[height - 1] += 1
        highest = max(highest, height)
    }

    /// One count has gone down by one.
    ///
    /// - Parameter height: What it is now.
    package mutating func fell(to height: Int) {
        standing[height] -= 1
        if height > 0 { standing[height - 1] += 1 }
        if standing[height] == 0, highest == height + 1 { highest = height }
    }
}
