import Buffers
import Foundation
import Kernels

/// Attention and its gradient in double precision, straight from the formulas.
struct ExactAttention {
    private(set) var output: [[Double]]
    private(set) var dq: [[Double]]
    private(set) var dk: [[Double]]
    private(set) var dv: [[Double]]

    init(_ problem: AttentionCase) {
        output = Self.zeros(problem.q)
        dq = Self.zeros(problem.q)
        dk = Self.zeros(problem.k)
        dv = Self.zeros(problem.k)
        for segment in problem.segments {
            for head in 0..<problem.heads {
                for query in 0..<Int(segment.queryCount) { add(problem, segment, head: head, query: query) }
            }
        }
    }

    private static func zeros(_ values: Values) -> [[Double]] {
        Array(repeating: Array(repeating: 0, count: values.matrix.columns), count: values.matrix.rows)
    }

    private mutating func add(_ problem: AttentionCase, _ segment: AttentionSegment, head: Int, query: Int) {
        let size = problem.headSize
        let column = head * size
        let kvColumn = head * problem.kvHeads / problem.heads * size
        let row = Int(segment.queryStart) + query
        let last = Int(segment.queryOffset) + query
        let first = problem.window.map { max(0, last - $0 + 1) } ?? 0
        let keys = (first...last).map { Int(segment.keyStart) + $0 }
        func dot(_ a: Values, _ b: Values, _ key: Int) -> Double {
            (0..<size).reduce(0.0) {
                $0 + Double(a.matrix.row(row)[column + $1]) * Double(b.matrix.row(key)[kvColumn + $1])
            }
        }
        let weights = keys.map { exp(dot(problem.q, problem.k, $0) * Double(problem.scale)) }
        let probabilities = weights.map { $0 / weights.reduce(0, +) }
        let slopes = keys.map { dot(problem.dOutput, problem.v, $0) }
        let mean = zip(probabilities, slopes).reduce(0.0) { $0 + $1.0 * $1.1 }
        for (index, key) in keys.enumerated() {
            let p = probabilities[index]
            let ds = p * (slopes[index] - mean) * Double(problem.scale)
            for i in 0..<size {
                output[row][column + i] += p * Double(problem.v.matrix.row(key)[kvColumn + i])
                dq[row][column + i] += ds * Double(problem.k.matrix.row(key)[kvColumn + i])
                dk[key][kvColumn + i] += ds * Double(problem.q.matrix.row(row)[column + i])
                dv[key][kvColumn + i] += p * Double(problem.dOutput.matrix.row(row)[column + i])
            }
        }
    }
}
