#include "model/cpu_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "model/rows.h"

namespace fullstop {
namespace {

Graph Checked(Graph graph, const ModelFile& file) {
  for (const CacheLayer& layer : graph.cache) {
    if (layer.head_length % 8 != 0 ||
        layer.head_length > kernels::kMaxHeadDim) {
      throw Error::Unsupported(
          fmt::format("heads of {} numbers are not supported: the length must "
                      "be a multiple of 8, at most {}",
                      layer.head_length, kernels::kMaxHeadDim))
          .In(file.path());
    }
  }
  return graph;
}

}  // namespace

CpuModel::CpuModel(const ModelFile& file, Graph graph, const Options& options,
                   const kernels::Kernels& kernels)
    : graph_(Checked(std::move(graph), file)),
      options_(options),
      kernels_(kernels),
      pool_(options.threads),
      weights_(file, graph_, kernels_),
      cache_(graph_.cache),
      runner_(graph_, weights_, kernels_, pool_, cache_,
              options_.context_length),
      head_(graph_, weights_, kernels_, pool_) {}

ForwardResult& CpuModel::Forward(std::span<const Row> rows, Phase phase) {
  const std::map<SequenceId, int32_t> lengths = CheckRows(rows, *this);
  for (const auto& [sequence, length] : lengths) {
    cache_.Reserve(sequence, length);
  }
  head_.Begin(rows.size());
  const auto batch = static_cast<size_t>(options_.batch);
  for (size_t first = 0; first < rows.size(); first += batch) {
    const std::span<const Row> part =
        rows.subspan(first, std::min(batch, rows.size() - first));
    runner_.Run(part, phase);
    head_.Collect(part, first, runner_.rows(), runner_.Value(graph_.hidden),
                  phase);
  }
  for (const auto& [sequence, length] : lengths) {
    cache_.SetLength(sequence, length);
  }
  return head_.result();
}

int32_t CpuModel::SequenceLength(SequenceId sequence) const {
  return cache_.Length(sequence);
}

void CpuModel::CopySequence(SequenceId from, SequenceId to, int32_t length) {
  CheckPrefix(from, length, *this);
  cache_.Copy(from, to, length);
}

void CpuModel::CutSequence(SequenceId sequence, int32_t length) {
  CheckPrefix(sequence, length, *this);
  cache_.Cut(sequence, length);
}

void CpuModel::DropSequence(SequenceId sequence) { cache_.Drop(sequence); }

int32_t CpuModel::vocabulary_size() const {
  return static_cast<int32_t>(graph_.vocabulary);
}

int32_t CpuModel::embedding_length() const {
  return static_cast<int32_t>(graph_.embedding);
}

}  // namespace fullstop
