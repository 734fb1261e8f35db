#ifndef SK_TYPES_H
#define SK_TYPES_H

#include <stdbool.h>
#include <stdint.h>

/// Row-major fp32 values; `stride` counts elements from one row to the next.
typedef struct {
    float *data;
    int64_t rows, columns, stride;
} sk_matrix;

/// The same in bf16.
typedef struct {
    uint16_t *data;
    int64_t rows, columns, stride;
} sk_bf16_matrix;

/// How the values of a weight are stored.
typedef enum {
    SK_FORMAT_FP32 = 0,
    SK_FORMAT_FP16 = 1,
    SK_FORMAT_BF16 = 2,
    /// Two codes a byte, the even element in the high nibble; one scale a block of the flattened tensor. What the codes
    /// mean is in sk_codebook.
    SK_FORMAT_NF4 = 3,
    SK_FORMAT_FP4 = 4,
} sk_format;

enum { SK_FORMAT_COUNT = 5, SK_NESTED_BLOCK = 256 };

/// A stored weight [rows, columns]; `stride` is `columns` in all formats but fp32. Scales are fp32, or, where `nested`
/// is not NULL, 8-bit: scale = sk_nested_values[code] * nested[block / 256] + offset.
typedef struct {
    sk_format format;
    int32_t block_size;
    int64_t rows, columns, stride;
    const void *codes;
    const void *scales;
    const float *nested;
    float offset;
} sk_weight;

/// What the numbers of one dropout mask are made from (see CounterRNG).
typedef struct {
    uint64_t key, stream;
} sk_rng;

/// One run of queries and the keys they may see; all counts are rows.
typedef struct {
    int32_t query_start, query_count, key_start, key_count;
    /// Position of the first query among the keys.
    int32_t query_offset;
} sk_segment;

typedef struct {
    float learning_rate, beta1, beta2, epsilon, weight_decay, bias_correction1, bias_correction2, gradient_scale;
} sk_adamw_step;

#endif
