/// A compiled regular expression with Oniguruma's meaning: backtracking, over Unicode scalars.
///
/// Swift's own `Regex` is not used: it is not `Sendable`, and its `\s`, `\w` and case folding are not Oniguruma's.
/// Patterns come with a model, as trusted as its weights: one that backtracks without end takes its time.
struct Pattern: Sendable {
    /// One step of the program; numbers are indices of instructions unless they say otherwise.
    enum Instruction: Sendable {
        case set(Int)
        /// A greedy run over one set: the hot loop of every split pattern.
        case run(set: Int, minimum: Int, maximum: Int)
        case split(preferred: Int, other: Int)
        case jump(Int)
        case anchor(PatternNode.Anchor)
        /// Runs the instructions that follow up to their `.end` on their own, then goes on at `next`.
        case atomic(next: Int)
        case look(ahead: Bool, negative: Bool, width: Int, next: Int)
        case end
    }

    private static let programLimit = 20_000

    private(set) var program: [Instruction] = []
    private(set) var sets: [ScalarSet] = []

    init(_ text: String) throws(PatternSyntaxError) {
        var parser = PatternParser(text)
        try compile(try parser.parse())
        try emit(.end)
    }

    private mutating func emit(_ instruction: Instruction) throws(PatternSyntaxError) {
        guard program.count < Self.programLimit else { throw PatternSyntaxError("its counts make it too large") }
        program.append(instruction)
    }

    private mutating func compile(_ node: PatternNode) throws(PatternSyntaxError) {
        switch node {
        case .set(let set):
            sets.append(set)
            try emit(.set(sets.count - 1))
        case .sequence(let nodes):
            for child in nodes { try compile(child) }
        case .alternatives(let branches): try compile(branches: branches)
        case .repeated(let body, let minimum, let maximum, let greed):
            try compile(repeated: body, minimum: minimum, maximum: maximum, greed: greed)
        case .atomic(let body):
            try compile(nested: body) { .atomic(next: $0) }
        case .look(let body, let ahead, let negative):
            let width = body.width.least
            try compile(nested: body) { .look(ahead: ahead, negative: negative, width: width, next: $0) }
        case .anchor(let anchor): try emit(.anchor(anchor))
        }
    }

    private mutating func compile(
        nested body: PatternNode, _ instruction: (Int) -> Instruction
    ) throws(PatternSyntaxError) {
        let start = program.count
        try emit(.end)
        try compile(body)
        try emit(.end)
        program[start] = instruction(program.count)
    }

    private mutating func compile(branches: [PatternNode]) throws(PatternSyntaxError) {
        var exits: [Int] = []
        for (index, branch) in branches.enumerated() {
            guard index < branches.count - 1 else {
                try compile(branch)
                break
            }
            let split = program.count
            try emit(.end)
            try compile(branch)
            exits.append(program.count)
            try emit(.end)
            program[split] = .split(preferred: split + 1, other: program.count)
        }
        for exit in exits { program[exit] = .jump(program.count) }
    }

    private mutating func compile(
        repeated body: PatternNode, minimum: Int, maximum: Int?, greed: PatternNode.Greed
    ) throws(PatternSyntaxError) {
        if greed == .possessive {
            let greedy = PatternNode.repeated(body, minimum: minimum, maximum: maximum, greed: .greedy)
            return try compile(.atomic(greedy))
        }
        if case .set(let set) = body, greed == .greedy {
            sets.append(set)
            return try emit(.run(set: sets.count - 1, minimum: minimum, maximum: maximum ?? .max))
        }
        for _ in 0..<minimum { try compile(body) }
        guard let maximum else { return try compile(loop: body, isLazy: greed == .lazy) }
        var splits: [Int] = []
        for _ in minimum..<maximum {
            splits.append(program.count)
            try emit(.end)
            try compile(body)
        }
        for split in splits { program[split] = branch(into: split + 1, past: program.count, isLazy: greed == .lazy) }
    }

    private mutating func compile(loop body: PatternNode, isLazy: Bool) throws(PatternSyntaxError) {
        let start = program.count
        try emit(.end)
        try compile(body)
        try emit(.jump(start))
        program[start] = branch(into: start + 1, past: program.count, isLazy: isLazy)
    }

    private func branch(into body: Int, past end: Int, isLazy: Bool) -> Instruction {
        isLazy ? .split(preferred: end, other: body) : .split(preferred: body, other: end)
    }
}
