import Architectures
package import Training
package import Transformer

/// What the parts of a step's work take on one rank that has its cores for itself.
package struct StepCost: Codable, Equatable, Sendable {
    // Seconds a token, at the job's lengths of sequences.
    package var embedding: Double
    /// Of one block.
    package var forward: Double
    /// Of one block, what is computed again included.
    package var backward: Double
    /// Of the block that the backward ends with: nothing is computed again where it is the only one, and what is below
    /// it needs no gradient, or a cheap one.
    package var bottom: Double
    package var head: Double
    // Seconds an element of the trainable state.
    /// Adding a gradient to the exact sums.
    package var sum: Double
    package var reset: Double
    package var update: Double

    package init(
        embedding: Double, forward: Double, backward: Double, bottom: Double, head: Double, sum: Double,
        reset: Double, update: Double
    ) {
        self.embedding = embedding
        self.forward = forward
        self.backward = backward
        self.bottom = bottom
        self.head = head
        self.sum = sum
        self.reset = reset
        self.update = update
    }

    /// What follows from the number of operations.
    /// - Parameters:
    ///   - context: positions that a query sees, on average.
    ///   - operationsPerSecond: of one rank, in products.
    ///   - bytesPerSecond: that one rank reads or writes in passes over its trainable state.
    package init(
        _ subject: StepSubject, recomputation: Recomputation, context: Double, operationsPerSecond: Double,
        bytesPerSecond: Double
    ) {
        let count = OperationCount(subject, recomputation: recomputation, context: context)
        self.init(
            embedding: 0, forward: count.forward / operationsPerSecond,
            backward: count.backward / operationsPerSecond, bottom: count.bottom / operationsPerSecond,
            head: count.head / operationsPerSecond,
            sum: 20 / bytesPerSecond, reset: 8 / bytesPerSecond, update: 40 / bytesPerSecond)
    }

    /// - Parameters:
    ///   - tokens: of the micro-batch.
    ///   - summed: elements whose sums the rank holds.
    ///   - updated: elements that it updates.
    func seconds(_ work: StepSchedule.Work, tokens: Double, summed: Int, updated: Int) -> Double {
        switch work {
        case .embedding: embedding * tokens
        case .forward: forward * tokens
        case .backward: backward * tokens
        case .bottom: bottom * tokens
        case .head: head * tokens
        case .sums(let elements): sum * Double(elements)
        case .reset: reset * Double(summed)
        case .update: update * Double(updated)
        }
    }
}

/// Operations of a step's products for one token, a multiply-add counting as two.
struct OperationCount {
    let forward: Double
    let backward: Double
    let bottom: Double
    let head: Double

    /// - Parameter context: positions that a query sees, on average.
    init(_ subject: StepSubject, recomputation: Recomputation, context: Double) {
        let architecture = subject.architecture
        func products(_ roles: [LinearRole]) -> Double {
            roles.reduce(0) {
                $0 + 2 * Double(architecture.inputSize(of: $1)) * Double(architecture.outputSize(of: $1))
            }
        }
        func adapters(_ roles: [LinearRole]) -> Double {
            guard let adapter = subject.adapter else { return 0 }
            return roles.filter(adapter.targets.contains).reduce(0) {
                $0 + 2 * Double(adapter.rank)
                    * Double(architecture.inputSize(of: $1) + architecture.outputSize(of: $1))
            }
        }
        let all = LinearRole.allCases
        let ofAttention = all.filter(\.isOfAttention)
        let attention = 4 * Double(architecture.querySize) * context
        forward = products(all) + adapters(all) + attention
        let again =
            switch recomputation {
            case .nothing: 0.0
            case .attention: products(ofAttention) + adapters(ofAttention) + attention
            case .everything: forward
            }
        // The gradient of the input, and that of what is trained; attention makes its scores again.
        let passes = subject.adapter == nil ? 2.0 : 1.0
        backward = passes * products(all) + 2 * adapters(all) + 2.5 * attention + again
        let below = products([.query, .key, .value])
        bottom = backward - again - (subject.adapter == nil ? 0 : below)
        head = (1 + passes) * 2 * Double(architecture.vocabularySize) * Double(architecture.hiddenSize)
    }
}
