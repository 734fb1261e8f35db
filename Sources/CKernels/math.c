#include "sk_math.h"

#include "scalar.h"

double sk_exp(double x) {
    if (x != x) return x;
    if (x > 709.78) return x > 710 ? INFINITY : sk_exp(x - 1) * 0x1.5bf0a8b145769p1;
    if (x < -745.2) return 0;
    double n = (x * 0x1.71547652b82fep0 + 0x1.8p52) - 0x1.8p52;
    double r = fma(n, -SK_LN2_TAIL, fma(n, -SK_LN2_DOUBLE, x)), p = 1.0 / 6227020800.0;
    static const double factorials[13] = {479001600, 39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1};
    for (int i = 0; i < 13; i++) p = fma(p, r, 1.0 / factorials[i]);
    int64_t power = (int64_t)n, half = power / 2;
    double first = sk_double_from_bits((uint64_t)(half + 1023) << 52);
    double second = sk_double_from_bits((uint64_t)(power - half + 1023) << 52);
    return p * first * second;
}

double sk_log(double x) { return sk_log_inline(x); }

double sk_pow(double x, double y) { return sk_exp(y * sk_log(x)); }

// x = n pi/2 + r, |r| <= pi/4: pi/2 in two doubles, so that r is right to 2^-53 for |n| < 2^30.
static double quarter_turns(double x, int64_t *turns) {
    double n = (x * 0x1.45f306dc9c883p-1 + 0x1.8p52) - 0x1.8p52;
    *turns = (int64_t)n;
    return fma(n, -0x1.1a62633145c07p-54, fma(n, -0x1.921fb54442d18p0, x));
}

static double sine_series(double r) {
    double z = r * r, p = 1.0 / 355687428096000.0;
    static const double terms[7] = {-1307674368000.0, 6227020800.0, -39916800.0, 362880.0, -5040.0, 120.0, -6.0};
    for (int i = 0; i < 7; i++) p = fma(p, z, 1.0 / terms[i]);
    return fma(r * z, p, r);
}

static double cosine_series(double r) {
    double z = r * r, p = -1.0 / 6402373705728000.0;
    static const double terms[8] = {
        20922789888000.0, -87178291200.0, 479001600.0, -3628800.0, 40320.0, -720.0, 24.0, -2.0,
    };
    for (int i = 0; i < 8; i++) p = fma(p, z, 1.0 / terms[i]);
    return fma(z, p, 1.0);
}

double sk_sin(double x) {
    int64_t turns;
    double r = quarter_turns(x, &turns), value = turns & 1 ? cosine_series(r) : sine_series(r);
    return turns & 2 ? -value : value;
}

double sk_cos(double x) {
    int64_t turns;
    double r = quarter_turns(x, &turns), value = turns & 1 ? sine_series(r) : cosine_series(r);
    return (turns + 1) & 2 ? -value : value;
}
