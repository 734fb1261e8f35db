// Rows and flat arrays, 16 lanes at a time.

/// Runs the body for i = 0, 16, ... below n, with `part` lanes of each that count.
#define FOR_LANES(i, n, part) \
    for (int64_t i = 0, part; i < (n) && (part = (n) - i, true); i += SK_LANES)

void SK_NAME(add)(int64_t n, const float *a, const float *b, float *c) {
    FOR_LANES(i, n, part) store_part(c + i, load_part(a + i, part) + load_part(b + i, part), part);
}

void SK_NAME(scale)(int64_t n, const float *a, float s, float *b) {
    FOR_LANES(i, n, part) store_part(b + i, load_part(a + i, part) * s, part);
}

enum { SUMS = SK_SUM_LANES / SK_LANES };

INLINE float add_sums(const floats sums[SUMS]) { return add_lanes((sums[0] + sums[2]) + (sums[1] + sums[3])); }

/// Runs the statement for i = 0, 16, ... below n, with `part` lanes of each that count, and `sum` the number of the
/// sum's vector that element i belongs to, known to the compiler but for the last few.
#define FOR_SUMS(i, n, part, sum, ...) \
    do { \
        int64_t i = 0; \
        for (; i + SK_SUM_LANES <= (n);) \
            _Pragma("clang loop unroll(full)") for (int sum = 0; sum < SUMS; sum++, i += SK_LANES) { \
                const int64_t part = SK_LANES; \
                __VA_ARGS__ \
            } \
        for (int sum = 0; i < (n); sum++, i += SK_LANES) { \
            const int64_t part = (n) - i; \
            __VA_ARGS__ \
        } \
    } while (0)

/// The lanes of `next` that count, the others as before.
INLINE floats keep_part(floats next, floats before, int64_t part) {
    return part >= SK_LANES ? next : lanes_between(0, part) ? next : before;
}

float SK_NAME(dot)(int64_t n, const float *a, const float *b) {
    floats sums[SUMS] = {0, 0, 0, 0};
    FOR_SUMS(i, n, part, k, {
        floats next = fused(load_part(a + i, part), load_part(b + i, part), sums[k]);
        sums[k] = keep_part(next, sums[k], part);
    });
    return add_sums(sums);
}

void SK_NAME(silu_multiply)(int64_t n, const float *gate, const float *up, float *a) {
    FOR_LANES(i, n, part) {
        floats g = load_part(gate + i, part);
        store_part(a + i, g * sigmoid(g) * load_part(up + i, part), part);
    }
}

void SK_NAME(silu_multiply_backward)(
    int64_t n, const float *da, const float *gate, const float *up, float *dgate, float *dup) {
    FOR_LANES(i, n, part) {
        floats g = load_part(gate + i, part), d = load_part(da + i, part), u = load_part(up + i, part);
        floats s = sigmoid(g), slope = s * fused(g, 1.0f - s, (floats)1.0f);
        store_part(dgate + i, d * u * slope, part);
        store_part(dup + i, d * (g * s), part);
    }
}

/// To nearest, ties to even; a NaN stays one.
INLINE void store_bf16(uint16_t *p, floats x, int64_t n) {
    words bits = (words)x, rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    halves out = __builtin_convertvector(x == x ? rounded : bits >> 16 | 0x40, halves);
    if (n >= SK_LANES) __builtin_memcpy(p, &out, sizeof out);
    else __builtin_memcpy(p, &out, (size_t)n * sizeof *p);
}

INLINE floats load_bf16(const uint16_t *p, int64_t n) {
    return (floats)(__builtin_convertvector(load_halves(p, n), words) << 16);
}

void SK_NAME(silu_multiply_saving)(
    int64_t n, const float *gate, const float *up, float *a, uint16_t *saved_gate, uint16_t *saved_up) {
    FOR_LANES(i, n, part) {
        floats g = load_part(gate + i, part), u = load_part(up + i, part);
        store_part(a + i, g * sigmoid(g) * u, part);
        store_bf16(saved_gate + i, g, part);
        store_bf16(saved_up + i, u, part);
    }
}

void SK_NAME(silu_multiply_backward_saved)(
    int64_t n, const float *da, const uint16_t *gate, const uint16_t *up, float *a, float *dgate, float *dup) {
    FOR_LANES(i, n, part) {
        floats g = load_bf16(gate + i, part), u = load_bf16(up + i, part), d = load_part(da + i, part);
        floats s = sigmoid(g), swish = g * s;
        store_part(a + i, swish * u, part);
        store_part(dgate + i, d * u * (s * fused(g, 1.0f - s, (floats)1.0f)), part);
        store_part(dup + i, d * swish, part);
    }
}

/// Philox for 8 blocks: 32 draws in the order of their elements. Words lie in the lower halves of 64 bits, where the
/// products want them; what the upper halves hold does not matter.
INLINE void philox(sk_rng rng, uint64_t first_block, words out[2]) {
    const longwords lane = {0, 1, 2, 3, 4, 5, 6, 7}, lower = 0xFFFFFFFFull;
    longwords c0 = lane + first_block, c1 = c0 >> 32, c2 = (uint32_t)rng.stream, c3 = rng.stream >> 32;
    uint32_t k0 = (uint32_t)rng.key, k1 = (uint32_t)(rng.key >> 32);
    _Pragma("clang loop unroll(full)") for (int round = 0; round < 10; round++) {
        longwords p0 = multiply_lower(c0, 0xD2511F53ull), p1 = multiply_lower(c2, 0xCD9E8D57ull);
        c0 = (p1 >> 32) ^ c1 ^ k0;
        c2 = (p0 >> 32) ^ c3 ^ k1;
        c1 = p1;
        c3 = p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    longwords front = (c0 & lower) | c1 << 32, back = (c2 & lower) | c3 << 32;
    out[0] = (words)__builtin_shufflevector(front, back, 0, 8, 1, 9, 2, 10, 3, 11);
    out[1] = (words)__builtin_shufflevector(front, back, 4, 12, 5, 13, 6, 14, 7, 15);
}

void SK_NAME(dropout)(
    int64_t n, const float *x, float *y, uint32_t threshold, float factor, sk_rng rng, uint64_t first) {
    int64_t i = 0;
    // Elements before a multiple of four, and those behind the last 64, one block at a time.
    int64_t head = (int64_t)((4 - first % 4) % 4);
    if (head >= n || n - head < 64) {
        sk_portable_dropout(n, x, y, threshold, factor, rng, first);
        return;
    }
    sk_portable_dropout(head, x, y, threshold, factor, rng, first);
    for (i = head; i + 64 <= n; i += 64) {
        words draws[4];
        philox(rng, (first + (uint64_t)i) / 4, draws);
        philox(rng, (first + (uint64_t)i) / 4 + 8, draws + 2);
        for (int j = 0; j < 4; j++) {
            ints keep = (ints)(draws[j] >> 8 >= threshold);
            store(y + i + 16 * j, keep ? load(x + i + 16 * j) * factor : (floats)0.0f);
        }
    }
    sk_portable_dropout(n - i, x + i, y + i, threshold, factor, rng, first + (uint64_t)i);
}

INLINE float inverse_rms(int64_t n, float squares, float epsilon) {
    return 1.0f / __builtin_sqrtf(squares / (float)n + epsilon);
}

void SK_NAME(rms_norm)(int64_t n, const float *x, const float *w, float epsilon, float *y) {
    float r = inverse_rms(n, SK_NAME(dot)(n, x, x), epsilon);
    FOR_LANES(i, n, part) store_part(y + i, load_part(x + i, part) * r * load_part(w + i, part), part);
}

void SK_NAME(rms_norm_backward)(
    int64_t n, const float *dy, const float *x, const float *w, float epsilon, float *dx, bool accumulate) {
    floats sums[SUMS] = {0, 0, 0, 0}, squares[SUMS] = {0, 0, 0, 0};
    FOR_SUMS(i, n, part, k, {
        floats value = load_part(x + i, part), g = load_part(dy + i, part) * load_part(w + i, part);
        sums[k] = keep_part(fused(g, value, sums[k]), sums[k], part);
        squares[k] = keep_part(fused(value, value, squares[k]), squares[k], part);
    });
    float r = inverse_rms(n, add_sums(squares), epsilon), f = r * r * r * (add_sums(sums) / (float)n);
    FOR_LANES(i, n, part) {
        floats g = load_part(dy + i, part) * load_part(w + i, part) * r;
        floats d = fused(-load_part(x + i, part), (floats)f, g);
        store_part(dx + i, accumulate ? load_part(dx + i, part) + d : d, part);
    }
}

void SK_NAME(rms_norm_gradient)(int64_t n, const float *dy, const float *x, float r, float *dw) {
    FOR_LANES(i, n, part) {
        floats normed = load_part(x + i, part) * r;
        store_part(dw + i, fused(load_part(dy + i, part), normed, load_part(dw + i, part)), part);
    }
}

void SK_NAME(rotate)(
    int64_t heads, int64_t half, float *x, const float *cosines, const float *sines, float sign) {
    for (int64_t head = 0; head < heads; head++, x += 2 * half) {
        FOR_LANES(i, half, part) {
            floats a = load_part(x + i, part), b = load_part(x + half + i, part);
            floats c = load_part(cosines + i, part), s = load_part(sines + i, part) * sign;
            store_part(x + i, fused(a, c, -(b * s)), part);
            store_part(x + half + i, fused(b, c, a * s), part);
        }
    }
}

float SK_NAME(cross_entropy)(
    int64_t n, float *logits, int64_t target, bool write_gradient, float gradient_scale) {
    floats most[SUMS] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY}, sums[SUMS] = {0, 0, 0, 0};
    float chosen = logits[target];
    FOR_SUMS(i, n, part, k, {
        floats x = load_part(logits + i, part);
        most[k] = keep_part(x > most[k] ? x : most[k], most[k], part);
    });
    for (int k = 1; k < SUMS; k++) most[0] = most[k] > most[0] ? most[k] : most[0];
    float largest = largest_lane(most[0]);
    FOR_SUMS(i, n, part, k, {
        floats e = exponential(load_part(logits + i, part) - largest);
        sums[k] = keep_part(sums[k] + e, sums[k], part);
        if (write_gradient) store_part(logits + i, e, part);
    });
    float sum = add_sums(sums), inverse = 1.0f / sum;
    if (write_gradient) {
        float right = logits[target], factor = inverse * gradient_scale;
        FOR_LANES(i, n, part) store_part(logits + i, load_part(logits + i, part) * factor, part);
        logits[target] = (right * inverse - 1.0f) * gradient_scale;
    }
    return largest + sk_log_scalar(sum) - chosen;
}

void SK_NAME(fixed_point_to_float)(int64_t n, const int64_t *sums, float scale, float *g) {
    for (int64_t i = 0; i < n; i++) g[i] = (float)((double)sums[i] * 0x1p-52) * scale;
}

double SK_NAME(sum_of_squares)(int64_t n, const float *g) {
    doubles sums = 0;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        float __attribute__((ext_vector_type(8))) x;
        __builtin_memcpy(&x, g + i, sizeof x);
        doubles wider = __builtin_convertvector(x, doubles);
        sums = __builtin_elementwise_fma(wider, wider, sums);
    }
    for (int lane = 0; i < n; i++, lane++) sums[lane] = __builtin_fma((double)g[i], (double)g[i], sums[lane]);
    double __attribute__((ext_vector_type(4))) a = sums.lo + sums.hi;
    double __attribute__((ext_vector_type(2))) b = a.lo + a.hi;
    return b.x + b.y;
}

void SK_NAME(adamw)(int64_t n, float *p, const float *g, float *m, float *v, sk_adamw_step step) {
    float keep = 1.0f - step.learning_rate * step.weight_decay, size = step.learning_rate / step.bias_correction1;
    float root = __builtin_sqrtf(step.bias_correction2), rest1 = 1.0f - step.beta1, rest2 = 1.0f - step.beta2;
    FOR_LANES(i, n, part) {
        floats gradient = load_part(g + i, part) * step.gradient_scale;
        floats first = fused((floats)step.beta1, load_part(m + i, part), rest1 * gradient);
        floats second = fused((floats)step.beta2, load_part(v + i, part), rest2 * gradient * gradient);
        floats denominator = __builtin_elementwise_sqrt(second) / root + step.epsilon;
        store_part(m + i, first, part);
        store_part(v + i, second, part);
        store_part(p + i, fused((floats)-size, first / denominator, load_part(p + i, part) * keep), part);
    }
}
