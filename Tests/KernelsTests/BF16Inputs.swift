import Buffers

/// What rounding to bf16 and its subnormals distinguish.
enum BF16Inputs {
    /// Ties, values that are not finite, and such as make products and sums that are subnormal or nearly so.
    static func vary(_ matrix: Matrix) {
        for row in 0..<matrix.rows {
            let values = matrix.row(row)
            for column in values.indices {
                switch (row % 10, column % 7) {
                case (1, 2): values[column] = Float(bitPattern: 0x3F80_8000 &+ UInt32(column % 3) << 16)
                case (2, _): values[column] *= 0x1p-120
                case (3, _): values[column] *= 0x1p-126
                case (4, _): values[column] *= 0x1p-145
                case (5, 3): values[column] = column > 50 ? .infinity : -.infinity
                case (6, 5) where column > 30: values[column] = Float(bitPattern: 0x7F80_0001)
                case (7, _): values[column] *= 0x1p120
                case (8, _): values[column] = column % 2 == 0 ? 0 : -0.0
                case (9, 1): values[column] = .greatestFiniteMagnitude
                default: break
                }
            }
        }
    }

    /// In the rows of small products the old values are small too.
    static func startLow(_ matrix: Matrix) {
        for row in 0..<matrix.rows where (2...4).contains(row % 10) {
            for column in matrix.row(row).indices { matrix.row(row)[column] *= column % 2 == 0 ? 0x1p-125 : 0x1p-130 }
        }
    }

    /// Values that are subnormal, or nearly, and such as lie between those of bf16.
    static func varyWeight(_ matrix: Matrix) {
        let count = matrix.rows * matrix.columns
        guard count > 3 else { return }
        for (index, value) in [0x1p-130, -0x1.01p-126, 0x1.018p-3].enumerated() {
            matrix.elements[index * count / 3] = Float(value)
        }
    }
}
