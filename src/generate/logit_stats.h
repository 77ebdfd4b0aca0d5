// What a row of logits says: log-probabilities, ranks, sums over sets. Used by
// the samplers, the trace and score. Pure functions; any number of threads.
#ifndef FULLSTOP_GENERATE_LOGIT_STATS_H_
#define FULLSTOP_GENERATE_LOGIT_STATS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/token_id.h"

namespace fullstop {

struct LogitSummary {
  // The highest logit and, of those that have it, the lowest id.
  float max = 0.0f;
  TokenId argmax = 0;
  // ln(sum(exp(logit))), summed in double.
  double log_sum_exp = 0.0;
  // -sum(p ln p), in nats; a token of probability 0 counts 0.
  double entropy = 0.0;
  // How many logits are not -infinity.
  size_t possible = 0;
};

// One pass over LOGITS (each value is read from memory once); index is id.
// Throws Error (kFormat) naming the id where a logit is no number or +infinity,
// and where all are -infinity or there is none: the weights, or what computed
// with them, are broken.
LogitSummary SummarizeLogits(std::span<const float> logits);

// The same, and copies LOGITS to COPY, which has the same length, on the way.
LogitSummary SummarizeLogits(std::span<const float> logits,
                             std::span<float> copy);

// ln p(id), natural; -infinity where the logit is.
double LogProbability(std::span<const float> logits,
                      const LogitSummary& summary, TokenId id);

// 1 for the most probable token. Equal logits rank in the order of their ids.
uint64_t LogitRank(std::span<const float> logits, TokenId id);

// The sum of the probabilities of IDS, which must be distinct; ids outside the
// vocabulary count 0.
double ProbabilityOfSet(std::span<const float> logits,
                        const LogitSummary& summary,
                        std::span<const TokenId> ids);

// The sum of VALUES in double precision, fast.
double SumInDouble(std::span<const float> values);

struct LogitEntry {
  TokenId id;
  float logit;
  friend bool operator==(const LogitEntry&, const LogitEntry&) = default;
};

// The order of all lists of candidates: descending by logit, equal ones
// ascending by id.
inline bool RanksBefore(const LogitEntry& a, const LogitEntry& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

// The K best of LOGITS (fewer if there are fewer) in that order. Entry i has
// the id IDS[i], or i where IDS is empty; IDS must ascend.
std::vector<LogitEntry> TopLogits(std::span<const float> logits, size_t k,
                                  std::span<const TokenId> ids = {});

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_LOGIT_STATS_H_
