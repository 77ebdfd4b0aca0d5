// What a model's authors declare about sampling, made into parameters.
#ifndef FULLSTOP_ENGINE_SAMPLING_DEFAULTS_H_
#define FULLSTOP_ENGINE_SAMPLING_DEFAULTS_H_

#include <string>
#include <vector>

#include "generate/sampler_params.h"
#include "protocol/facts.h"

namespace fullstop {

// Sets the fields of PARAMS that DECLARED names (in llama.cpp's spelling of
// general.sampling.*, or generation_config's). Returns a sentence for each
// declaration that could not be used.
std::vector<std::string> ApplySamplingDefaults(
    const std::vector<SamplingDefault>& declared, SamplingParams* params);

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_SAMPLING_DEFAULTS_H_
