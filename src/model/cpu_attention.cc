#include "model/cpu_attention.h"

#include <algorithm>
#include <cstdint>

namespace fullstop {

void CpuAttention::StoreHeads(const float* from, uint64_t heads,
                              uint64_t length, std::byte* to,
                              const kernels::KvStride& stride) {
  const auto count = static_cast<int64_t>(length);
  for (int64_t head = 0; head < static_cast<int64_t>(heads); ++head) {
    const float* numbers = from + head * count;
    if (cache_.type() == kernels::CacheType::kF32) {
      std::copy_n(numbers, length,
                  reinterpret_cast<float*>(to) + head * stride.head);
    } else {
      kernels_.F32ToF16(numbers, count,
                        reinterpret_cast<uint16_t*>(to) + head * stride.head);
    }
  }
}

void CpuAttention::Store(uint32_t layer, const CacheLayer& shape,
                         const AttentionRows& rows) {
  constexpr size_t kRowsAtOnce = 16;
  pool_.ParallelFor(
      rows.places.size(), kRowsAtOnce, [&](size_t begin, size_t end, int) {
        for (size_t i = begin; i < end; ++i) {
          const RowPlace& place = rows.places[i];
          const KvCache::Slot slot =
              cache_.At(place.sequence, layer, place.position);
          const kernels::KvPages pages = cache_.Pages(place.sequence, layer);
          StoreHeads(rows.key + i * shape.kv_heads * shape.head_length,
                     shape.kv_heads, shape.head_length, slot.key,
                     pages.key_stride);
          if (rows.value == nullptr) continue;
          StoreHeads(rows.value + i * shape.kv_heads * shape.ValueLength(),
                     shape.kv_heads, shape.ValueLength(), slot.value,
                     pages.value_stride);
        }
      });
}

void CpuAttention::FindRuns(uint32_t layer, const CacheLayer& shape,
                            const AttentionForm& form,
                            const AttentionRows& rows) {
  const auto width = static_cast<int64_t>(shape.heads * shape.head_length);
  const auto out_width =
      static_cast<int64_t>(shape.heads * shape.ValueLength());
  runs_.clear();
  for (size_t i = 0; i < rows.places.size(); ++i) {
    const RowPlace& place = rows.places[i];
    if (i > 0 && rows.places[i - 1].sequence == place.sequence &&
        rows.places[i - 1].position + 1 == place.position) {
      ++runs_.back().rows;
      continue;
    }
    const auto row = static_cast<int64_t>(i);
    runs_.push_back({.q = rows.query + row * width,
                     .q_stride = width,
                     .out = rows.out + row * out_width,
                     .out_stride = out_width,
                     .rows = 1,
                     .first_position = place.position,
                     .heads = static_cast<int32_t>(shape.heads),
                     .kv_heads = static_cast<int32_t>(shape.kv_heads),
                     .head_dim = static_cast<int32_t>(shape.head_length),
                     .value_dim = static_cast<int32_t>(shape.ValueLength()),
                     .scale = form.scale,
                     .cache = cache_.Pages(place.sequence, layer),
                     .soft_cap = form.soft_cap,
                     .window = form.window,
                     .chunk = form.chunk,
                     .sinks = form.sinks});
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
                       const CacheLayer& shape, const AttentionForm& form,
                       const AttentionRows& rows) {
  if (rows.key != nullptr) Store(layer, shape, rows);
  FindRuns(layer, shape, form, rows);
  CutIntoTasks(phase, static_cast<int32_t>(shape.kv_heads));
  const size_t scratch = (kernels_.AttentionScratchBytes(
                              phase, static_cast<int32_t>(shape.heads),
                              static_cast<int32_t>(shape.kv_heads),
                              static_cast<int32_t>(std::max(
                                  shape.head_length, shape.ValueLength()))) +
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
