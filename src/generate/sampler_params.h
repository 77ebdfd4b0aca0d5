// Everything a user may set about sampling, and the order of the samplers.
#ifndef FULLSTOP_GENERATE_SAMPLER_PARAMS_H_
#define FULLSTOP_GENERATE_SAMPLER_PARAMS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"

namespace fullstop {

// The stages of a draw. Those before kPenalties always come first and in this
// order; kPenalties to kTemperature are the chain, whose order the user sets;
// kMirostat closes the chain where it is on.
enum class SamplerStage {
  kLogitBias,
  kSuppress,  // ids that the model's file or the caller never wants
  kIgnoreEos,
  kConstraint,  // a grammar or the like
  kBan,         // ids that the caller excludes at this one position
  kPenalties,
  kDry,
  kTopNSigma,
  kTopK,
  kTypicalP,
  kTopP,
  kMinP,
  kXtc,
  kTemperature,
  kMirostat,
};

// "logit_bias", "suppress", "ignore_eos", "constraint", "ban", "penalties",
// "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc",
// "temperature", "mirostat".
std::string_view SamplerStageName(SamplerStage stage);

struct LogitBias {
  TokenId id;
  // Added to the logit; -infinity forbids the token.
  float bias;
};

// A value. The fields bear llama.cpp's names where it has them. Values that
// read "off" leave their sampler out of the chain.
struct SamplingParams {
  // The whole state of the random numbers: a function of it and the position.
  // Any value, 0 like all others. Default 0.
  uint64_t seed = 0;

  // Divides the logits. 0 to any; 1 changes nothing; 0: always the most
  // probable candidate, whatever the other fields leave. Default 0.7.
  float temp = 0.7f;
  // Half the width of the range around temp in which the candidates' entropy
  // picks the temperature. 0 to any. Default 0: off, temp as it is.
  float dynatemp_range = 0.0f;
  // Bends the way from normalised entropy to temperature. Above 0. Default 1:
  // straight.
  float dynatemp_exponent = 1.0f;

  // Keeps the K most probable. 0 or more tokens. Default 0: off.
  int32_t top_k = 0;
  // Keeps the fewest most probable tokens that together reach this
  // probability. 0 to 1; 1: off; 0: the most probable one. Default 0.9.
  float top_p = 0.9f;
  // Keeps what is at least this fraction as probable as the most probable. 0
  // to 1; 0: off. Default 0.05.
  float min_p = 0.05f;
  // Keeps the tokens whose surprise is nearest to the expected one, until they
  // exceed this probability. 0 to 1; 1: off. Default 1.
  float typ_p = 1.0f;
  // Keeps logits no further below the highest than this many standard
  // deviations of the logits. 0 or more. Default 0: off.
  float top_n_sigma = 0.0f;

  // How probable it is that XTC acts at a position. 0 to 1. Default 0: off.
  float xtc_probability = 0.0f;
  // XTC removes all but the least probable of the tokens that are at least
  // this probable. 0 to 1; above 0.5: off. Default 0.1.
  float xtc_threshold = 0.1f;

  // top_p, min_p, typ_p and xtc leave at least this many tokens. 0 or more.
  // Default 0: no bound but the one token that always stays.
  int32_t min_keep = 0;

  // The window of the three penalties below, in tokens. -1: all that was
  // accepted; 0: off. Default 64.
  int32_t repeat_last_n = 64;
  // Divides a positive logit and multiplies a negative one, once for a token
  // that stands in the window. Above 0; 1: off. Default 1.
  float repeat_penalty = 1.0f;
  // Taken off the logit for each time that the token stands in the window. Any
  // number. Default 0: off.
  float frequency_penalty = 0.0f;
  // Taken off the logit once for a token in the window. Any number. Default 0:
  // off.
  float presence_penalty = 0.0f;

  // DRY takes dry_multiplier * dry_base ^ (n - dry_allowed_length) off a token
  // that would prolong a repetition of n tokens. 0 or more. Default 0: off.
  float dry_multiplier = 0.0f;
  // 1 or more. Default 1.75.
  float dry_base = 1.75f;
  // Repetitions shorter than this, in tokens, are free. 0 or more. Default 2.
  int32_t dry_allowed_length = 2;
  // How far back DRY looks, in tokens. -1: over all that was accepted; 0: off.
  // Default -1.
  int32_t dry_penalty_last_n = -1;
  // Texts over which a repetition does not reach. Default as in llama.cpp.
  std::vector<std::string> dry_sequence_breakers = {"\n", ":", "\"", "*"};

  // 1 or 2: mirostat of that version takes the place of all samplers that
  // remove tokens; penalties, DRY and temperature stay. Default 0: off.
  int32_t mirostat = 0;
  // Mirostat's target surprise (tau), in bits. Above 0. Default 5.
  float mirostat_ent = 5.0f;
  // Mirostat's learning rate (eta). 0 to any. Default 0.1.
  float mirostat_lr = 0.1f;

  // Forbids every stop id; the record of each draw says so. Default false.
  bool ignore_eos = false;
  // Default none.
  std::vector<LogitBias> logit_bias;

  // The order of the chain. A sampler that is not named does not act. Default
  // as in llama.cpp.
  std::vector<SamplerStage> samplers = {
      SamplerStage::kPenalties,  SamplerStage::kDry,
      SamplerStage::kTopNSigma,  SamplerStage::kTopK,
      SamplerStage::kTypicalP,   SamplerStage::kTopP,
      SamplerStage::kMinP,       SamplerStage::kXtc,
      SamplerStage::kTemperature};
};

// Throws Error (kUsage) naming the flag, the value and what is allowed.
void ValidateSamplingParams(const SamplingParams& params);

// The names of SamplerStageName for the chain's samplers, separated by ';' or
// ','; "typical" is another name for typ_p, "temp" for temperature. An empty
// text is an empty chain. Throws Error (kUsage) for a name that is unknown or
// stands twice.
std::vector<SamplerStage> ParseSamplerOrder(std::string_view text);

// The chain as it will act: the order of PARAMS without samplers that are off;
// with mirostat, only what it leaves in force, and kMirostat last.
std::vector<SamplerStage> EffectiveChain(const SamplingParams& params);

// Samplers that PARAMS turns on although the order, or mirostat, leaves them
// out: a surface should tell its user. Temperature counts where temp is
// neither 0 nor 1.
std::vector<SamplerStage> UnusedSamplers(const SamplingParams& params);

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_SAMPLER_PARAMS_H_
