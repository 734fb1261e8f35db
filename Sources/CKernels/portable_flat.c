#include "scalar.h"

bool sk_portable_add_fixed_point(int64_t n, const float *g, float limit, int64_t *sums) {
    bool sound = true;
    for (int64_t i = 0; i < n; i++) {
        bool within = fabsf(g[i]) <= limit;
        sound = sound && within;
        // Times a power of two is exact; ties go to even, as the default rounding of every CPU.
        sums[i] += within ? (int64_t)rint((double)g[i] * 0x1p52) : 0;
    }
    return sound;
}

void sk_portable_fixed_point_to_float(int64_t n, const int64_t *sums, float scale, float *g) {
    for (int64_t i = 0; i < n; i++) g[i] = (float)((double)sums[i] * 0x1p-52) * scale;
}

double sk_portable_sum_of_squares(int64_t n, const float *g) {
    double lanes[8] = {0};
    for (int64_t i = 0; i < n; i++) lanes[i % 8] = fma((double)g[i], (double)g[i], lanes[i % 8]);
    for (int width = 4; width > 0; width /= 2)
        for (int i = 0; i < width; i++) lanes[i] = lanes[i] + lanes[i + width];
    return lanes[0];
}

void sk_portable_adamw(int64_t n, float *p, const float *g, float *m, float *v, sk_adamw_step step) {
    float keep = 1.0f - step.learning_rate * step.weight_decay, size = step.learning_rate / step.bias_correction1;
    float root = sqrtf(step.bias_correction2), rest1 = 1.0f - step.beta1, rest2 = 1.0f - step.beta2;
    for (int64_t i = 0; i < n; i++) {
        float gradient = g[i] * step.gradient_scale;
        m[i] = fmaf(step.beta1, m[i], rest1 * gradient);
        v[i] = fmaf(step.beta2, v[i], rest2 * gradient * gradient);
        float denominator = sqrtf(v[i]) / root + step.epsilon;
        p[i] = fmaf(-size, m[i] / denominator, p[i] * keep);
    }
}

double sk_portable_fma_loop(int64_t steps, float *sink) {
    float sums[SK_LANES] = {0};
    for (int64_t step = 0; step < steps; step++)
        for (int i = 0; i < SK_LANES; i++) sums[i] = fmaf(sums[i], 0.5f, 1.0f);
    *sink += sk_add_lanes(sums);
    return 2.0 * SK_LANES * (double)steps;
}

const sk_table sk_portable_table = {
    .isa = SK_PORTABLE,
    .tile_rows = 8,
    .strided_rows = 8,
    .tile_columns = 16,
    .depth_block = 256,
#define SK_KERNEL(name, kind) .name = sk_portable_##name,
#include "kernels.inc"
};
