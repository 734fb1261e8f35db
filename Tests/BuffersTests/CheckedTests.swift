import Buffers
import Testing

@Suite("Checked arithmetic")
struct CheckedTests {
    @Test("products and sums that fit")
    func fits() {
        #expect(Checked.product([]) == 1)
        #expect(Checked.product([3, 0, 5]) == 0)
        #expect(Checked.product([1 << 31, 1 << 31]) == 1 << 62)
        #expect(Checked.sum(.max - 1, 1) == .max)
    }

    @Test("overflow and negative numbers give nil", arguments: [[1 << 32, 1 << 31], [-1], [2, -3], [.max, 2]])
    func refused(factors: [Int]) {
        #expect(Checked.product(factors) == nil)
        #expect(Checked.sum(.max, 1) == nil)
        #expect(Checked.sum(-1, 5) == nil)
    }

    @Test("rounding up", arguments: [(0, 64, 0), (1, 64, 64), (64, 64, 64), (65, 64, 128)])
    func rounding(value: Int, unit: Int, expected: Int) {
        #expect(value.roundedUp(toMultipleOf: unit) == expected)
        #expect(value.dividedRoundingUp(by: unit) == expected / unit)
    }
}
