// To bf16 and into pairs, in sixteen lanes of any registers. The tiles are in bf16_plain.h and bf16_dot.h; before it is
// included, bf16_rounded is sk_bf16_round of sixteen values, and bf16_look_up turns BF16_CODES codes of 4 bits.

INLINE void store_halves(uint16_t *p, halves x, int64_t n) {
    __builtin_memcpy(p, &x, n >= SK_LANES ? sizeof x : (size_t)n * sizeof *p);
}

void SK_NAME(bf16_round)(
    const float *x, int64_t stride, int64_t rows, int64_t columns, uint16_t *out, int64_t out_stride) {
    for (int64_t i = 0; i < rows; i++, x += stride, out += out_stride) {
        int64_t j = 0;
        for (; j + SK_LANES <= columns; j += SK_LANES) store_halves(out + j, bf16_rounded(load(x + j)), SK_LANES);
        if (j < columns) store_halves(out + j, bf16_rounded(load_part(x + j, columns - j)), columns - j);
    }
}

/// Elements first..<end of the flattened tensor, which lie in one block.
INLINE void decode_in_block(
    const sk_weight *w, const uint16_t table[16], int64_t first, int64_t end, uint16_t *out) {
    const uint8_t *codes = w->codes;
    int64_t e = first;
    if (e < end && e % 2 != 0) *out++ = table[codes[e++ / 2] & 15];
    for (; e + BF16_CODES <= end; e += BF16_CODES, out += BF16_CODES) bf16_look_up(table, codes + e / 2, out);
    for (; e < end; e++) *out++ = table[e % 2 == 0 ? codes[e / 2] >> 4 : codes[e / 2] & 15];
}

void SK_NAME(bf16_decode_4bit)(
    const sk_weight *w, int64_t row, int64_t rows, int64_t column, int64_t columns, uint16_t *out,
    int64_t out_stride) {
    if ((w->block_size & (w->block_size - 1)) != 0) {
        sk_portable_bf16_decode_4bit(w, row, rows, column, columns, out, out_stride);
        return;
    }
    const floats values = load(sk_codebook_of(w->format)->values);
    const int shift = __builtin_ctz((unsigned)w->block_size);
    for (int64_t i = 0; i < rows; i++, out += out_stride) {
        int64_t first = (row + i) * w->columns + column, last = first + columns;
        for (int64_t e = first, end; e < last; e = end) {
            int64_t block = e >> shift;
            end = (block + 1) << shift < last ? (block + 1) << shift : last;
            uint16_t table[16];
            store_halves(table, bf16_rounded(values * sk_block_scale(w, block, sk_nested_values)), SK_LANES);
            decode_in_block(w, table, e, end, out + (e - first));
        }
    }
}

/// `count` pairs of WIDTH rows (those from `rows` on are 0), turned.
INLINE void turn_pairs(const uint16_t *x, int64_t stride, int rows, wide out[WIDTH]) {
    _Pragma("clang loop unroll(full)") for (int i = 0; i < WIDTH; i++)
        out[i] = i < rows ? wide_load((const float *)(const void *)(x + i * stride)) : (wide)0.0f;
    transpose(out);
}

void SK_NAME(bf16_pack_transposed)(
    const uint16_t *x, int64_t stride, int count, int64_t depth, int width, uint32_t *out) {
    for (int64_t d = 0; d < depth; d += 2 * WIDTH)
        for (int i = 0; i < width; i += WIDTH) {
            const uint16_t *from = x + i * stride + d;
            int rows = count - i < 0 ? 0 : count - i < WIDTH ? count - i : WIDTH;
            int64_t steps = depth - d < 2 * WIDTH ? depth - d : 2 * WIDTH;
            wide turned[WIDTH];
            if (steps == 2 * WIDTH) {
                turn_pairs(from, stride, rows, turned);
            } else {
                uint16_t whole[WIDTH][2 * WIDTH] = {{0}};
                for (int r = 0; r < rows; r++)
                    __builtin_memcpy(whole[r], from + r * stride, (size_t)steps * sizeof *from);
                turn_pairs(whole[0], 2 * WIDTH, WIDTH, turned);
            }
            float *to = (float *)(void *)(out + d / 2 * width + i);
            for (int p = 0; 2 * p < steps; p++) {
                if (width - i >= WIDTH) wide_store(to + p * width, turned[p]);
                else wide_store_part(to + p * width, turned[p], width - i);
            }
        }
}

void SK_NAME(bf16_pack_straight)(
    const uint16_t *x, int64_t stride, int count, int64_t depth, int width, uint32_t *out) {
    for (int64_t d = 0; d < depth; d += 2, x += 2 * stride, out += width)
        for (int i = 0; i < width; i += SK_LANES) {
            int64_t left = count - i < 0 ? 0 : count - i;
            halves low = left > 0 ? load_halves(x + i, left) : (halves)0;
            halves high = left > 0 && d + 1 < depth ? load_halves(x + stride + i, left) : (halves)0;
            words pairs = __builtin_convertvector(low, words) | __builtin_convertvector(high, words) << 16;
            __builtin_memcpy(out + i, &pairs, width - i >= SK_LANES ? sizeof pairs : (size_t)(width - i) * sizeof *out);
        }
}
