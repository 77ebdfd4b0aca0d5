#include "model/cpu_attention.h"

#include <algorithm>

namespace fullstop {

void CpuAttention::Store(uint32_t layer, const CacheLayer& shape,
                         const AttentionRows& rows) {
  constexpr size_t kRowsAtOnce = 16;
  const auto length = static_cast<int64_t>(shape.head_length);
  const auto width = static_cast<int64_t>(shape.kv_heads) * length;
  const int64_t head_stride = KvCache::kPagePositions * length;
  pool_.ParallelFor(
      rows.places.size(), kRowsAtOnce, [&](size_t begin, size_t end, int) {
        for (size_t i = begin; i < end; ++i) {
          const RowPlace& place = rows.places[i];
          const KvCache::Slot slot =
              cache_.At(place.sequence, layer, place.position);
          const int64_t from = static_cast<int64_t>(i) * width;
          for (int64_t head = 0; head * length < width; ++head) {
            kernels_.F32ToF16(rows.key + from + head * length, length,
                              slot.key + head * head_stride);
            kernels_.F32ToF16(rows.value + from + head * length, length,
                              slot.value + head * head_stride);
          }
        }
      });
}

void CpuAttention::FindRuns(uint32_t layer, const CacheLayer& shape,
                            float scale, const AttentionRows& rows) {
  const auto width = static_cast<int64_t>(shape.heads * shape.head_length);
  runs_.clear();
  for (size_t i = 0; i < rows.places.size(); ++i) {
    const RowPlace& place = rows.places[i];
    if (i > 0 && rows.places[i - 1].sequence == place.sequence &&
        rows.places[i - 1].position + 1 == place.position) {
      ++runs_.back().rows;
      continue;
    }
    const int64_t from = static_cast<int64_t>(i) * width;
    runs_.push_back({.q = rows.query + from,
                     .q_stride = width,
                     .out = rows.out + from,
                     .out_stride = width,
                     .rows = 1,
                     .first_position = place.position,
                     .heads = static_cast<int32_t>(shape.heads),
                     .kv_heads = static_cast<int32_t>(shape.kv_heads),
                     .head_dim = static_cast<int32_t>(shape.head_length),
                     .scale = scale,
                     .cache = cache_.Pages(place.sequence, layer)});
  }
}

// The last rows of a run see the most positions, so they are taken first: what
// is left over at the end is short.
void CpuAttention::CutIntoTasks(kernels::Phase phase, int32_t kv_heads) {
  const int64_t grain = kernels_.AttentionGrain(phase);
  tasks_.clear();
  for (size_t run = 0; run < runs_.size(); ++run) {
    for (int64_t begin = (runs_[run].rows - 1) / grain * grain; begin >= 0;
         begin -= grain) {
      const int64_t end = std::min(begin + grain, runs_[run].rows);
      for (int32_t head = 0; head < kv_heads; ++head) {
        tasks_.push_back({run, begin, end, head});
      }
    }
  }
}

void CpuAttention::Run(kernels::Phase phase, uint32_t layer,
                       const CacheLayer& shape, float scale,
                       const AttentionRows& rows) {
  Store(layer, shape, rows);
  FindRuns(layer, shape, scale, rows);
  CutIntoTasks(phase, static_cast<int32_t>(shape.kv_heads));
  const size_t scratch =
      (kernels_.AttentionScratchBytes(phase, static_cast<int32_t>(shape.heads),
                                      static_cast<int32_t>(shape.kv_heads),
                                      static_cast<int32_t>(shape.head_length)) +
       kernels::kAlignment - 1) /
      kernels::kAlignment * kernels::kAlignment;
  scratch_.Reserve(scratch * static_cast<size_t>(pool_.size()));
  pool_.ParallelFor(tasks_.size(), 1, [&](size_t index, size_t, int worker) {
    const Task& task = tasks_[index];
    kernels_.Attention(phase, runs_[task.run], task.begin, task.end,
                       task.kv_head, task.kv_head + 1,
                       scratch_.data() + scratch * static_cast<size_t>(worker));
  });
}

}  // namespace fullstop
