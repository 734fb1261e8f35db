import Buffers

/// What quantisation to 8 bits distinguishes.
enum Int8Inputs {
    /// Massive values alone, by twos and in steps; zeros; scales at the limits; values that are not finite.
    static func vary(_ matrix: Matrix) {
        for row in 0..<matrix.rows {
            let values = matrix.row(row)
            for column in values.indices {
                switch (row % 11, column % 64) {
                case (1, 7), (2, 5), (2, 63): values[column] = 1000
                case (2, 17): values[column] *= 200
                case (3, 0...40), (4, _): values[column] = column % 2 == 0 ? 0 : -0.0
                case (5, _): values[column] *= 0x1p-120
                case (6, _): values[column] *= 0x1p-99
                case (7, _): values[column] *= 0x1p110
                case (8, 3) where column > 64: values[column] = .infinity
                case (9, 9) where column < 64: values[column] = .nan
                // All codes are halves: ties go to the even neighbour.
                case (10, let j): values[column] = j == 0 ? 127 : Float(j) - 32.5
                default: break
                }
            }
        }
    }
}
