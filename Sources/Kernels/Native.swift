import Buffers
import CKernels
import Quantization

extension Matrix {
    /// This view as the kernels take it.
    var native: sk_matrix {
        sk_matrix(data: base, rows: Int64(rows), columns: Int64(columns), stride: Int64(stride))
    }

    func hasShape(of other: Matrix) -> Bool { rows == other.rows && columns == other.columns }
}

extension BFloat16Matrix {
    var native: sk_bf16_matrix {
        sk_bf16_matrix(data: base, rows: Int64(rows), columns: Int64(columns), stride: Int64(columns))
    }
}

extension WeightView {
    /// This view as the kernels take it.
    var native: sk_weight {
        precondition(!format.isQuantized || (format.blockSize > 0 && format.blockSize % 2 == 0))
        return sk_weight(
            format: format.native, block_size: Int32(format.blockSize), rows: Int64(rows), columns: Int64(columns),
            stride: Int64(columns), codes: codes, scales: scales, nested: nestedScales, offset: scaleOffset)
    }
}

extension WeightFormat {
    var native: sk_format {
        switch kind {
        case .fp32: SK_FORMAT_FP32
        case .fp16: SK_FORMAT_FP16
        case .bf16: SK_FORMAT_BF16
        case .nf4: SK_FORMAT_NF4
        case .fp4: SK_FORMAT_FP4
        }
    }
}
