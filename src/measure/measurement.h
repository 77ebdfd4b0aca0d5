// Everything that was measured of a model, and what sums it up.
#ifndef FULLSTOP_MEASURE_MEASUREMENT_H_
#define FULLSTOP_MEASURE_MEASUREMENT_H_

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "measure/forced_reply.h"
#include "measure/known_replies.h"
#include "measure/own_replies.h"
#include "measure/plan.h"
#include "measure/statistics.h"
#include "measure/sweep.h"
#include "model/forward.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

// A dress, over the replies that could be written in it.
struct DressScore {
  std::string name;
  size_t replies = 0;
  Estimate logprob;  // of the reply's text, a token
  Estimate p_stop;   // at its end
};

struct Measurement {
  Plan plan;
  Watched watched;
  std::vector<ForcedReply> known;
  // What stands before the first of them, as it was given.
  std::string prompt;
  // How many known replies the template refused, or the context has no room
  // for.
  size_t refused = 0;
  std::vector<OwnReply> own;
  std::vector<DressScore> dresses;  // the first is the model's own
  std::vector<SweepPoint> sweep;
};

// A token that is probable where replies end, and seldom elsewhere.
struct Heir {
  TokenId id = 0;
  double at_end = 0;  // medians of its probability
  double inside = 0;
};

// What the known replies say.
struct KnownSummary {
  // Of these replies the text is as probable as that of a model that can read
  // them. Where they are too few, all are summed up.
  size_t normal = 0;
  size_t summed = 0;
  Estimate logprob;     // a token, over all replies
  Estimate p_stop_end;  // below: over what is summed up
  Estimate p_stop_inside;
  Estimate stop_rank;
  Estimate separation;
  // The same of the ends' logits before the softmax: whether their rows point
  // the right way, whatever their size.
  Estimate row_separation;
  // How far these logits lie apart over all places, in spreads of all tokens'
  // logits at one place; 0: a row that says the same everywhere.
  double row_spread = 0;
  // Special tokens that are no declared ends, the most probable first.
  std::vector<Heir> heirs;
  // The most probable token at most ends, where it is one and the same, and no
  // stop: with the median of its probability.
  std::optional<Heir> next;
};

// A reply's text counts as normal above this: ln p a token, mean.
double NormalLogprob(size_t vocabulary_size);
inline constexpr size_t kLeastNormal = 4;

KnownSummary SumUp(const Measurement& measurement, size_t vocabulary_size);

// How often one fault was found in own replies.
struct FaultShare {
  ReplyFault fault = ReplyFault::kLoop;
  size_t count = 0;
  Estimate share;
};
// All faults, in their order.
std::array<FaultShare, kReplyFaults.size()> CountFaults(
    const std::vector<OwnReply>& replies);
struct MeasureOptions {
  std::vector<KnownReply> known;
  // The ids that the model's files declare as ends.
  std::vector<TokenId> declared;
  // Of these, the ones that the template writes behind an answer.
  std::vector<TokenId> written;
  // Sampling as the model's authors declare it, and what they forbid.
  SamplingParams sampling;
  std::vector<TokenId> suppress;
  // Between two calls of the model: what is being done, and how far it is.
  // True gives up.
  std::function<bool(std::string_view what, size_t done, size_t total)>
      progress;
};

// What the model costs on this machine, by a measurement of about two seconds.
Cost Calibrate(const TurnProtocol& protocol, ForwardModel& model,
               const MeasureOptions& options);

// Throws Error: kUsage where the template refuses all known replies, and as
// Render and Forward do. nullopt where it was given up. Uses sequence 0 of
// MODEL, which is empty afterwards.
std::optional<Measurement> Measure(const TurnProtocol& protocol,
                                   ForwardModel& model, const Plan& plan,
                                   const MeasureOptions& options);

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_MEASUREMENT_H_
