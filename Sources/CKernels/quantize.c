#include "sk_quantize.h"

#include <math.h>
#include <string.h>

#include "pool.h"

#pragma STDC FP_CONTRACT OFF

typedef struct {
    sk_context *context;
    const sk_table *table;
    sk_weight weight;
    sk_matrix x;
    int64_t row;
    // Encoding
    int64_t count;
    int32_t block_size;
    uint8_t *codes;
    float *scales;
    // Scales in 8 bits
    uint8_t *scale_codes;
    float *nested;
    float offset;
} quantize_work;

static void decode_rows(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const quantize_work *k = argument;
    sk_decoder(k->table, k->weight.format)(
        &k->weight, k->row + first, end - first, 0, k->weight.columns, k->x.data + first * k->x.stride, k->x.stride);
}

void sk_decode(sk_context *context, sk_weight w, int64_t first_row, sk_matrix x) {
    if (w.columns == 0) return;
    quantize_work work = {.table = sk_table_of(context), .weight = w, .x = x, .row = first_row};
    sk_parallel_ranges(context, x.rows, sk_max(1, 4096 / w.columns), decode_rows, &work);
}

/// A few blocks at a time are brought to fp32 in the thread's scratch and encoded there.
static void encode_blocks(void *argument, int64_t first, int64_t end, int thread) {
    const quantize_work *k = argument;
    int64_t blocks = sk_max(1, 4096 / k->block_size);
    float *values = sk_thread_scratch(k->context, thread, blocks * k->block_size * (int64_t)sizeof(float));
    for (int64_t block = first; block < end; block += blocks) {
        int64_t start = block * k->block_size, n = sk_min(k->count - start, sk_min(end - block, blocks) * k->block_size);
        const float *x = (const float *)k->weight.codes + start;
        if (k->weight.format != SK_FORMAT_FP32) {
            sk_decoder(k->table, k->weight.format)(&k->weight, 0, 1, start, n, values, n);
            x = values;
        }
        k->table->encode_nf4(x, n, k->block_size, start + n == k->count, k->codes + start / 2, k->scales + block);
    }
}

/// The nearest value of the dynamic map, as the library finds it: a binary search, then the nearer neighbour.
static uint8_t nearest_scale_code(float value) {
    int low = 0, high = 256;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        // The library widens its table to -1 on the left before it searches.
        float bound = middle == 0 ? -1.0f : sk_nested_values[middle];
        if (value >= bound) low = middle; else high = middle;
    }
    if (low == 255) return 255;
    float left = fabsf(value - sk_nested_values[low]), right = fabsf(value - sk_nested_values[low + 1]);
    return (uint8_t)(right < left ? low + 1 : low);
}

static void encode_scales(void *argument, int64_t first, int64_t end, int thread) {
    (void)thread;
    const quantize_work *k = argument;
    for (int64_t block = first; block < end; block++) {
        int64_t start = block * SK_NESTED_BLOCK, stop = sk_min(k->count, start + SK_NESTED_BLOCK);
        float largest = 0;
        for (int64_t i = start; i < stop; i++) {
            float magnitude = fabsf(k->scales[i] - k->offset);
            largest = magnitude > largest ? magnitude : largest;
        }
        for (int64_t i = start; i < stop; i++)
            k->scale_codes[i] = nearest_scale_code((k->scales[i] - k->offset) / largest);
        k->nested[block] = largest;
    }
}

static float mean(const float *x, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += (double)x[i];
    return (float)(sum / (double)count);
}

void sk_encode_nf4(
    sk_context *context, const void *x, sk_format source, int64_t count, int32_t block_size, uint8_t *codes,
    void *scales, float *nested, float *offset) {
    int64_t blocks = (count + block_size - 1) / block_size;
    quantize_work work = {
        .context = context, .table = sk_table_of(context), .count = count, .block_size = block_size, .codes = codes,
        .weight = {.format = source, .rows = 1, .columns = count, .stride = count, .codes = x},
        .scales = nested ? sk_shared_scratch(context, blocks * (int64_t)sizeof(float)) : scales,
    };
    // Sixteen blocks begin at a whole byte of codes and at a new cache line of scales.
    sk_parallel_ranges(context, blocks, 16, encode_blocks, &work);
    if (!nested) return;
    *offset = mean(work.scales, blocks);
    work.count = blocks, work.offset = *offset, work.scale_codes = scales, work.nested = nested;
    sk_parallel_ranges(context, (blocks + SK_NESTED_BLOCK - 1) / SK_NESTED_BLOCK, 1, encode_scales, &work);
}
