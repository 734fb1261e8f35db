// Loops that keep one unit of the CPU busy with values in registers.
#ifndef SK_PEAKS_H
#define SK_PEAKS_H

#include "table.h"

/// Twelve chains hide the latency of these instructions on any CPU at hand.
enum { SK_PEAK_CHAINS = 12, SK_PEAK_FLOATS = (SK_PEAK_CHAINS + 2) * SK_LANES };

/// Of the kind of fma_loop: `sink` is SK_PEAK_FLOATS values, of any bits, from which the chains start.
#define SK_PEAK_LOOP(peak, isa, feature, instruction, loop) sk_loop_kernel loop;
#include "peaks.inc"

#endif
