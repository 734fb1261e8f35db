#include <string.h>

#include "pool.h"
#include "scalar.h"

// Which kernels a context gets. Beside the instruction set that it is asked for, the products in 8 bits and in bf16
// have instructions of their own, which a CPU may lack.

bool sk_isa_supported(sk_isa isa) {
    if (isa == SK_PORTABLE) return true;
#if defined(__x86_64__)
    bool supported = true;
    __builtin_cpu_init();
#define SK_ISA_FEATURE(of, feature) supported = supported && (of != isa || __builtin_cpu_supports(feature));
#include "kernels.inc"
    return supported;
#else
    return false;
#endif
}

#if defined(__x86_64__)
static bool has_int8(sk_isa isa) {
    bool supported = true;
#define SK_INT8_FEATURE(of, feature) supported = supported && (of != isa || __builtin_cpu_supports(feature));
#include "kernels.inc"
    return supported;
}

static bool has_bf16(sk_isa isa) {
    bool supported = true;
#define SK_BF16_FEATURE(of, feature) supported = supported && (of != isa || __builtin_cpu_supports(feature));
#include "kernels.inc"
    return supported;
}

/// A bf16 value of any fraction whose exponent is one of eight from `exponent` on.
static uint32_t draw(uint32_t bits, int exponent) {
    return (bits & 0x807F) | (uint32_t)(exponent + 127 + (int)(bits >> 8 & 7)) << 7;
}

/// Whether `tile` computes what sk_bf16.h says, to the bit: sums of all sizes, that cancel, and near the subnormals.
static bool is_exact(sk_bf16_tile_kernel *tile) {
    enum { PAIRS = 6, LEFT = PAIRS * SK_BF16_ROWS, RIGHT = PAIRS * SK_BF16_COLUMNS };
    static const int exponents[] = {-4, -126, 100, -60};
    uint32_t a[LEFT], b[RIGHT], bits[4];
    float found[SK_BF16_ROWS * SK_BF16_COLUMNS], expected[SK_BF16_ROWS * SK_BF16_COLUMNS];
    for (int i = 0; i < RIGHT; i++) {
        sk_philox((sk_rng){1, 1}, (uint64_t)i, bits);
        b[i] = draw(bits[0], -4) | draw(bits[1], -4) << 16;
        int exponent = exponents[i % SK_BF16_ROWS % 4];
        if (i < LEFT) a[i] = draw(bits[2], exponent) | draw(bits[3], exponent) << 16;
    }
    sk_portable_bf16_tile(PAIRS, a, b, expected, SK_BF16_COLUMNS, SK_BF16_ROWS, SK_BF16_COLUMNS, false);
    tile(PAIRS, a, b, found, SK_BF16_COLUMNS, SK_BF16_ROWS, SK_BF16_COLUMNS, false);
    return memcmp(found, expected, sizeof found) == 0;
}
#endif

sk_table sk_table_for(sk_isa isa) {
    sk_table table = sk_portable_table;
#if defined(__x86_64__)
    if (isa == SK_AVX2 || isa == SK_AVXVNNI) table = sk_avx2_table;
    if (isa == SK_AVX512) table = sk_avx512_table;
    table.isa = isa;
    if (isa == SK_AVXVNNI) {
#define SK_INT8_KERNEL(name, kind) table.name = sk_avxvnni_##name;
#define SK_INT8_FEW_KERNEL(name, kind)
#include "kernels.inc"
    }
    if (!has_int8(isa)) {
#define SK_INT8_KERNEL(name, kind) table.name = sk_avx2_##name;
#include "kernels.inc"
    }
    if (!has_bf16(isa) || (isa == SK_AVX512 && !is_exact(table.bf16_tile))) {
#define SK_BF16_KERNEL(name, kind) table.name = sk_avx2_##name;
#include "kernels.inc"
    }
#else
    (void)isa;
#endif
    return table;
}

static const char *const names[] = {
#define SK_KERNEL(name, kind) #name,
#include "kernels.inc"
};

int sk_kernel_count(void) { return sizeof names / sizeof *names; }
const char *sk_kernel_name(int index) { return names[index]; }
