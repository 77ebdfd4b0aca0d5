// A model computed on this machine's processors.
#ifndef FULLSTOP_MODEL_CPU_MODEL_H_
#define FULLSTOP_MODEL_CPU_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "base/threads.h"
#include "kernels/kernels.h"
#include "model/cpu_head.h"
#include "model/cpu_linear.h"
#include "model/cpu_runner.h"
#include "model/cpu_weights.h"
#include "model/forward.h"
#include "model/graph.h"
#include "model/kv_cache.h"
#include "model/model_file.h"
#include "model/state_cache.h"

namespace fullstop {

class CpuModel final : public ForwardModel {
 public:
  // As in ModelOptions (model/load.h), each at least 1.
  struct Options {
    int32_t context_length;
    int32_t threads;
    int32_t batch;
    kernels::CacheType cache_type = kernels::CacheType::kF16;
    // See ModelOptions.
    std::optional<int32_t> vocabulary = std::nullopt;
    WeightPlacement placement = WeightPlacement::kMapped;
  };

  // GRAPH was made from FILE, whose data must outlive the model. Throws Error:
  // kUnsupported for a head length that the kernels can't do, kFormat for a
  // graph whose parts do not fit each other.
  CpuModel(const ModelFile& file, Graph graph, const Options& options,
           const kernels::Kernels& kernels);

  ForwardResult& Forward(std::span<const Row> rows, Phase phase) override;
  int32_t SequenceLength(SequenceId sequence) const override;
  void CopySequence(SequenceId from, SequenceId to, int32_t length) override;
  void CutSequence(SequenceId sequence, int32_t length) override;
  void DropSequence(SequenceId sequence) override;
  uint64_t cache_bytes() const override { return cache_.used(); }
  uint64_t SequenceBytes(int32_t length) const override {
    return cache_.Bytes(length);
  }

  int32_t vocabulary_size() const override;
  int32_t embedding_length() const override;
  int32_t context_length() const override { return options_.context_length; }

 private:
  // Takes cache and states of SEQUENCE, which was cut, back to where both can
  // go on.
  void Settle(SequenceId sequence);
  // Evaluates again the rows that a cut left behind that.
  void CatchUp(SequenceId sequence);
  // Evaluates rows of sequences, each of which will have the length that
  // LENGTHS tells.
  void Evaluate(std::span<const Row> rows, Phase phase,
                const std::map<SequenceId, int32_t>& lengths);
  void Run(std::span<const Row> rows, Phase phase);
  void Remember(std::span<const Row> rows, Phase phase);

  const Graph graph_;
  const Options options_;
  const kernels::Kernels kernels_;
  ThreadPool pool_;
  const CpuWeights weights_;
  KvCache cache_;
  StateCache states_;
  // Cache or states may have to go back further than a cut: rows are
  // remembered.
  const bool forgets_;
  CpuRunner runner_;
  CpuHead head_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_CPU_MODEL_H_
