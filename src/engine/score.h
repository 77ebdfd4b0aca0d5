// How probable a model finds a text, token by token.
#ifndef FULLSTOP_ENGINE_SCORE_H_
#define FULLSTOP_ENGINE_SCORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/token_id.h"
#include "model/forward.h"

namespace fullstop {

struct TokenProbability {
  TokenId id = 0;
  double logprob = 0;  // natural
};

// Of one token, all from the distribution that it was drawn from.
struct TokenScore {
  TokenId id = 0;
  // False for the first token of a text, and where a window gives it too
  // little context; then nothing below is known.
  bool scored = false;
  double logprob = 0;  // natural
  uint64_t rank = 0;   // 1 is the most probable token
  double p_stop = 0;   // the sum over the stop set
  std::vector<TokenProbability> top;
};

struct ScoreOptions {
  // Ids whose probabilities make p_stop; distinct.
  std::vector<TokenId> stop_ids;
  // How many of the most probable tokens to name at each position.
  size_t top = 0;
  // What a text begins with, put in place of the first tokens of each window
  // but the first; empty, windows begin with their own tokens.
  std::span<const TokenId> prefix;
  // Between two calls of the model: tokens done and their total.
  std::function<void(size_t done, size_t total)> progress;
};

struct ScoreSummary {
  // exp of the mean of -logprob over the scored tokens; 0 where there is none.
  double perplexity = 0;
  uint64_t scored = 0;
  // P(stop) behind the last token; absent where the text was windowed.
  std::optional<double> p_stop_next;
  // A text longer than the context is cut into windows of the context's length,
  // each evaluated by itself; only the tokens of a window's second half are
  // scored, and those behind the last whole window are not: what llama.cpp's
  // perplexity tool does. 1 where the text fits.
  uint64_t windows = 1;
};

// Scores IDS, giving each token to TAKE in order. Uses sequence 0 of MODEL,
// which is empty afterwards. Holds the logits of a bounded number of positions.
// Throws Error (kUsage) for no ids.
ScoreSummary Score(ForwardModel& model, std::span<const TokenId> ids,
                   const ScoreOptions& options,
                   const std::function<void(const TokenScore&)>& take);

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_SCORE_H_
