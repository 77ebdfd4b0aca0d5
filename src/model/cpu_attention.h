// Attention over the cache on this machine's threads.
#ifndef FULLSTOP_MODEL_CPU_ATTENTION_H_
#define FULLSTOP_MODEL_CPU_ATTENTION_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "kernels/kernels.h"
#include "model/aligned_buffer.h"
#include "model/forward.h"
#include "model/kv_cache.h"

namespace fullstop {

// Where a row stands; rows of a batch are in the order of their activations.
struct RowPlace {
  SequenceId sequence;
  int32_t position;
};

// Activations of one layer, a row for each place, without gaps: QUERY is [heads
// * head_length] wide, OUT [heads * value length], KEY and VALUE accordingly
// with kv_heads. OUT may be QUERY where the lengths agree. VALUE is null where
// the layer's values stand in its keys, both are where the cache is filled
// already.
struct AttentionRows {
  std::span<const RowPlace> places;
  const float* query;
  const float* key;
  const float* value;
  float* out;
};

// What an AttentionStep says of scores and of the positions that a row sees.
struct AttentionForm {
  float scale;
  float soft_cap;
  int64_t window;
  int64_t chunk;
  const float* sinks;
};

// Keeps the memory that the kernels want between calls. One call at a time.
class CpuAttention {
 public:
  // All three must outlive the object.
  CpuAttention(const kernels::Kernels& kernels, ThreadPool& pool,
               KvCache& cache)
      : kernels_(kernels), pool_(pool), cache_(cache) {}

  // Writes the keys and values of ROWS into LAYER's cache, which has room for
  // them, then attends from each row.
  void Run(kernels::Phase phase, uint32_t layer, const CacheLayer& shape,
           const AttentionForm& form, const AttentionRows& rows);

 private:
  // Rows [begin, end) of one run of neighbours in one sequence, for one key
  // head.
  struct Task {
    size_t run;
    int64_t begin;
    int64_t end;
    int32_t kv_head;
  };

  void Store(uint32_t layer, const CacheLayer& shape,
             const AttentionRows& rows);
  // Writes heads of LENGTH numbers where the cache wants them.
  void StoreHeads(const float* from, uint64_t heads, uint64_t length,
                  std::byte* to, const kernels::KvStride& stride);
  void FindRuns(uint32_t layer, const CacheLayer& shape,
                const AttentionForm& form, const AttentionRows& rows);
  void CutIntoTasks(kernels::Phase phase, int32_t kv_heads);

  const kernels::Kernels& kernels_;
  ThreadPool& pool_;
  KvCache& cache_;
  std::vector<kernels::AttentionInput> runs_;
  std::vector<Task> tasks_;
  AlignedBuffer<std::byte> scratch_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_CPU_ATTENTION_H_
