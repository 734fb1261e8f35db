#ifndef SK_QUANTIZE_H
#define SK_QUANTIZE_H

#include "sk_context.h"

/// A 4-bit format: what its codes mean, and how a value finds its code. The code of a value in [-1, 1] is
/// `ranked[number of midpoints below it]`, a midpoint lying halfway between two neighbours in `ranked`.
typedef struct {
    /// By code.
    float values[16];
    /// The codes in the order of their values.
    uint8_t ranked[16];
} sk_codebook;

extern const sk_codebook sk_nf4, sk_fp4;
/// The 256 values of the signed dynamic map in which scales are stored.
extern const float sk_nested_values[256];

/// x[i][j] = w[first_row + i][j], in fp32.
void sk_decode(sk_context *context, sk_weight w, int64_t first_row, sk_matrix x);

/// Encodes `count` values of `source` (fp32, fp16 or bf16) to `target`, a 4-bit format, as bitsandbytes does. `scales`
/// takes fp32, one a block, or, where `nested` is not NULL, 8-bit codes with one fp32 of `nested` for every 256 and
/// their mean in `offset`.
void sk_encode_4bit(
    sk_context *context, const void *x, sk_format source, int64_t count, sk_format target, int32_t block_size,
    uint8_t *codes, void *scales, float *nested, float *offset);

#endif
