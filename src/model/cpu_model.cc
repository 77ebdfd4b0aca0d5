#include "model/cpu_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "model/graph_check.h"
#include "model/rows.h"

namespace fullstop {
namespace {

Graph Checked(Graph graph, const ModelFile& file) {
  CheckGraph(graph, file.path());
  for (const CacheLayer& layer : graph.cache) {
    for (const uint64_t length : {layer.head_length, layer.ValueLength()}) {
      if (length % 8 == 0 && length <= kernels::kMaxHeadDim) continue;
      throw Error::Unsupported(
          fmt::format("heads of {} numbers are not supported: the length must "
                      "be a multiple of 8, at most {}",
                      length, kernels::kMaxHeadDim))
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
      weights_(file, graph_, kernels_, options_.placement, pool_),
      cache_(graph_.cache, options_.cache_type, CacheWindows(graph_)),
      states_(graph_.states),
      forgets_(cache_.drops() || !states_.empty()),
      runner_(graph_, weights_, kernels_, pool_, cache_, states_,
              options_.context_length),
      head_(graph_, vocabulary_size(), weights_, kernels_, pool_) {}

ForwardResult& CpuModel::Forward(std::span<const Row> rows, Phase phase) {
  const std::map<SequenceId, int32_t> lengths = CheckRows(rows, *this);
  if (forgets_) {
    for (const auto& [sequence, length] : lengths) CatchUp(sequence);
  }
  Evaluate(rows, phase, lengths);
  if (forgets_) Remember(rows, phase);
  return head_.result();
}

void CpuModel::Evaluate(std::span<const Row> rows, Phase phase,
                        const std::map<SequenceId, int32_t>& lengths) {
  try {
    for (const auto& [sequence, length] : lengths) {
      cache_.Reserve(sequence, length);
      if (forgets_) states_.Begin(sequence, length);
    }
    Run(rows, phase);
  } catch (...) {
    if (forgets_) {
      for (const auto& [sequence, length] : lengths) {
        states_.Abandon(sequence);
        Settle(sequence);
      }
    }
    throw;
  }
  for (const auto& [sequence, length] : lengths) {
    cache_.SetLength(sequence, length);
    if (forgets_) states_.End(sequence, length);
  }
}

void CpuModel::Run(std::span<const Row> rows, Phase phase) {
  head_.Begin(rows.size());
  const auto batch = static_cast<size_t>(options_.batch);
  for (size_t first = 0; first < rows.size(); first += batch) {
    const std::span<const Row> part =
        rows.subspan(first, std::min(batch, rows.size() - first));
    runner_.Run(part, phase);
    head_.Collect(part, first, runner_.rows(), runner_.Value(graph_.hidden),
                  phase);
  }
}

void CpuModel::CatchUp(SequenceId sequence) {
  while (!states_.Behind(sequence).empty()) {
    // Rows of one phase together: each has the bits that it had.
    const std::span<const StateCache::Entry> behind = states_.Behind(sequence);
    const Phase phase = behind.front().phase;
    const int32_t first = states_.Position(sequence);
    std::vector<Row> rows;
    for (const StateCache::Entry& entry : behind) {
      if (entry.phase != phase) break;
      rows.push_back(
          {.sequence = sequence,
           .position = first + static_cast<int32_t>(rows.size()),
           .token = entry.token,
           .embedding = entry.embedding ? entry.embedding->data() : nullptr});
    }
    const auto length = static_cast<int32_t>(rows.size());
    Evaluate(rows, phase, {{sequence, first + length}});
  }
}

void CpuModel::Remember(std::span<const Row> rows, Phase phase) {
  for (const Row& row : rows) {
    std::shared_ptr<const std::vector<float>> embedding;
    if (row.embedding != nullptr) {
      embedding = std::make_shared<const std::vector<float>>(
          row.embedding, row.embedding + graph_.embedding);
    }
    states_.Append(row.sequence, {row.token, std::move(embedding), phase});
  }
}

int32_t CpuModel::SequenceLength(SequenceId sequence) const {
  return forgets_ ? states_.Length(sequence) : cache_.Length(sequence);
}

void CpuModel::CopySequence(SequenceId from, SequenceId to, int32_t length) {
  CheckPrefix(from, length, *this);
  cache_.Copy(from, to, length);
  if (!forgets_) return;
  states_.Copy(from, to, length);
  Settle(to);
}

void CpuModel::CutSequence(SequenceId sequence, int32_t length) {
  CheckPrefix(sequence, length, *this);
  cache_.Cut(sequence, length);
  if (!forgets_) return;
  states_.Cut(sequence, length);
  Settle(sequence);
}

void CpuModel::Settle(SequenceId sequence) {
  for (;;) {
    const int32_t position = states_.Position(sequence);
    const int32_t resume = cache_.Resume(sequence, position);
    if (resume == position) break;
    states_.GoBack(sequence, resume);
  }
  cache_.Cut(sequence, states_.Position(sequence));
}

void CpuModel::DropSequence(SequenceId sequence) {
  cache_.Drop(sequence);
  states_.Drop(sequence);
}

int32_t CpuModel::vocabulary_size() const {
  const auto rows = static_cast<int32_t>(graph_.vocabulary);
  return std::min(rows, options_.vocabulary.value_or(rows));
}

int32_t CpuModel::embedding_length() const {
  return static_cast<int32_t>(graph_.embedding);
}

}  // namespace fullstop
