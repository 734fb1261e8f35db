extension Pattern {
    /// A place to go back to. A run gives its characters back one by one, from `position` down to `lowest`.
    private struct Choice {
        var instruction: Int
        var position: Int
        var lowest: Int
    }

    /// All matches in `range`, in order; an empty match right behind another one does not count.
    func matches(_ text: Span<UInt8>, in range: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start = range.lowerBound
        var lastEnd: Int?
        while start <= range.upperBound {
            guard let match = firstMatch(text, in: range, from: start) else { break }
            if match.isEmpty, match.upperBound == lastEnd {
                guard start < range.upperBound else { break }
                start += UTF8Text.length(leading: text[start])
                continue
            }
            found.append(match)
            start = match.upperBound
            lastEnd = match.upperBound
        }
        return found
    }

    private func firstMatch(_ text: Span<UInt8>, in range: Range<Int>, from first: Int) -> Range<Int>? {
        var start = first
        while true {
            if let end = matchEnd(text, in: range, at: start) { return start..<end }
            guard start < range.upperBound else { return nil }
            start += UTF8Text.length(leading: text[start])
        }
    }

    /// The end of the match that begins at `start`, or nil.
    func matchEnd(_ text: Span<UInt8>, in range: Range<Int>, at start: Int) -> Int? {
        run(from: 0, text, range, at: start)
    }

    private func run(from first: Int, _ text: Span<UInt8>, _ range: Range<Int>, at start: Int) -> Int? {
        var choices: [Choice] = []
        var instruction = first
        var position = start
        while true {
            var failed = false
            switch program[instruction] {
            case .end: return position
            case .jump(let target): instruction = target
            case .split(let preferred, let other):
                choices.append(Choice(instruction: other, position: position, lowest: position))
                instruction = preferred
            case .set(let set):
                if position < range.upperBound, sets[set].contains(UTF8Text.scalar(text, at: position)) {
                    position += UTF8Text.length(leading: text[position])
                    instruction += 1
                } else {
                    failed = true
                }
            case .run(let set, let minimum, let maximum):
                instruction += 1
                if let (lowest, end) = extent(sets[set], minimum, maximum, text, range, at: position) {
                    if end > lowest { choices.append(Choice(instruction: instruction, position: end, lowest: lowest)) }
                    position = end
                } else {
                    failed = true
                }
            case .anchor(let anchor):
                instruction += 1
                failed = !holds(anchor, text, range, at: position)
            case .atomic(let next):
                if let end = run(from: instruction + 1, text, range, at: position) {
                    position = end
                    instruction = next
                } else {
                    failed = true
                }
            case .look(let ahead, let negative, let width, let next):
                let from = ahead ? position : back(width, text, range, from: position)
                let found = from.flatMap { run(from: instruction + 1, text, range, at: $0) } != nil
                failed = found == negative
                instruction = next
            }
            if failed {
                guard let choice = resume(&choices, text) else { return nil }
                (instruction, position) = choice
            }
        }
    }

    private func resume(_ choices: inout [Choice], _ text: Span<UInt8>) -> (Int, Int)? {
        guard let choice = choices.popLast() else { return nil }
        guard choice.position > choice.lowest else { return (choice.instruction, choice.position) }
        let shorter = UTF8Text.start(before: choice.position, in: text)
        if shorter > choice.lowest {
            choices.append(Choice(instruction: choice.instruction, position: shorter, lowest: choice.lowest))
        }
        return (choice.instruction, shorter)
    }

    /// How far a run goes: behind its least number of characters, and behind as many as it can take.
    private func extent(
        _ set: ScalarSet, _ minimum: Int, _ maximum: Int, _ text: Span<UInt8>, _ range: Range<Int>, at start: Int
    ) -> (lowest: Int, end: Int)? {
        var position = start
        var lowest = start
        var count = 0
        while count < maximum, position < range.upperBound, set.contains(UTF8Text.scalar(text, at: position)) {
            position += UTF8Text.length(leading: text[position])
            count += 1
            if count == minimum { lowest = position }
        }
        return count >= minimum ? (lowest, position) : nil
    }

    private func back(_ count: Int, _ text: Span<UInt8>, _ range: Range<Int>, from position: Int) -> Int? {
        var start = position
        for _ in 0..<count {
            guard start > range.lowerBound else { return nil }
            start = UTF8Text.start(before: start, in: text)
        }
        return start
    }

    private func holds(
        _ anchor: PatternNode.Anchor, _ text: Span<UInt8>, _ range: Range<Int>, at position: Int
    ) -> Bool {
        let lineBreak: UInt8 = 0x0A
        let isEnd = position == range.upperBound
        switch anchor {
        case .textStart: return position == range.lowerBound
        case .textEnd: return isEnd
        case .lineStart: return position == range.lowerBound || (!isEnd && text[position - 1] == lineBreak)
        case .lineEnd: return isEnd || text[position] == lineBreak
        case .textEndOrLastBreak:
            return isEnd || (position == range.upperBound - 1 && text[position] == lineBreak)
        }
    }
}
