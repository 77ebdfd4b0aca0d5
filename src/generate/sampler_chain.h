// Logits in, a token out, and a record of how it came to be.
#ifndef FULLSTOP_GENERATE_SAMPLER_CHAIN_H_
#define FULLSTOP_GENERATE_SAMPLER_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/token_id.h"
#include "generate/candidates.h"
#include "generate/logit_stats.h"
#include "generate/sampler.h"
#include "generate/sampler_params.h"

namespace fullstop {

// A grammar, a schema, a list of choices: what may come next. One thread.
class Constraint {
 public:
  virtual ~Constraint() = default;
  // An independent object in the same state.
  virtual std::unique_ptr<Constraint> Clone() const = 0;
  // Sets bit id % 64 of word id / 64 for each token that may come next, leaves
  // the others; all are 0 before. Bits of stop ids are overruled by MayEnd.
  virtual void FillMask(std::span<uint64_t> allowed) const = 0;
  // Whether the reply may end here: then every stop id is allowed, else none.
  virtual bool MayEnd() const = 0;
  // ID came next. It was allowed, but for tokens that the caller forces.
  virtual void Accept(TokenId id) = 0;
  // Takes the last N accepted tokens back.
  virtual void Rollback(size_t n) = 0;
};

// What one stage of a draw did. A stage that changed nothing is listed too.
struct StageEffect {
  SamplerStage stage;
  // Logits that it changed.
  size_t changed = 0;
  // Candidates that it left.
  size_t kept = 0;
};

// A stop id that a stage worked against.
struct StopLoss {
  TokenId id;
  SamplerStage stage;
  // True: it could no longer be drawn. False: a bias made it less probable.
  bool removed = true;
};

struct RankedLogit {
  TokenId id;
  float logit;
  // Natural, under the raw distribution.
  double logprob;
};

// How one token was drawn. "Raw" is the softmax of the model's logits, before
// any stage.
struct SampleRecord {
  TokenId id = 0;
  // ln p(id), raw.
  double logprob = 0.0;
  // The probability of all stop ids together, raw.
  double p_stop = 0.0;
  // Of the raw distribution, in nats.
  double entropy = 0.0;
  // The probability with which the last stage's candidates gave this token; 1
  // where the choice is greedy.
  double drawn_with = 1.0;
  // The first raw candidates, best first, as many as were asked for.
  std::vector<RankedLogit> top;
  // In the order in which they acted.
  std::vector<StageEffect> stages;
  // Empty where nothing worked against a stop id.
  std::vector<StopLoss> stop_losses;
};

struct SampleOptions {
  // The token's position in its sequence; with the seed it decides all random
  // numbers of the draw.
  uint64_t position = 0;
  // How many raw candidates the record lists.
  size_t top = 0;
  // Ids excluded in this draw.
  std::span<const TokenId> banned = {};
};

// The sampler of one sequence. A copy is independent and costs 4 bytes for each
// accepted token, the constraint's clone, and nothing of the buffers. One
// thread.
//
// What stands in all draws: stop ids are exempt from penalties, DRY and XTC; a
// stage that removes or lowers a stop id is named in the record; of equal
// logits the lowest id comes first.
class SamplerChain {
 public:
  // Throws Error (kUsage) where PARAMS are invalid or name ids outside the
  // vocabulary. CONSTRAINT may be null.
  SamplerChain(const SamplingParams& params, SamplerVocabulary vocabulary,
               std::unique_ptr<Constraint> constraint = nullptr);
  SamplerChain(const SamplerChain& other);
  SamplerChain& operator=(const SamplerChain& other);
  SamplerChain(SamplerChain&&) noexcept;
  SamplerChain& operator=(SamplerChain&&) noexcept;
  ~SamplerChain();

  const SamplingParams& params() const;

  // Tokens that stand before the reply and that penalties and DRY should see.
  // REQUIRES: nothing was accepted yet.
  void Prime(std::span<const TokenId> prompt);

  // Draws from LOGITS (index is id, one for each token of the vocabulary). It
  // may be called any number of times before Accept and always answers the
  // same. Throws Error: kFormat as SummarizeLogits or for a wrong length,
  // kUsage where nothing is left to draw from.
  SampleRecord Sample(std::span<const float> logits,
                      const SampleOptions& options);

  // ID, drawn or forced, is the next token. Mirostat learns only from a token
  // that the last Sample drew.
  void Accept(TokenId id);
  // Takes back the last N accepted tokens; the chain is then what it was.
  // REQUIRES: n <= accepted().
  void Rollback(size_t n);
  // How many tokens were accepted since construction, not counting Prime's.
  size_t accepted() const { return history_.size() - primed_; }

  // Whether both chains answer the same to the same calls, leaving aside their
  // parameters and constraints.
  bool SameState(const SamplerChain& other) const;

 private:
  class Draw;
  // What never changes: shared by copies.
  struct Setup;
  struct Drawn {
    TokenId id;
    double surprise;
    friend bool operator==(const Drawn&, const Drawn&) = default;
  };

  double mirostat_mu() const;

  std::shared_ptr<const Setup> setup_;
  std::unique_ptr<Constraint> constraint_;
  std::vector<TokenId> history_;
  size_t primed_ = 0;
  // Mirostat's mu after each accepted token; empty where mirostat is off.
  std::vector<double> mus_;
  // What Sample drew last, until the next token is accepted.
  std::optional<Drawn> drawn_;
  // A buffer.
  Candidates candidates_;
};

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_SAMPLER_CHAIN_H_
