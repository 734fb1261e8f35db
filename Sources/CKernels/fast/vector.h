// Sixteen lanes, whatever the registers are: avx2.c and avx512.c include this under their own target attribute, after
// they have defined SK_NAME, `wide` (one register of floats), WIDTH (its lanes), wide_load_part, wide_store_part,
// transpose, look_up and multiply_lower.
//
// Every lane does what scalar.h does for one value.

#define INLINE static inline __attribute__((always_inline))

typedef float floats __attribute__((ext_vector_type(16)));
typedef int32_t ints __attribute__((ext_vector_type(16)));
typedef uint32_t words __attribute__((ext_vector_type(16)));
typedef double doubles __attribute__((ext_vector_type(8)));
typedef int64_t longs __attribute__((ext_vector_type(8)));
typedef uint64_t longwords __attribute__((ext_vector_type(8)));

INLINE floats load(const float *p) {
    floats x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
}

INLINE void store(float *p, floats x) { __builtin_memcpy(p, &x, sizeof x); }

INLINE wide wide_load(const float *p) {
    wide x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
}

INLINE void wide_store(float *p, wide x) { __builtin_memcpy(p, &x, sizeof x); }

/// The first n of 16 lanes, 0 in the others; nothing behind them is touched.
INLINE floats load_part(const float *p, int64_t n) {
    if (n >= SK_LANES) return load(p);
    float lanes[SK_LANES] = {0};
    for (int64_t i = 0; i < n; i += WIDTH) wide_store(lanes + i, wide_load_part(p + i, (int)(n - i)));
    return load(lanes);
}

INLINE void store_part(float *p, floats x, int64_t n) {
    if (n >= SK_LANES) {
        store(p, x);
        return;
    }
    float lanes[SK_LANES];
    store(lanes, x);
    for (int64_t i = 0; i < n; i += WIDTH) wide_store_part(p + i, wide_load(lanes + i), (int)(n - i));
}

INLINE floats fused(floats a, floats b, floats c) { return __builtin_elementwise_fma(a, b, c); }

INLINE floats exp2_parts(floats shifted, floats f) {
    floats p = (floats)sk_exp2_series[0];
    _Pragma("clang loop unroll(full)") for (int i = 1; i < 6; i++) p = fused(p, f, (floats)sk_exp2_series[i]);
    return (floats)((words)p + ((words)shifted << 23));
}

INLINE floats exponential2(floats x) {
    x = x < SK_EXP2_LOW ? (floats)SK_EXP2_LOW : x;
    floats shifted = x + SK_EXP_SHIFT;
    return exp2_parts(shifted, x - (shifted - SK_EXP_SHIFT));
}

INLINE floats exponential(floats x) {
    x = x < SK_EXP_LOW ? (floats)SK_EXP_LOW : x;
    x = x > SK_EXP_HIGH ? (floats)SK_EXP_HIGH : x;
    floats shifted = fused(x, (floats)SK_LOG2_E, (floats)SK_EXP_SHIFT);
    return exp2_parts(shifted, fused(x, (floats)SK_LOG2_E, SK_EXP_SHIFT - shifted));
}

INLINE floats sigmoid(floats x) {
    x = x < SK_EXP_LOW ? (floats)SK_EXP_LOW : x;
    x = x > SK_EXP_HIGH ? (floats)SK_EXP_HIGH : x;
    floats shifted = fused(x, (floats)-SK_LOG2_E, (floats)SK_EXP_SHIFT);
    return 1.0f / (1.0f + exp2_parts(shifted, fused(x, (floats)-SK_LOG2_E, SK_EXP_SHIFT - shifted)));
}

INLINE float add_lanes(floats x) {
    float __attribute__((ext_vector_type(8))) a = x.lo + x.hi;
    float __attribute__((ext_vector_type(4))) b = a.lo + a.hi;
    float __attribute__((ext_vector_type(2))) c = b.lo + b.hi;
    return c.x + c.y;
}

/// The largest of all lanes, of which none is a NaN.
INLINE float largest_lane(floats x) {
    float __attribute__((ext_vector_type(8))) a = x.lo > x.hi ? x.lo : x.hi;
    float __attribute__((ext_vector_type(4))) b = a.lo > a.hi ? a.lo : a.hi;
    float __attribute__((ext_vector_type(2))) c = b.lo > b.hi ? b.lo : b.hi;
    return c.x > c.y ? c.x : c.y;
}

/// All bits set in the lanes first..<end, counted from 0.
INLINE ints lanes_between(int64_t first, int64_t end) {
    const ints lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    ints low = (int32_t)(first < 0 ? 0 : first > SK_LANES ? SK_LANES : first);
    ints high = (int32_t)(end < 0 ? 0 : end > SK_LANES ? SK_LANES : end);
    return (lane >= low) & (lane < high);
}
