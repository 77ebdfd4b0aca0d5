// What the rules of adapters and trained models ask of weights.
#ifndef FULLSTOP_DOCTOR_TARGET_WEIGHTS_H_
#define FULLSTOP_DOCTOR_TARGET_WEIGHTS_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "doctor/target.h"
#include "doctor/token_rows.h"
#include "format/peft_adapter.h"
#include "format/safetensors.h"

namespace fullstop {

// Which matrix has a row for each token.
enum class TokenMatrix { kEmbedding, kHead };

// By the last part of a module's name; nullopt where it is neither.
std::optional<TokenMatrix> TokenMatrixOf(std::string_view module);
// "the embedding", "the output head".
std::string_view TokenMatrixName(TokenMatrix matrix);

// A model's size, by its configuration, or what a GGUF file's header says.
struct ModelShape {
  std::optional<uint64_t> hidden = {};
  std::optional<uint64_t> layers = {};
  std::optional<uint64_t> rows = {};  // of the embedding
  // What the configuration says of head and embedding being one.
  std::optional<bool> tied = {};
};
// No weights are opened. TARGET is no adapter.
ModelShape ShapeOf(const Target& target);

// A tensor of an adapter.
struct AdapterTensor {
  PeftName name;
  const SafetensorsTensor* tensor;
};

// Why weights could not be opened, for a rule that asked for them.
std::string WhyClosed(const Error& error);

// The weights of a target, mapped; single rows are read when they are asked
// for. Immutable; any number of threads may read.
class TargetWeights {
 public:
  // TARGET must outlive the object. Throws Error: what SafetensorsSet and the
  // OpenWeights of its kind throw.
  explicit TargetWeights(const Target& target);

  // The whole matrix; nullptr where there is none, as in a model whose head is
  // its embedding, or an adapter that does not hold it.
  const TokenRows* Find(TokenMatrix matrix) const;
  // Of an adapter: the rows of single tokens, in the order of its
  // configuration.
  const TokenRows* FindTokens(TokenMatrix matrix) const;
  // Of an adapter: the rows of the factor behind a low-rank change of the head,
  // a row for each token.
  const TokenRows* head_factor() const;
  // Of an adapter: whether MATRIX has a low-rank change.
  bool IsLowRank(TokenMatrix matrix) const;

  // Of an adapter: bytes of matrices as they were before training.
  uint64_t copies() const { return copies_; }

  // Of an adapter all of its tensors; else empty.
  const std::vector<AdapterTensor>& parts() const { return parts_; }
  // nullptr in a GGUF file.
  const SafetensorsSet* tensors() const { return set_ ? &*set_ : nullptr; }

 private:
  void ReadAdapter();
  void ReadFolder();

  std::optional<SafetensorsSet> set_;
  std::vector<AdapterTensor> parts_;
  std::optional<TokenRows> whole_[2];
  std::optional<TokenRows> tokens_[2];
  std::optional<TokenRows> head_factor_;
  bool low_rank_[2] = {false, false};
  uint64_t copies_ = 0;
};

// Opens them at the first call. Any number of threads.
class LazyWeights {
 public:
  const TargetWeights& Get(const Target& target) const;

 private:
  mutable std::once_flag once_;
  mutable std::unique_ptr<const TargetWeights> weights_;
  mutable std::optional<Error> error_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_TARGET_WEIGHTS_H_
