#include "scalar.h"

void sk_portable_add(int64_t n, const float *a, const float *b, float *c) {
    for (int64_t i = 0; i < n; i++) c[i] = a[i] + b[i];
}

void sk_portable_scale(int64_t n, const float *a, float s, float *b) {
    for (int64_t i = 0; i < n; i++) b[i] = a[i] * s;
}

float sk_portable_dot(int64_t n, const float *a, const float *b) {
    float lanes[SK_SUM_LANES] = {0};
    for (int64_t i = 0; i < n; i++) lanes[i % SK_SUM_LANES] = fmaf(a[i], b[i], lanes[i % SK_SUM_LANES]);
    return sk_add_sums(lanes);
}

void sk_portable_silu_multiply(int64_t n, const float *gate, const float *up, float *a) {
    for (int64_t i = 0; i < n; i++) a[i] = gate[i] * sk_sigmoid_scalar(gate[i]) * up[i];
}

void sk_portable_silu_multiply_backward(
    int64_t n, const float *da, const float *gate, const float *up, float *dgate, float *dup) {
    for (int64_t i = 0; i < n; i++) {
        float g = gate[i], d = da[i], u = up[i], s = sk_sigmoid_scalar(g);
        float slope = s * fmaf(g, 1.0f - s, 1.0f);
        dgate[i] = d * u * slope;
        dup[i] = d * (g * s);
    }
}

void sk_portable_silu_multiply_saving(
    int64_t n, const float *gate, const float *up, float *a, uint16_t *saved_gate, uint16_t *saved_up) {
    for (int64_t i = 0; i < n; i++) {
        float g = gate[i], u = up[i];
        a[i] = g * sk_sigmoid_scalar(g) * u;
        saved_gate[i] = sk_to_bf16(g);
        saved_up[i] = sk_to_bf16(u);
    }
}

void sk_portable_silu_multiply_backward_saved(
    int64_t n, const float *da, const uint16_t *gate, const uint16_t *up, float *a, float *dgate, float *dup) {
    for (int64_t i = 0; i < n; i++) {
        float g = sk_from_bf16(gate[i]), u = sk_from_bf16(up[i]), d = da[i], s = sk_sigmoid_scalar(g), swish = g * s;
        a[i] = swish * u;
        dgate[i] = d * u * (s * fmaf(g, 1.0f - s, 1.0f));
        dup[i] = d * swish;
    }
}

void sk_portable_dropout(
    int64_t n, const float *x, float *y, uint32_t threshold, float factor, sk_rng rng, uint64_t first) {
    uint32_t draws[4];
    for (int64_t i = 0; i < n; i++) {
        uint64_t element = first + (uint64_t)i;
        if (i == 0 || element % 4 == 0) sk_philox(rng, element / 4, draws);
        y[i] = draws[element % 4] >> 8 >= threshold ? x[i] * factor : 0.0f;
    }
}

static float inverse_root_mean_square(int64_t n, const float *x, float epsilon) {
    return 1.0f / sqrtf(sk_portable_dot(n, x, x) / (float)n + epsilon);
}

void sk_portable_rms_norm(int64_t n, const float *x, const float *w, float epsilon, float *y) {
    float r = inverse_root_mean_square(n, x, epsilon);
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * r * w[i];
}

void sk_portable_rms_norm_backward(
    int64_t n, const float *dy, const float *x, const float *w, float epsilon, float *dx, bool accumulate) {
    float lanes[SK_SUM_LANES] = {0};
    for (int64_t i = 0; i < n; i++) lanes[i % SK_SUM_LANES] = fmaf(dy[i] * w[i], x[i], lanes[i % SK_SUM_LANES]);
    float r = inverse_root_mean_square(n, x, epsilon);
    float k = r * r * r * (sk_add_sums(lanes) / (float)n);
    for (int64_t i = 0; i < n; i++) {
        float d = fmaf(-x[i], k, dy[i] * w[i] * r);
        dx[i] = accumulate ? dx[i] + d : d;
    }
}

void sk_portable_rms_norm_gradient(int64_t n, const float *dy, const float *x, float r, float *dw) {
    for (int64_t i = 0; i < n; i++) dw[i] = fmaf(dy[i], x[i] * r, dw[i]);
}

void sk_portable_rotate(
    int64_t heads, int64_t half, float *x, const float *cosines, const float *sines, float sign) {
    for (int64_t head = 0; head < heads; head++, x += 2 * half)
        for (int64_t i = 0; i < half; i++) {
            float a = x[i], b = x[i + half], c = cosines[i], s = sines[i] * sign;
            x[i] = fmaf(a, c, -(b * s));
            x[i + half] = fmaf(b, c, a * s);
        }
}

float sk_portable_cross_entropy(
    int64_t n, float *logits, int64_t target, bool write_gradient, float gradient_scale) {
    float largest = -INFINITY, lanes[SK_SUM_LANES] = {0}, chosen = logits[target];
    for (int64_t j = 0; j < n; j++) largest = logits[j] > largest ? logits[j] : largest;
    for (int64_t j = 0; j < n; j++) {
        float e = sk_exp_scalar(logits[j] - largest);
        lanes[j % SK_SUM_LANES] += e;
        if (write_gradient) logits[j] = e;
    }
    float sum = sk_add_sums(lanes), inverse = 1.0f / sum;
    if (write_gradient) {
        float right = logits[target], factor = inverse * gradient_scale;
        for (int64_t j = 0; j < n; j++) logits[j] *= factor;
        logits[target] = (right * inverse - 1.0f) * gradient_scale;
    }
    return largest + sk_log_scalar(sum) - chosen;
}
