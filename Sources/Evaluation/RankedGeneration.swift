import Buffers
package import Collectives
import Execution

/// A generation over many prompts, spread over ranks, whose results come in the order of the prompts.
///
/// Prompt i belongs to rank i mod size. Ranks generate at their own pace and meet about twice a second to hand over
/// what is done; a prompt is begun only a bounded way ahead of the first one that is not done, so that a long text does
/// not hold back many others.
package struct RankedGeneration {
    private let requests: [GenerationRequest]
    private let generator: Generator
    private let communicator: any Communicator
    private let window: Int

    /// Time between two meetings of ranks.
    private static let pace = Duration.milliseconds(500)
    /// Prompts that are begun ahead, for each that is generated at once.
    private static let lead = 4

    /// - Parameters:
    ///   - requests: all prompts, the same on every rank; the number of each is its place in the list.
    ///   - generator: this rank's, with as many places as the others'.
    package init(_ requests: [GenerationRequest], generator: Generator, communicator: any Communicator) {
        precondition(requests.enumerated().allSatisfy { $0.offset == $0.element.number })
        self.requests = requests
        self.generator = generator
        self.communicator = communicator
        window = Self.lead * generator.placeCount * communicator.size
    }

    /// Generates for the prompts from `first` on. All ranks call it.
    /// - Parameter deliver: called on the coordinator with the next results in order.
    package func run(from first: Int, deliver: ([Generation]) throws -> Void) throws {
        var delivered = first
        var mine = (first..<requests.count).filter { $0 % communicator.size == communicator.rank }[...]
        var early: [Int: Generation] = [:]
        while delivered < requests.count {
            let ended = try communicator.agree { try generate(&mine, before: delivered + window) }
            let gathered = try communicator.gatherValues(ended)
            let next = delivered
            delivered = try communicator.fromCoordinator {
                for generation in (gathered ?? []).joined() { early[generation.number] = generation }
                var ready: [Generation] = []
                while let generation = early.removeValue(forKey: next + ready.count) { ready.append(generation) }
                if !ready.isEmpty { try deliver(ready) }
                return next + ready.count
            }
        }
    }

    /// Rounds until it is time to meet, or nothing is left to do here.
    private func generate(_ mine: inout ArraySlice<Int>, before limit: Int) throws -> [Generation] {
        let clock = ContinuousClock()
        let start = clock.now
        var ended: [Generation] = []
        repeat {
            while generator.hasFreePlace, let next = mine.first, next < limit {
                generator.start(requests[next])
                mine.removeFirst()
            }
            if generator.isIdle { break }
            ended += try generator.round()
            // Alone there is nobody to wait for: what is done is delivered at once.
        } while communicator.size == 1 ? ended.isEmpty : start.duration(to: clock.now) < Self.pace
        return ended
    }
}
