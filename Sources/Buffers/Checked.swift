/// Arithmetic on numbers that come from files: nil instead of a trap on overflow.
package enum Checked {
    /// The product of all factors, or nil where one is negative or the product overflows.
    package static func product(_ factors: some Sequence<Int>) -> Int? {
        var result = 1
        for factor in factors {
            guard factor >= 0 else { return nil }
            let (next, overflow) = result.multipliedReportingOverflow(by: factor)
            if overflow { return nil }
            result = next
        }
        return result
    }

    /// The sum of two numbers that must not be negative, or nil.
    package static func sum(_ a: Int, _ b: Int) -> Int? {
        guard a >= 0, b >= 0 else { return nil }
        let (result, overflow) = a.addingReportingOverflow(b)
        return overflow ? nil : result
    }
}

extension Int {
    /// The smallest multiple of `unit` that is not less than this.
    package func roundedUp(toMultipleOf unit: Int) -> Int { (self + unit - 1) / unit * unit }

    /// This divided by `unit`, rounded up.
    package func dividedRoundingUp(by unit: Int) -> Int { (self + unit - 1) / unit }
}
