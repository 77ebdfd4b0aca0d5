// From a file to a model that computes.
#ifndef FULLSTOP_MODEL_LOAD_H_
#define FULLSTOP_MODEL_LOAD_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "kernels/kernels.h"
#include "model/forward.h"
#include "model/model_file.h"

namespace fullstop {

struct ModelOptions {
  // Positions that a sequence may have. 0: as many as the model was trained
  // for, or as many as fit the memory if those are fewer. Memory is taken as
  // positions are used.
  int32_t context_length = 0;
  // Bytes that a full context may take. None: what is available beside the
  // weights.
  std::optional<uint64_t> cache_memory = std::nullopt;
  // What keys and values are kept as: floats take twice the memory and lose
  // nothing.
  kernels::CacheType cache_type = kernels::CacheType::kF16;
  // The best implementation of the kernels to use. None: the best there is.
  std::optional<kernels::CpuPath> cpu_path = std::nullopt;
  // Threads that compute. 0: one for each processor this process may use.
  int32_t threads = 0;
  // Tokens that have a logit. None: as many as the table of embeddings has
  // rows, which files may pad past the tokenizer's vocabulary.
  std::optional<int32_t> vocabulary = std::nullopt;
  // Rows evaluated at once; longer calls are split. The results do not depend
  // on it, speed and memory do.
  int32_t batch = 512;
};

// Weights of some size are copied into large pages, where the system has those
// and the copies take at most half of the memory that is available; others are
// used where FILE maps them. A GGUF file must outlive the model.
// Throws Error: kUnsupported for an architecture, a tensor type or a CPU path
// that can't be had, kFormat for missing or ill-shaped tensors and keys, kUsage
// for a file that holds only a vocabulary and for options out of range, kLimit
// for a context that does not fit the memory.
std::unique_ptr<ForwardModel> LoadModel(const ModelFile& file,
                                        const ModelOptions& options);

// Throw as LoadModel does: what a sequence of LENGTH positions takes, with the
// default type of the cache, and how many positions the model was trained for.
uint64_t CacheBytes(const ModelFile& file, int32_t length);
int32_t TrainedContext(const ModelFile& file);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_LOAD_H_
