#include "measure/comparison.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace fullstop {
namespace {

// Probabilities of a float's softmax are no finer than this.
constexpr double kFinest = 1e-12;

double LogOdds(double probability) {
  const double p = std::clamp(probability, kFinest, 1 - kFinest);
  return std::log(p / (1 - p));
}

double TextPerByte(const ForcedReply& reply) {
  return reply.logprob * static_cast<double>(reply.tokens) /
         static_cast<double>(std::max<size_t>(1, reply.text.size()));
}

}  // namespace

Comparison Compare(const Measurement& one, const Measurement& other) {
  Comparison comparison;
  std::vector<double> text;
  std::vector<double> odds;
  for (const ForcedReply& mine : one.known) {
    const auto theirs =
        std::ranges::find(other.known, mine.index, &ForcedReply::index);
    if (theirs == other.known.end()) continue;
    const double here = mine.p_stop.back();
    const double there = theirs->p_stop.back();
    text.push_back(TextPerByte(mine) - TextPerByte(*theirs));
    odds.push_back(LogOdds(here) - LogOdds(there));
    comparison.agreed += (here > 0.5) == (there > 0.5) ? 1 : 0;
  }
  comparison.replies = odds.size();
  comparison.text = MedianOf(text, one.plan.seed);
  comparison.odds = MedianOf(odds, one.plan.seed);
  comparison.agreement = Share(comparison.agreed, comparison.replies);
  return comparison;
}

}  // namespace fullstop
