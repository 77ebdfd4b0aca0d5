#include "model/cpu_head.h"

#include <algorithm>

namespace fullstop {
namespace {

constexpr int64_t kSliceBytes = int64_t{32} << 20;

}  // namespace

CpuHead::CpuHead(const Graph& graph, int32_t vocabulary,
                 const CpuWeights& weights, const kernels::Kernels& kernels,
                 ThreadPool& pool)
    : graph_(graph),
      vocabulary_(vocabulary),
      matrix_(weights.matrix(graph.head)),
      bias_(graph.head_bias ? weights.vector(*graph.head_bias).data()
                            : nullptr),
      kernels_(kernels),
      pool_(pool),
      linear_(kernels, pool) {}

void CpuHead::Begin(size_t rows) { result_.rows().assign(rows, {}); }

void CpuHead::Collect(std::span<const Row> batch, size_t first,
                      std::span<const size_t> wanted, const float* hidden,
                      Phase phase) {
  const auto width = static_cast<size_t>(matrix_.columns);
  std::vector<Pending> pending;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Row& row = batch[wanted[i]];
    const float* state = hidden + i * width;
    HostResult::RowResult& result = result_.rows()[first + wanted[i]];
    result.want = row.want;
    if (row.want == Want::kHidden) {
      result.numbers.assign(state, state + width);
    } else {
      pending.push_back({&row, state, &result});
    }
  }
  const auto slice = static_cast<size_t>(std::max<int64_t>(
      1, kSliceBytes / (matrix_.rows * static_cast<int64_t>(sizeof(float)))));
  for (size_t i = 0; i < pending.size(); i += slice) {
    ComputeSlice(
        std::span(pending).subspan(i, std::min(slice, pending.size() - i)),
        phase == Phase::kPrefill ? kernels::Phase::kPrefill
                                 : kernels::Phase::kDecode);
  }
}

void CpuHead::ComputeSlice(std::span<const Pending> rows,
                           kernels::Phase phase) {
  const auto width = static_cast<size_t>(matrix_.columns);
  const auto length = static_cast<size_t>(matrix_.rows);
  hidden_.Reserve(rows.size() * width);
  logits_.Reserve(rows.size() * length);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(rows[i].hidden, width, hidden_.data() + i * width);
  }
  const LinearTarget target{matrix_, bias_, logits_.data(), matrix_.rows};
  const LinearJob job{hidden_.data(),
                      matrix_.columns,
                      static_cast<int64_t>(rows.size()),
                      matrix_.columns,
                      {&target, 1}};
  linear_.Run(phase, {&job, 1});
  pool_.ParallelFor(rows.size(), 1, [&](size_t i, size_t, int) {
    float* logits = logits_.data() + i * length;
    Finish(logits);
    Reduce(rows[i], logits);
  });
}

void CpuHead::Finish(float* logits) const {
  if (graph_.logit_scale != 1) {
    kernels_.Scale(logits, vocabulary_, static_cast<float>(graph_.logit_scale));
  }
  if (graph_.logit_cap != 0) {
    kernels_.SoftCap(logits, vocabulary_, static_cast<float>(graph_.logit_cap));
  }
}

void CpuHead::Reduce(const Pending& pending, const float* logits) {
  const Row& row = *pending.row;
  HostResult::RowResult& result = *pending.result;
  if (row.want == Want::kLogits) {
    result.numbers.assign(logits, logits + vocabulary_);
    return;
  }
  std::vector<kernels::IndexedValue> top(
      static_cast<size_t>(std::min<int64_t>(row.top_k, vocabulary_)));
  kernels_.TopK(logits, vocabulary_, row.top_k, top.data());
  for (const kernels::IndexedValue& value : top) {
    result.top.push_back({value.index, value.value});
  }
  result.log_sum_exp = kernels_.LogSumExp(logits, vocabulary_);
  for (const TokenId id : row.chosen) {
    result.numbers.push_back(logits[id]);
  }
}

}  // namespace fullstop
