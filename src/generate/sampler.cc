#include "generate/sampler.h"

#include <algorithm>

namespace fullstop {

bool DrawContext::IsStop(TokenId id) const {
  return std::binary_search(stop_ids.begin(), stop_ids.end(), id);
}

std::unique_ptr<Sampler> MakeSampler(SamplerStage stage,
                                     const SamplingParams& params,
                                     const SamplerVocabulary& vocabulary) {
  switch (stage) {
    case SamplerStage::kPenalties:
      return MakePenalties(params);
    case SamplerStage::kDry:
      return MakeDry(params, vocabulary);
    case SamplerStage::kTopNSigma:
      return MakeTopNSigma(params);
    case SamplerStage::kTopK:
      return MakeTopK(params);
    case SamplerStage::kTypicalP:
      return MakeTypicalP(params);
    case SamplerStage::kTopP:
      return MakeTopP(params);
    case SamplerStage::kMinP:
      return MakeMinP(params);
    case SamplerStage::kXtc:
      return MakeXtc(params);
    case SamplerStage::kTemperature:
      return MakeTemperature(params);
    case SamplerStage::kMirostat:
      return MakeMirostat(params, vocabulary);
    default:
      return nullptr;
  }
}

}  // namespace fullstop
