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
    sk_format target;
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
        int64_t start = block * k->block_size;
        int64_t n = sk_min(k->count - start, sk_min(end - block, blocks) * k->block_size);
        const float *x = (const float *)k->weight.codes + start;
        if (k->weight.format != SK_FORMAT_FP32) {
            sk_decoder(k->table, k->weight.format)(&k->weight, 0, 1, start, n, values, n);
            x = values;
        }
        k->table->encode_4bit(
            sk_codebook_of(k->target), x, n, k->block_size, start + n == k->count, k->codes + start / 2,
            k->scales + block);
    }
}

/// The code that bitsandbytes' CPU path stores for a value in [-1, 1]: the value is first brought to the nearest of
/// 65,536 steps, then to the nearest value of the map, the lower one of two equally near.
static uint8_t nearest_scale_code(float value) {
    const float steps = 65535;
    value = value < -1 ? -1 : value > 1 ? 1 : value;
    float step = (float)(int32_t)((value + 1) * 0.5f * steps + 0.5f);
    value = -1 + 2 * step / steps;
    int low = 0, high = 255;
    while (low < high) {
        int middle = (low + high) / 2;
        float midpoint = 0.5f * (sk_nested_values[middle] + sk_nested_values[middle + 1]);
        if (midpoint < value) low = middle + 1;
        else high = middle;
    }
    return (uint8_t)low;
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
        float reciprocal = 1.0f / largest;
        for (int64_t i = start; i < stop; i++)
            k->scale_codes[i] = largest == 0 ? 0 : nearest_scale_code((k->scales[i] - k->offset) * reciprocal);
        k->nested[block] = largest;
    }
}

enum { MEAN_LANES = 8, MEAN_ROWS = 4, MEAN_SUMS = MEAN_LANES * MEAN_ROWS, MEAN_LEVELS = 4 };

static void add_all(float *sums, const float *x) {
    for (int i = 0; i < MEAN_SUMS; i++) sums[i] += x[i];
}

/// 32 running sums over runs of 32 values. A level is emptied into the next one whenever it holds `run` additions of
/// its own kind, so that small numbers meet small ones.
static void cascade(const float *x, int64_t count, float sums[MEAN_SUMS]) {
    float levels[MEAN_LEVELS][MEAN_SUMS] = {{0}};
    int power = count > 1 ? (64 - __builtin_clzll((unsigned long long)count - 1)) / MEAN_LEVELS : 0;
    power = power < 4 ? 4 : power;
    const int64_t run = (int64_t)1 << power;
    int64_t i = 0;
    while (i + run <= count) {
        for (int64_t end = i + run; i < end; i++) add_all(levels[0], x + i * MEAN_SUMS);
        for (int level = 1; level < MEAN_LEVELS; level++) {
            add_all(levels[level], levels[level - 1]);
            memset(levels[level - 1], 0, sizeof levels[level - 1]);
            if ((i & ((run - 1) << (level * power))) != 0) break;
        }
    }
    for (; i < count; i++) add_all(levels[0], x + i * MEAN_SUMS);
    for (int level = 1; level < MEAN_LEVELS; level++) add_all(levels[0], levels[level]);
    memcpy(sums, levels[0], sizeof levels[0]);
}

/// The mean in the order in which torch adds contiguous floats on one thread (its cascade sum, 4 rows of 8 lanes): the
/// mean of the scales is stored, so its last bit is part of the format.
static float mean(const float *x, int64_t count) {
    float sums[MEAN_SUMS], sum = 0;
    int64_t vectors = count / MEAN_LANES, runs = vectors / MEAN_ROWS;
    cascade(x, runs, sums);
    for (int64_t i = runs * MEAN_ROWS; i < vectors; i++)
        for (int j = 0; j < MEAN_LANES; j++) sums[j] += x[i * MEAN_LANES + j];
    for (int row = 1; row < MEAN_ROWS; row++)
        for (int j = 0; j < MEAN_LANES; j++) sums[j] += sums[row * MEAN_LANES + j];
    for (int64_t i = vectors * MEAN_LANES; i < count; i++) sum += x[i];
    for (int j = 0; j < MEAN_LANES; j++) sum += sums[j];
    return sum / (float)count;
}

void sk_encode_4bit(
    sk_context *context, const void *x, sk_format source, int64_t count, sk_format target, int32_t block_size,
    uint8_t *codes, void *scales, float *nested, float *offset) {
    int64_t blocks = (count + block_size - 1) / block_size;
    quantize_work work = {
        .context = context, .table = sk_table_of(context), .count = count, .target = target,
        .block_size = block_size, .codes = codes,
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
