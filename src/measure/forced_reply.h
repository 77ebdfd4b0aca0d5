// A known reply, given to the model: how probable it finds its text, and where
// it would end.
#ifndef FULLSTOP_MEASURE_FORCED_REPLY_H_
#define FULLSTOP_MEASURE_FORCED_REPLY_H_

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/token_id.h"
#include "measure/known_replies.h"
#include "measure/prompt.h"
#include "model/forward.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

// The ids of a prompt and of a reply's text behind it.
struct ForcedText {
  std::vector<TokenId> ids;
  size_t prompt = 0;  // of these
};

// KNOWN as `chat` renders it, the reply begun and not ended; where a model
// thinks, behind an empty thought, as far as its template can write one.
// nullopt where the template refuses.
std::optional<ForcedText> RenderForced(const TurnProtocol& protocol,
                                       const KnownReply& known,
                                       Thinking thinking = Thinking::kOff);

// Which ids to watch: distinct.
struct Watched {
  std::vector<TokenId> stops;     // their probabilities together are P(stop)
  std::vector<TokenId> written;   // of these, what the template writes
  std::vector<TokenId> specials;  // each by itself
};

struct ForcedReply {
  size_t index = 0;  // of the known reply
  std::string text;
  size_t tokens = 0;
  // ln p of its text, mean over its tokens.
  double logprob = 0;
  // P(stop) behind each of its tokens; the last one stands at the end.
  std::vector<double> p_stop;
  // The highest logit of Watched::written behind each of its tokens, before the
  // softmax: what the ends' rows alone say. Empty where nothing is written.
  std::vector<double> end_logit;
  // How far the logits of all tokens lie apart: the standard deviation, its
  // median over the reply.
  double logit_spread = 0;
  // Of the most probable stop at the end; 1 is the most probable token.
  uint64_t stop_rank = 0;
  // By Watched::specials: at the end, and the median inside.
  std::vector<double> special_end;
  std::vector<double> special_inside;
  // The most probable token at the end.
  TokenId next = 0;
  double next_probability = 0;
};

// Gives texts to a model. Uses its sequence 0, in which what a text has in
// common with the one before it is kept. One thread.
class Teacher {
 public:
  // MODEL must outlive the object.
  explicit Teacher(ForwardModel& model) : model_(&model) {}
  Teacher(const Teacher&) = delete;
  Teacher& operator=(const Teacher&) = delete;
  ~Teacher() { model_->DropSequence(0); }

  // AT_END hears the logits at the end. Throws Error as Forward does.
  ForcedReply Measure(
      const ForcedText& text, const Watched& watched,
      const std::function<void(std::span<const float>)>& at_end = {});

 private:
  ForwardModel* model_;
  std::vector<TokenId> ids_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_FORCED_REPLY_H_
