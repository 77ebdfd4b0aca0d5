// Rotary position embedding: how far each pair of dimensions turns.
#ifndef FULLSTOP_MODEL_ROPE_H_
#define FULLSTOP_MODEL_ROPE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "model/graph.h"

namespace fullstop {

// The angle per position, in radians, of each of the SPEC.rotated / 2 pairs:
//   base^(-2i / rotated), divided by FACTORS[i] where those are given (Llama
//   3.1, LongRoPE), divided by SPEC.factor for linear scaling (position
//   interpolation, arXiv:2306.15595), mixed of both for YaRN ("NTK-by-parts",
//   arXiv:2309.00071 section 3.2). Dynamic scaling ("dynamic NTK", the same
//   paper's appendix B.1) raises the base for a model run with CONTEXT
//   positions, if those are more than the original ones, to
//     base * (factor * context / original - (factor - 1))^(rotated / (rotated -
//     2)).
// FACTORS is empty or has rotated / 2 entries.
std::vector<double> RopeFrequencies(const RopeSpec& spec,
                                    std::span<const float> factors,
                                    double context);

// Whether SPEC's long factors take the place of the others in a model run with
// CONTEXT positions.
bool UsesLongFactors(const RopeSpec& spec, double context);

// The cosine and sine of POSITION times each frequency, times MAGNITUDE,
// computed in double and rounded once. COS and SIN have FREQUENCIES.size()
// entries.
void RopeAngles(std::span<const double> frequencies, int64_t position,
                double magnitude, float* cos, float* sin);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_ROPE_H_
