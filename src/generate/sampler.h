// One step of the chain that turns logits into a token.
#ifndef FULLSTOP_GENERATE_SAMPLER_H_
#define FULLSTOP_GENERATE_SAMPLER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/token_id.h"
#include "generate/candidates.h"
#include "generate/sampler_params.h"

namespace fullstop {

// What samplers need to know of the model. A value; made once per model.
struct SamplerVocabulary {
  // The number of logits of a row.
  size_t size = 0;
  // The ids that can end a reply.
  std::vector<TokenId> stop_ids = {};
  // Ids never to be drawn (tokenizer.ggml.suppress_tokens and the like).
  std::vector<TokenId> suppress = {};
  // Token sequences that DRY's repetitions do not reach over, none empty; see
  // CompileDryBreakers.
  std::vector<std::vector<TokenId>> dry_breakers = {};
};

// What a sampler may look at in one draw.
struct DrawContext {
  // All tokens accepted before this draw.
  std::span<const TokenId> history = {};
  // Ascending.
  std::span<const TokenId> stop_ids = {};
  uint64_t seed = 0;
  uint64_t position = 0;
  // Mirostat's bound on the surprise, in bits.
  double mirostat_mu = 0.0;

  bool IsStop(TokenId id) const;
};

// Immutable, so that copies of a chain share it; any number of threads.
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual SamplerStage stage() const = 0;
  // Changes logits or drops candidates, never all. CANDIDATES must not be
  // empty.
  virtual void Apply(const DrawContext& draw, Candidates* candidates) const = 0;
};

// STAGE must be one of EffectiveChain(params), and PARAMS valid. VOCABULARY
// must outlive the sampler.
std::unique_ptr<Sampler> MakeSampler(SamplerStage stage,
                                     const SamplingParams& params,
                                     const SamplerVocabulary& vocabulary);

// The makers that MakeSampler chooses from, each beside its sampler.
std::unique_ptr<Sampler> MakePenalties(const SamplingParams& params);
std::unique_ptr<Sampler> MakeDry(const SamplingParams& params,
                                 const SamplerVocabulary& vocabulary);
std::unique_ptr<Sampler> MakeTopNSigma(const SamplingParams& params);
std::unique_ptr<Sampler> MakeTopK(const SamplingParams& params);
std::unique_ptr<Sampler> MakeTypicalP(const SamplingParams& params);
std::unique_ptr<Sampler> MakeTopP(const SamplingParams& params);
std::unique_ptr<Sampler> MakeMinP(const SamplingParams& params);
std::unique_ptr<Sampler> MakeXtc(const SamplingParams& params);
std::unique_ptr<Sampler> MakeTemperature(const SamplingParams& params);
std::unique_ptr<Sampler> MakeMirostat(const SamplingParams& params,
                                      const SamplerVocabulary& vocabulary);

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_SAMPLER_H_
