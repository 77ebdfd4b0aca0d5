#include "model/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <ranges>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "model/architectures.h"
#include "model/cpu_model.h"
#include "model/kv_cache.h"
#include "model/state_cache.h"

namespace fullstop {

namespace {

void Check(const char* name, int32_t value, int32_t least) {
  if (value >= least) return;
  throw Error::Usage(fmt::format("{} is {}", name, value))
      .Advice(fmt::format("give a number that is {} or more", least));
}

int32_t TrainedContext(const Graph& graph) {
  return static_cast<int32_t>(std::min<uint64_t>(
      graph.trained_context, std::numeric_limits<int32_t>::max()));
}

uint64_t WeightBytes(const ModelFile& file) {
  uint64_t bytes = 0;
  for (const ModelTensor& tensor : file.tensors()) bytes += tensor.size();
  return bytes;
}

// Copies are worth their while past a few large pages, and where they leave
// much room to others.
WeightPlacement PlacementOf(const ModelFile& file) {
  const uint64_t bytes = WeightBytes(file);
  const bool pays = bytes >= 8 * kLargePage && HasLargePages() &&
                    bytes <= AvailableMemory() / 2;
  return pays ? WeightPlacement::kCopied : WeightPlacement::kMapped;
}

// The memory that is available beside the weights, which may be read from the
// disk again and again where they don't fit.
uint64_t MemoryForCache(const ModelFile& file) {
  const uint64_t available = AvailableMemory();
  const uint64_t weights = WeightBytes(file);
  return std::max(available - std::min(weights, available), available / 8);
}

// What a sequence takes.
class SequenceMemory {
 public:
  SequenceMemory(const Graph& graph, kernels::CacheType type)
      : cache_(graph.cache, type, CacheWindows(graph)), states_(graph.states) {}

  uint64_t Bytes(int32_t length) const {
    const uint64_t bytes = cache_.Bytes(length);
    if (!cache_.drops() && states_.empty()) return bytes;
    return bytes + std::min(states_.Bytes(length), ~bytes);
  }
  // The greatest length that fits MEMORY.
  int32_t Most(uint64_t memory) const {
    const auto lengths = std::views::iota(
        int64_t{1}, int64_t{1} + std::numeric_limits<int32_t>::max());
    const auto end = std::ranges::partition_point(lengths, [&](int64_t length) {
      return Bytes(static_cast<int32_t>(length)) <= memory;
    });
    return static_cast<int32_t>(end - lengths.begin());
  }

 private:
  KvCache cache_;
  StateCache states_;
};

int32_t ContextLength(const ModelFile& file, const Graph& graph,
                      const ModelOptions& options) {
  const SequenceMemory sequence(graph, options.cache_type);
  const uint64_t memory =
      options.cache_memory ? *options.cache_memory : MemoryForCache(file);
  const int32_t fits = sequence.Most(memory);
  if (options.context_length == 0) {
    return std::max(std::min(TrainedContext(graph), fits), 1);
  }
  if (options.context_length > fits) {
    throw Error::Limit(
        fmt::format("a context of {} positions takes {} when it is full, and "
                    "{} are available",
                    options.context_length,
                    DescribeBytes(sequence.Bytes(options.context_length)),
                    DescribeBytes(memory)))
        .Advice(fmt::format("-c {} is the most that fits", fits));
  }
  return options.context_length;
}

}  // namespace

std::unique_ptr<ForwardModel> LoadModel(const ModelFile& given,
                                        const ModelOptions& options) {
  Check("the context's length (-c)", options.context_length, 0);
  Check("the number of threads (-t)", options.threads, 0);
  Check("the batch size (-b)", options.batch, 1);
  const ModelFile file = CompleteModel(given);
  Graph graph = DescribeModel(file);
  const int32_t context = ContextLength(file, graph, options);
  return std::make_unique<CpuModel>(
      file, std::move(graph),
      CpuModel::Options{.context_length = context,
                        .threads = options.threads > 0 ? options.threads
                                                       : AvailableProcessors(),
                        .batch = options.batch,
                        .cache_type = options.cache_type,
                        .vocabulary = options.vocabulary,
                        .placement = PlacementOf(file)},
      kernels::Kernels::Select(options.cpu_path));
}

int32_t TrainedContext(const ModelFile& file) {
  return TrainedContext(DescribeModel(CompleteModel(file)));
}

uint64_t CacheBytes(const ModelFile& file, int32_t length) {
  return SequenceMemory(DescribeModel(CompleteModel(file)),
                        ModelOptions().cache_type)
      .Bytes(length);
}

}  // namespace fullstop
