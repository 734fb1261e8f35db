import Buffers
import Testing

@Suite("Matrices")
struct MatrixTests {
    @Test("parts of a matrix are views of the same values")
    func views() throws {
        let storage = try AlignedStorage(byteCount: 4 * 5 * 8)
        let matrix = Matrix(storage.elements(of: Float.self, count: 40), rows: 5, columns: 8)
        for (index, _) in matrix.elements.enumerated() { matrix.elements[index] = Float(index) }
        let part = matrix.rows(from: 1, count: 3).columns(from: 2, count: 4)
        #expect(!part.isContiguous && part.stride == 8)
        #expect(Array(part.row(2)) == [26, 27, 28, 29])
        part.row(0)[0] = -1
        #expect(matrix.row(1)[2] == -1)
        #expect(matrix.rows(from: 5, count: 0).rows == 0)
        #expect(storage.byteCount == 160)
    }
}
