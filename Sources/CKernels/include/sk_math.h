#ifndef SK_MATH_H
#define SK_MATH_H

// Functions of doubles made from +, *, / and fma in a fixed order: the same bits on every CPU, where a libm's are not.
// Errors are below one unit in the last place of the result, in the ranges said.

/// e^x.
double sk_exp(double x);
/// The natural logarithm of x > 0.
double sk_log(double x);
/// x^y for x > 0; relative error below 2^-45 for |y log x| < 700.
double sk_pow(double x, double y);
/// |x| < 2^30.
double sk_cos(double x);
double sk_sin(double x);

#endif
