/// The drawing. Its colours, dashes and sizes of type are in ``PageStyle``.
extension Chart {
    /// The drawing in its own units, which are points at the usual width of a column.
    private enum Frame {
        static let (width, height) = (400.0, 200.0)
        static let (left, right, top, bottom) = (64.0, 12.0, 10.0, 24.0)
        static var plotWidth: Double { width - left - right }
        static var plotHeight: Double { height - top - bottom }
        static var base: Double { height - bottom }
    }

    var svg: HTML {
        let scale = self.scale
        let content: [HTML] =
            remark.map { remark in
                [
                    """
                    <text x="\(n(Frame.left + Frame.plotWidth / 2))" y="\(n(Frame.top + Frame.plotHeight / 2))" \
                    text-anchor="middle">\(remark)</text>
                    """
                ]
            } ?? series.indices.map { form == .lines ? line($0, scale) : bars($0, scale) }
        return """
            <svg viewBox="0 0 \(n(Frame.width)) \(n(Frame.height))" role="img" aria-labelledby="\(id)-title \(id)-desc">
            <title id="\(id)-title">\(title), \(figure.name)</title><desc id="\(id)-desc">\(summary)</desc>
            \(grid(scale))\(marks)
            \(content)
            </svg>
            """
    }

    // MARK: Axes

    private func grid(_ scale: ChartScale) -> [HTML] {
        // Without anything to measure there is no scale.
        (remark == nil ? scale.ticks : [0]).map { tick in
            let height = y(tick, scale)
            return """
                <path class="\(tick == 0 ? "axis" : "grid")" d="M\(n(Frame.left)) \(n(height))h\(n(Frame.plotWidth))"/>\
                <text x="\(n(Frame.left - 6))" y="\(n(height + 4))" text-anchor="end">\(figure.text(tick))</text>
                """
        }
    }

    private var marks: [HTML] {
        span.marks.map { time, label in
            // A bar's mark is below its middle.
            let offset = form == .bars ? Double(span.slotLength) / 2 : 0
            let x = self.x(Double(time - span.start) + offset)
            // At the ends a label would stand out of the frame.
            let anchor = x > Frame.width - 30 ? "end" : "middle"
            return """
                <path class="axis" d="M\(n(x)) \(n(Frame.base))v4"/>\
                <text x="\(n(anchor == "end" ? Frame.width - 1 : x))" y="\(n(Frame.base + 17))" \
                text-anchor="\(anchor)">\(label)</text>
                """
        }
    }

    // MARK: Series

    private func line(_ index: Int, _ scale: ChartScale) -> HTML {
        var path = ""
        var dots: [HTML] = []
        /// Points since the last gap.
        var run: [(x: Double, y: Double)] = []
        func finish() {
            if let only = run.first, run.count == 1 {
                // A line of one point cannot be seen.
                dots.append("<circle class=\"dot s\(index)\" cx=\"\(n(only.x))\" cy=\"\(n(only.y))\" r=\"3\"/>")
            } else {
                for (place, point) in run.enumerated() {
                    path += "\(place == 0 ? "M" : "L")\(n(point.x)) \(n(point.y))"
                }
            }
            run = []
        }
        for slot in 0..<span.slots {
            guard let value = series[index].value(slot) else {
                finish()
                continue
            }
            run.append((x((Double(slot) + 0.5) * Double(span.slotLength)), y(value, scale)))
        }
        finish()
        return path.isEmpty ? "\(dots)" : "<path class=\"line s\(index)\" d=\"\(path)\"/>\(dots)"
    }

    private func bars(_ index: Int, _ scale: ChartScale) -> HTML {
        let width = Frame.plotWidth / Double(span.slots)
        let pieces = (0..<span.slots).map { slot -> HTML in
            guard let value = series[index].value(slot), value > 0 else { return "" }
            let below = series[..<index].reduce(0) { $0 + ($1.value(slot) ?? 0) }
            let (foot, head) = (y(below, scale), y(below + value, scale))
            // Whatever is there is seen.
            let height = max(foot - head, 1)
            return """
                <rect class="bar b\(index)" x="\(n(Frame.left + (Double(slot) + 0.1) * width))" \
                y="\(n(foot - height))" width="\(n(width * 0.8))" height="\(n(height))">\
                <title>\(span.name(of: slot)): \(figure.text(value)) \(series[index].name)</title></rect>
                """
        }
        return "\(pieces)"
    }

    // MARK: Places

    private func x(_ seconds: Double) -> Double {
        Frame.left + Frame.plotWidth * seconds / Double(max(1, span.length))
    }

    private func y(_ value: Double, _ scale: ChartScale) -> Double {
        Frame.base - Frame.plotHeight * min(value, scale.top) / scale.top
    }

    /// With one decimal, which is finer than anybody sees.
    private func n(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }
}
