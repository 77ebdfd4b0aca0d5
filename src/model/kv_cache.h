// Keys and values of all sequences on this machine, as pages.
#ifndef FULLSTOP_MODEL_KV_CACHE_H_
#define FULLSTOP_MODEL_KV_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "kernels/kernels.h"
#include "model/forward.h"
#include "model/graph.h"

namespace fullstop {

// A sequence is a list of pages of kPagePositions positions each; memory grows
// with the positions used. Copies of a sequence share pages until one of them
// writes. Within a page, layer by layer, stand the keys and then the values of
// each head: [kv_heads][kPagePositions][head_length]. Layers keep all
// positions, those that attend through a window too: a cut may bring any of
// them back into sight. One thread; but until the next call that changes a
// sequence, any number may call At() and Pages() and use the memory that these
// name.
class KvCache {
 public:
  static constexpr int32_t kPagePositions = kernels::kAttentionTile;

  explicit KvCache(std::vector<CacheLayer> layers,
                   kernels::CacheType type = kernels::CacheType::kF16);

  kernels::CacheType type() const { return type_; }
  // Of all layers together.
  uint64_t BytesPerPosition() const { return bytes_per_position_; }

  // 0 for an unknown sequence.
  int32_t Length(SequenceId sequence) const;

  // Makes room for positions up to LENGTH, pages of its own from the sequence's
  // present length on. Throws Error (kLimit) where memory runs out; the
  // sequence's length and content are the same before and after.
  void Reserve(SequenceId sequence, int32_t length);
  // Positions up to LENGTH, for which room was made, are now written.
  void SetLength(SequenceId sequence, int32_t length);

  // Where key head 0 and value head 0 of POSITION stand; the next heads follow
  // in the strides of Pages(). SEQUENCE must be known, POSITION have room. Of a
  // layer whose values stand in its keys, both are the same.
  struct Slot {
    std::byte* key;
    std::byte* value;
  };
  Slot At(SequenceId sequence, uint32_t layer, int32_t position);
  kernels::KvPages Pages(SequenceId sequence, uint32_t layer) const;

  // Makes TO equal to the first LENGTH positions of FROM.
  void Copy(SequenceId from, SequenceId to, int32_t length);
  void Cut(SequenceId sequence, int32_t length);
  void Drop(SequenceId sequence);

 private:
  // One page: the keys and values of all layers for kPagePositions positions.
  using Page = std::shared_ptr<std::byte[]>;

  struct Sequence {
    int32_t length = 0;
    std::vector<Page> pages;
    // [layer][page]: where keys and values begin in each page.
    std::vector<std::vector<void*>> keys;
    std::vector<std::vector<void*>> values;
  };

  Page NewPage() const;
  void Place(Sequence& sequence, size_t index, Page page);
  void Shrink(Sequence& sequence, int32_t length);

  const std::vector<CacheLayer> layers_;
  const kernels::CacheType type_;
  const uint64_t element_bytes_;
  // In bytes from the start of a page.
  std::vector<uint64_t> key_offsets_;
  std::vector<uint64_t> value_offsets_;
  uint64_t page_bytes_ = 0;
  uint64_t bytes_per_position_ = 0;
  std::map<SequenceId, Sequence> sequences_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_KV_CACHE_H_
