// Two models measured by one plan: what became of the ends from one to the
// other.
#ifndef FULLSTOP_MEASURE_COMPARISON_H_
#define FULLSTOP_MEASURE_COMPARISON_H_

#include <cstddef>

#include "measure/measurement.h"
#include "measure/statistics.h"

namespace fullstop {

// Over the known replies that both were given; medians, with whole replies
// drawn.
struct Comparison {
  size_t replies = 0;
  // Of ln p of the text, a byte, since their tokens may differ: this one's less
  // the other's.
  Estimate text;
  // Of the ln odds of P(stop) at the end: this one's less the other's.
  Estimate odds;
  // The share of ends at which both, or neither, find a stop more probable than
  // not.
  size_t agreed = 0;
  Estimate agreement;
};

Comparison Compare(const Measurement& one, const Measurement& other);

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_COMPARISON_H_
