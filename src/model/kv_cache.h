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

// Of each layer of a graph's cache how many positions a row sees, its own
// included; 0 for all.
std::vector<uint64_t> CacheWindows(const Graph& graph);

// A sequence is a list of pages of kPagePositions positions each; memory grows
// with the positions used. Copies of a sequence share pages until one of them
// writes. Layers that look equally far back, through the same window, have
// pages together: within one, layer by layer, stand the keys and then the
// values of each head: [kv_heads][kPagePositions][head_length]. Layers with a
// window drop pages that no row will see again: a sequence keeps what the rows
// see that may follow its last kMargin positions, and its checkpoints
// (checkpoints.h). So a cut by more may leave a length at which a row would see
// dropped pages; Resume() tells where to go on. One thread; but until the next
// call that changes a sequence, any number may call At() and Pages() and use
// the memory that these name.
class KvCache {
 public:
  static constexpr int32_t kPagePositions = kernels::kAttentionTile;
  static constexpr int32_t kMargin = 4096;

  // WINDOWS has for each layer how many positions a row sees, its own included;
  // 0, or nothing at all, for all.
  explicit KvCache(std::vector<CacheLayer> layers,
                   kernels::CacheType type = kernels::CacheType::kF16,
                   const std::vector<uint64_t>& windows = {});

  kernels::CacheType type() const { return type_; }
  // The most that a sequence of LENGTH positions takes, but for rows that are
  // being evaluated; 2^64 - 1 if it is more.
  uint64_t Bytes(int32_t length) const;
  // The bytes of all pages: one that sequences share counts once.
  uint64_t used() const { return *used_; }
  // Some layers have a window.
  bool drops() const;

  // 0 for an unknown sequence.
  int32_t Length(SequenceId sequence) const;

  // Makes room for positions up to LENGTH, pages of its own from the sequence's
  // present length on. Throws Error (kLimit) where memory runs out; the
  // sequence's length and content are the same before and after.
  void Reserve(SequenceId sequence, int32_t length);
  // Positions up to LENGTH, for which room was made, are now written.
  // Drops what nothing will see, so pointers of before may be invalid.
  void SetLength(SequenceId sequence, int32_t length);
  // The greatest position, at most POSITION, at which a row sees nothing that
  // was dropped.
  int32_t Resume(SequenceId sequence, int32_t position) const;

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
  // Layers of one window.
  struct Group {
    int32_t window;  // 0: they see all
    uint64_t page_bytes = 0;
  };
  struct Layer {
    CacheLayer shape;
    size_t group;
    // In bytes from the start of a page.
    uint64_t keys;
    uint64_t values;
  };
  // The keys and values of a group's layers for kPagePositions positions; null
  // where they were dropped.
  using Page = std::shared_ptr<std::byte[]>;

  struct Sequence {
    int32_t length = 0;
    // [group][page]
    std::vector<std::vector<Page>> pages;
    // [layer][page]: where keys and values begin in each page.
    std::vector<std::vector<void*>> keys;
    std::vector<std::vector<void*>> values;
  };

  void AddLayer(const CacheLayer& shape, uint64_t window);
  Page NewPage(uint64_t bytes) const;
  void Place(Sequence& sequence, size_t group, size_t index, Page page) const;
  void ReserveGroup(Sequence& sequence, size_t group, int32_t length) const;
  void Shrink(Sequence& sequence, int32_t length) const;
  void Drop(Sequence& sequence) const;

  const kernels::CacheType type_;
  const uint64_t element_bytes_;
  std::vector<Group> groups_;
  std::vector<Layer> layers_;
  // Pages take themselves off.
  std::shared_ptr<uint64_t> used_ = std::make_shared<uint64_t>(0);
  std::map<SequenceId, Sequence> sequences_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_KV_CACHE_H_
