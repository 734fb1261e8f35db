#ifndef SK_QUANTIZE_H
#define SK_QUANTIZE_H

#include "sk_context.h"

/// The 16 values of NF4, in the order of their codes.
extern const float sk_nf4_values[16];
/// The 256 values of the signed dynamic map in which scales are stored.
extern const float sk_nested_values[256];

/// x[i][j] = w[first_row + i][j], in fp32.
void sk_decode(sk_context *context, sk_weight w, int64_t first_row, sk_matrix x);

/// Encodes `count` values of `source` (fp32, fp16 or bf16) as bitsandbytes does. `scales` takes fp32, one a block, or,
/// where `nested` is not NULL, 8-bit codes with one fp32 of `nested` for every 256 and their mean in `offset`.
void sk_encode_nf4(
    sk_context *context, const void *x, sk_format source, int64_t count, int32_t block_size, uint8_t *codes,
    void *scales, float *nested, float *offset);

#endif
