import Architectures
import Buffers
import Evaluation
import Execution
import Kernels
import ModelFiles
import Quantization
import Sharding
import Testing
import Transformer

@Suite("Generation against a cache")
struct GenerationTests {
    /// What a generation is opened with.
    struct Case: Sendable, CustomTestStringConvertible {
        var adapter = false
        var storage = LoadedModel.Storage.fp32
        var threads = 1
        var instructionSet: InstructionSet?
        var testDescription: String {
            "\(storage), adapter: \(adapter), threads: \(threads), \(instructionSet?.rawValue ?? "default")"
        }

        static var all: [Case] {
            [Case(), Case(adapter: true), Case(adapter: true, storage: .nf4), Case(storage: .bf16, threads: 3)]
                + InstructionSet.supported.map { Case(adapter: true, storage: .nf4, threads: 2, instructionSet: $0) }
        }

        var context: KernelContext {
            get throws { try KernelContext(threads: threads, instructionSet: instructionSet) }
        }

        func model(_ context: KernelContext) throws -> LoadedModel {
            try LoadedModel(
                path: Golden.model, adapterPath: adapter ? Golden.adapter : nil, storage: storage, context: context)
        }
    }

    @Test("Twelve greedy tokens are those of transformers")
    func golden() throws {
        let expected = try Golden.rows("greedy.ids", length: 20)[0]
        let ids = try continuations(of: [Array(expected[..<8])], newTokens: 12)[0]
        #expect(Array(expected[8...]) == ids)
    }

    /// The ids come in runs of several lengths, two sequences side by side; their logits must be those of one forward
    /// over the whole sequence, which reads no cache.
    @Test("Logits behind a cache have the bits of one whole forward", arguments: Case.all)
    func sameBits(golden: Case) throws {
        let rows = try Golden.rows("input_ids", length: 18)
        let context = try golden.context
        let bench = try Bench(
            adapter: golden.adapter ? Golden.adapter : nil, storage: golden.storage, context: context)
        let whole = try rows.map { try bench.logits([$0]) }
        let (runner, room) = try golden.model(context).generation(
            sequences: 3, positions: 18, tokens: 12, context: context, compute: .fp32)
        // A place that had a longer sequence before must not show it.
        room.append([Int32](repeating: 7, count: 12), to: 2, wantsLogits: false)
        try runner.extend(room) { _, _ in }
        room.clear(2)
        var done = [0, 0]
        for cuts in [[1, 9], [5, 1], [1, 2], [4, 3], [6, 2], [1, 1]] {
            room.removeAll()
            for (row, count) in cuts.enumerated() {
                room.append(rows[row][done[row]..<done[row] + count], to: row == 0 ? 2 : 0, wantsLogits: true)
                done[row] += count
            }
            try runner.extend(room) { place, logits in
                let row = place == 2 ? 0 : 1
                let start = (done[row] - 1) * logits.count
                let expected = whole[row][start..<start + logits.count]
                #expect(expected.map(\.bitPattern) == logits.map(\.bitPattern), "row \(row), \(done[row]) tokens")
            }
        }
        #expect(done == [18, 18])
    }

    /// Mistral's window of 7 is shorter than its rows of 24.
    @Test("So have those of other families, token by token, with an adapter", arguments: FamilyTests.models)
    func families(name: String) throws {
        let golden = GoldenModel(name)
        let bench = try Bench(golden.model, adapter: golden.adapter, storage: nil)
        let rows = try golden.rows("input_ids")
        let whole = try rows.map { try bench.logits([$0]) }
        let (runner, room) = try bench.model.generation(
            sequences: rows.count, positions: rows[0].count, tokens: rows.count, context: bench.context, compute: .fp32)
        for position in rows[0].indices {
            room.removeAll()
            for (place, row) in rows.enumerated() { room.append([row[position]], to: place, wantsLogits: true) }
            try runner.extend(room) { place, logits in
                let expected = whole[place][position * logits.count..<(position + 1) * logits.count]
                #expect(expected.map(\.bitPattern) == logits.map(\.bitPattern), "row \(place), token \(position)")
            }
        }
    }

    @Test("A window of attention has the bits of one whole forward, too", arguments: [1, 2, 5, 16, 17])
    func window(size: Int) throws {
        var architecture = try ModelConfiguration(path: Golden.model + "/config.json").architecture
        architecture.attentionWindow = size
        let context = try KernelContext(threads: 1)
        let source = try SyntheticBase(architecture, linearFormat: .nf4())
        let ids = (0..<40).map { Int32(($0 * 37 + 11) % 512) }
        let whole = try greedy(source, architecture, ids: ids, cuts: [40], context)
        let cut = try greedy(source, architecture, ids: ids, cuts: [1, 7, 16, 1, 1, 14], context)
        #expect(whole.last?.map(\.bitPattern) == cut.last?.map(\.bitPattern))
        let stepped = try greedy(source, architecture, ids: ids, cuts: [Int](repeating: 1, count: 40), context)
        #expect(whole.last?.map(\.bitPattern) == stepped.last?.map(\.bitPattern))
        architecture.attentionWindow = nil
        let unlimited = try greedy(source, architecture, ids: ids, cuts: [40], context)
        #expect(whole.last != unlimited.last, "the window changes nothing")
    }

    private func greedy(
        _ source: SyntheticBase, _ architecture: Architecture, ids: [Int32], cuts: [Int], _ context: KernelContext
    ) throws -> [[Float]] {
        let layout = GenerationLayout(architecture, adapter: nil, sequences: 1, positions: ids.count, tokens: ids.count)
        let runner = try ModelRunner(
            layout: layout.step, frozen: FrozenUnits(source: source), trainables: nil, longestSequence: ids.count,
            context: context, compute: .fp32)
        let room = try GenerationRoom(layout)
        var all: [[Float]] = []
        var done = 0
        for count in cuts {
            room.removeAll()
            room.append(ids[done..<done + count], to: 0, wantsLogits: true)
            try runner.extend(room) { _, logits in all.append(Array(logits)) }
            done += count
        }
        return all
    }

    @Test("A text does not depend on the batch that it is made in, on threads or on instructions")
    func batches() throws {
        let prompts = try prompts()
        let alone = try prompts.map { try continuations(of: [$0], newTokens: 9)[0] }
        #expect(Set(alone).count > 1, "the prompts say all the same")
        for golden in [Case(threads: 3)] + InstructionSet.supported.map({ Case(instructionSet: $0) }) {
            for (sequences, tokens) in [(1, 4), (3, 8), (7, 64)] {
                let together = try continuations(
                    of: prompts, newTokens: 9, golden, sequences: sequences, tokens: tokens)
                #expect(together == alone, "\(golden), \(sequences) at once")
            }
        }
    }

    @Test("A drawn text depends on its seed and number alone")
    func draws() throws {
        let prompts = try prompts()
        let sampling = Sampling(temperature: 1, topP: 0.9, seed: 3)
        let alone = try continuations(of: prompts, newTokens: 9, sampling: sampling, sequences: 1)
        let together = try continuations(of: prompts, newTokens: 9, sampling: sampling, sequences: 7, tokens: 64)
        #expect(alone == together)
        let other = Sampling(temperature: 1, topP: 0.9, seed: 4)
        #expect(try continuations(of: prompts, newTokens: 9, sampling: other) != alone)
        let twins = try continuations(of: [prompts[0], prompts[0]], newTokens: 9, sampling: sampling)
        #expect(twins[0] != twins[1], "equal prompts with different numbers are drawn for apart")
    }

    @Test("A text ends with an end, with its length, or with the context")
    func stops() throws {
        let prompt = Array(try Golden.rows("greedy.ids", length: 20)[0][..<8])
        let free = try generations(of: [prompt], newTokens: 12)[0]
        #expect(free.stop == .length && free.ids.count == 12)
        let third = free.ids[2]
        let first = try #require(free.ids.firstIndex(of: third))
        let ended = try generations(of: [prompt], newTokens: 12, stops: [third])[0]
        #expect(ended.stop == .endOfText && ended.ids == Array(free.ids[..<first]))
        let full = try generations(of: [prompt], newTokens: 12, positions: 13)[0]
        #expect(full.stop == .context && full.ids == Array(free.ids[..<5]))
        let exact = try generations(of: [prompt], newTokens: 5, positions: 13)[0]
        #expect(exact.stop == .length && exact.ids == Array(free.ids[..<5]))
    }

    /// In a process of its own, for the count is the process's and other tests run beside this one.
    @Test("A token allocates nothing")
    func allocations() async {
        await #expect(processExitsWith: .success) {
            let golden = Case(adapter: true, storage: .nf4)
            let context = try golden.context
            let generator = try golden.model(context).generator(
                count: 2, positions: 18, batchSize: 2, sampling: Sampling(temperature: 1, topP: 0.5),
                end: TextEnd(ids: []), context: context, compute: .fp32)
            let before = AlignedStorage.allocationCount
            let rows = try Golden.rows("input_ids", length: 18)
            let requests = (0..<4).map {
                GenerationRequest(number: $0, prompt: Array(rows[$0 % 2][..<6]), maximumNewTokens: 8)
            }
            var count = 0
            try generator.run(requests) { count += $0.ids.count }
            guard before > 0, count == 32, AlignedStorage.allocationCount == before else {
                throw InputError(.data, "\(AlignedStorage.allocationCount - before) allocations, \(count) tokens")
            }
        }
    }

    private func prompts() throws -> [[Int32]] {
        let rows = try Golden.rows("input_ids", length: 18)
        return [1, 5, 12, 2, 8, 3, 7].enumerated().map { index, length in Array(rows[index % 2][index..<index + length])
        }
    }

    private func continuations(
        of prompts: [[Int32]], newTokens: Int, _ golden: Case = Case(), sampling: Sampling = .greedy,
        sequences: Int = 2, tokens: Int = 16
    ) throws -> [[Int32]] {
        try generations(
            of: prompts, newTokens: newTokens, golden, sampling: sampling, sequences: sequences, tokens: tokens
        ).map(\.ids)
    }

    private func generations(
        of prompts: [[Int32]], newTokens: Int, _ golden: Case = Case(), sampling: Sampling = .greedy,
        stops: Set<Int32> = [], sequences: Int = 2, positions: Int = 32, tokens: Int = 16
    ) throws -> [Generation] {
        let context = try golden.context
        let (runner, room) = try golden.model(context).generation(
            sequences: sequences, positions: positions, tokens: tokens, context: context, compute: .fp32)
        let generator = Generator(runner: runner, room: room, sampling: sampling, end: TextEnd(ids: stops))
        let requests = prompts.enumerated().map {
            GenerationRequest(number: $0.offset, prompt: $0.element, maximumNewTokens: newTokens)
        }
        var all: [Generation] = []
        try generator.run(requests) { all.append($0) }
        return all.sorted { $0.number < $1.number }
    }
}
