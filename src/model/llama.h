// The Llama line: Llama 1 to 3.2, TinyLlama, SmolLM 1 and 2, Yi, Mistral
// without a sliding window, and their fine-tunes.
#ifndef FULLSTOP_MODEL_LLAMA_H_
#define FULLSTOP_MODEL_LLAMA_H_

#include "model/graph.h"
#include "model/model_file.h"

namespace fullstop {

// FILE's architecture must be "llama". Throws Error: kFormat naming the key or
// tensor that is missing or does not fit, kUnsupported for mixtures of experts
// and sliding windows.
Graph DescribeLlama(const ModelFile& file);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_LLAMA_H_
