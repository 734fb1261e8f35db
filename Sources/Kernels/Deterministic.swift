import CKernels

/// Functions of doubles that give the same bits on every CPU, where those of a C library need not.
package enum Deterministic {
    package static func exp(_ x: Double) -> Double { sk_exp(x) }
    /// The natural logarithm.
    package static func log(_ x: Double) -> Double { sk_log(x) }
    /// x to the power y, for x > 0.
    package static func pow(_ x: Double, _ y: Double) -> Double { sk_pow(x, y) }
    /// For |x| < 2³⁰ radians.
    package static func cos(_ x: Double) -> Double { sk_cos(x) }
    /// For |x| < 2³⁰ radians.
    package static func sin(_ x: Double) -> Double { sk_sin(x) }
}
