import Architectures
import Buffers
package import Execution
import Transformer

/// Generates many sequences at once, each at its place in the cache: a place that is done takes the next prompt.
///
/// A round is one forward over one new token of every sequence, and over the prompts, or parts of them, that have just
/// come. Because every row of a forward has the same bits in any batch, so has every text.
package final class Generator {
    private let runner: ModelRunner
    private let room: GenerationRoom
    private let chooser: TokenChooser
    private let end: TextEnd
    private var sequences: [ActiveSequence?]
    /// Tokens that were generated so far.
    package private(set) var newTokenCount = 0

    /// - Parameter end: what ends a text.
    package init(runner: ModelRunner, room: GenerationRoom, sampling: Sampling, end: TextEnd) {
        self.runner = runner
        self.room = room
        self.end = end
        chooser = TokenChooser(sampling, vocabularySize: runner.architecture.vocabularySize)
        sequences = [ActiveSequence?](repeating: nil, count: room.layout.sequences)
    }

    /// Sequences that are kept at once.
    package var placeCount: Int { sequences.count }
    package var hasFreePlace: Bool { sequences.contains { $0 == nil } }
    package var isIdle: Bool { sequences.allSatisfy { $0 == nil } }

    /// Gives a prompt a place; there must be one, and the prompt must leave room for a token in the context.
    package func start(_ request: GenerationRequest) {
        guard let place = sequences.firstIndex(where: { $0 == nil }) else { preconditionFailure("no place is free") }
        precondition(request.prompt.count < room.layout.positions, "the prompt fills the context")
        room.clear(place)
        sequences[place] = ActiveSequence(request, contextSize: room.layout.positions)
    }

    /// One forward.
    /// - Parameter chosen: called with the prompt's number and the id of each new token that is no end.
    /// - Returns: what ended in this round.
    /// - Throws: `InputError` where the model gives logits that are no numbers.
    package func round(chosen: (Int, Int32) throws -> Void = { _, _ in }) throws -> [Generation] {
        room.removeAll()
        fillBatch()
        var ended: [Generation] = []
        try runner.extend(room) { place, logits in
            guard let sequence = sequences[place] else { preconditionFailure("nothing is at place \(place)") }
            guard let id = chooser.choose(logits, prompt: sequence.number, position: sequence.length) else {
                throw InputError(.data, "the model gives logits that are not finite", remedy: "check the weights")
            }
            newTokenCount += 1
            let isEnd = end.ids.contains(id)
            var stop = sequence.append(id, ends: isEnd)
            if !isEnd {
                try chosen(sequence.number, id)
                if end.isSpelled(at: sequence.newIDs) { stop = .endOfText }
            }
            guard let stop else { return }
            ended.append(Generation(number: sequence.number, ids: Array(sequence.newIDs), stop: stop))
            sequences[place] = nil
        }
        return ended
    }

    /// Generates for all requests, in any order of ending.
    package func run(_ requests: some Sequence<GenerationRequest>, ended: (Generation) throws -> Void) throws {
        var waiting = requests.makeIterator()
        var next = waiting.next()
        while next != nil || !isIdle {
            while let request = next, hasFreePlace {
                start(request)
                next = waiting.next()
            }
            for generation in try round() { try ended(generation) }
        }
    }

    /// The pending tokens of every sequence: first of those that have one, so that long prompts keep nobody waiting.
    private func fillBatch() {
        for isPrompt in [false, true] {
            for place in sequences.indices {
                guard let sequence = sequences[place], (sequence.pendingCount > 1) == isPrompt else { continue }
                let count = min(sequence.pendingCount, room.freeTokens)
                guard count > 0 else { continue }
                let isLast = count == sequence.pendingCount
                room.append(sequence.takePending(count), to: place, wantsLogits: isLast)
            }
        }
    }
}

/// A sequence that is being generated.
private final class ActiveSequence {
    let number: Int
    private let promptCount: Int
    /// Length at which it ends, and why it does.
    private let limit: (length: Int, reason: Generation.StopReason)
    /// The prompt and what was made of it.
    private var all: [Int32]
    /// How many of `all` have been given to the model.
    private var walkedCount = 0

    init(_ request: GenerationRequest, contextSize: Int) {
        number = request.number
        promptCount = request.prompt.count
        let wanted = promptCount + min(request.maximumNewTokens, contextSize)
        limit = wanted <= contextSize ? (wanted, .length) : (contextSize, .context)
        all = request.prompt
        all.reserveCapacity(limit.length)
    }

    var length: Int { all.count }
    var newIDs: ArraySlice<Int32> { all[promptCount...] }
    var pendingCount: Int { all.count - walkedCount }

    /// The next ids that the model has not been given yet.
    func takePending(_ count: Int) -> ArraySlice<Int32> {
        walkedCount += count
        return all[walkedCount - count..<walkedCount]
    }

    /// Adds a token, and says why the sequence ends with it if it does.
    func append(_ id: Int32, ends: Bool) -> Generation.StopReason? {
        if ends { return .endOfText }
        all.append(id)
        return all.count == limit.length ? limit.reason : nil
    }
}
