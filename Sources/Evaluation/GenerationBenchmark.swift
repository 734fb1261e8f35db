package import Architectures
import Buffers
import Execution
import Foundation
package import Kernels
import Quantization
import Sharding
import Transformer

/// Times the generation of tokens: a random base of a real shape, random prompts, real everything else.
///
/// A token costs little arithmetic, but all weights: what it is held against is the speed at which memory is read.
package struct GenerationBenchmark {
    private let architecture: Architecture
    private let promptLength: Int
    private let newTokens: Int
    private let batchSize: Int
    private let compute: Compute
    private let threads: Int

    package init(
        architecture: Architecture, promptLength: Int, newTokens: Int, batchSize: Int, compute: Compute, threads: Int
    ) {
        precondition(promptLength > 0 && newTokens > 0 && batchSize > 0)
        self.architecture = architecture
        self.promptLength = promptLength
        self.newTokens = newTokens
        self.batchSize = batchSize
        self.compute = compute
        self.threads = threads
    }

    package struct Result: Encodable, Sendable {
        package let name: String
        package let compute: String
        package let threads: Int
        package let batch_size: Int
        /// Tokens of each prompt, and new ones behind it.
        package let prompt_tokens: Int
        package let new_tokens: Int
        /// By the median round, of one token for each sequence.
        package let tokens_per_second: Double
        /// By the fastest round: what is possible where other programs disturb the median.
        package let best_tokens_per_second: Double
        /// What a round reads of weights, keys and values, over its tokens.
        package let bytes_per_token: Double
        package let gigabytes_per_second: Double
        /// What the same threads read of memory, measured before and after; the higher.
        package let peak_gigabytes_per_second: Double
        package let fraction_of_peak: Double
    }

    /// Walks the prompts, then measures a round for each new token but the first.
    /// - Throws: `InputError` of kind `.capacity` where there is no memory.
    package func run() throws -> Result {
        let context = try KernelContext(threads: threads)
        let base = try SyntheticBase(architecture, linearFormat: .nf4())
        let generator = try generator(base, context: context)
        let before = context.measureReadBandwidth(rounds: 6)
        let clock = ContinuousClock()
        var rounds: [(seconds: Double, bytes: Double)] = []
        while !generator.isIdle {
            let count = generator.newTokenCount
            let length = promptLength + count / batchSize
            let start = clock.now
            _ = try generator.round()
            let seconds = start.duration(to: clock.now) / .seconds(1)
            // The first new token comes with the prompt.
            guard count > 0 else { continue }
            rounds.append((seconds, Double(weightBytes(base) + batchSize * length * keyValueBytes)))
        }
        let peak = max(before, context.measureReadBandwidth(rounds: 6))
        rounds.sort { $0.seconds < $1.seconds }
        let median = rounds[rounds.count / 2]
        let speed = median.bytes / median.seconds
        return Result(
            name: "generate", compute: compute.rawValue, threads: threads, batch_size: batchSize,
            prompt_tokens: promptLength, new_tokens: newTokens,
            tokens_per_second: Double(batchSize) / median.seconds,
            best_tokens_per_second: Double(batchSize) / rounds[0].seconds,
            bytes_per_token: median.bytes / Double(batchSize),
            gigabytes_per_second: speed / 1e9, peak_gigabytes_per_second: peak / 1e9, fraction_of_peak: speed / peak)
    }

    private func generator(_ base: SyntheticBase, context: KernelContext) throws -> Generator {
        let positions = promptLength + newTokens
        let layout = GenerationLayout(
            architecture, adapter: nil, sequences: batchSize, positions: positions, tokens: batchSize * promptLength)
        let runner = try ModelRunner(
            layout: layout.step, frozen: FrozenUnits(source: base), trainables: nil, longestSequence: positions,
            context: context, compute: compute)
        try context.reserveScratch(longestSegment: positions, headSize: architecture.headSize)
        let generator = Generator(
            runner: runner, room: try GenerationRoom(layout), sampling: Sampling(), end: TextEnd(ids: []))
        let random = CounterRNG(seed: 1234, purpose: .benchmark)
        for number in 0..<batchSize {
            let prompt = (0..<promptLength).map {
                Int32(random.integer(number * promptLength + $0, below: architecture.vocabularySize))
            }
            generator.start(GenerationRequest(number: number, prompt: prompt, maximumNewTokens: newTokens))
        }
        return generator
    }

    /// The weights that every round reads whole: all but the embedding, of which it takes a row for each token, unless
    /// it is the head.
    private func weightBytes(_ base: SyntheticBase) -> Int {
        architecture.units.reduce(0) { sum, unit in
            let bytes = base.layout(of: unit).entries.reduce(0) { sum, entry in
                sum + entry.format.parts(elementCount: entry.tensor.elementCount).reduce(0) { $0 + $1.byteCount }
            }
            guard unit == .embedding, !architecture.tiesEmbeddings else { return sum + bytes }
            return sum + batchSize * bytes / architecture.vocabularySize
        }
    }

    /// Keys and values of one token in all layers.
    private var keyValueBytes: Int {
        2 * architecture.layerCount * architecture.keyValueSize * MemoryLayout<Float>.stride
    }
}
