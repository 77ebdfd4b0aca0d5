#include "model/kv_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <new>
#include <optional>
#include <utility>
#include <variant>

#include "base/error.h"
#include "model/checkpoints.h"

namespace fullstop {
namespace {

size_t PagesFor(int32_t length) {
  return static_cast<size_t>((length + KvCache::kPagePositions - 1) /
                             KvCache::kPagePositions);
}

constexpr uint64_t kMostBytes = std::numeric_limits<uint64_t>::max();

// Whether a row that may come next in a sequence of LENGTH positions, or once
// it is cut, sees a position of page PAGE through WINDOW.
bool IsSeen(size_t page, int64_t window, int64_t length) {
  static_assert(kCheckpointInterval % KvCache::kPagePositions == 0);
  const auto begin = static_cast<int64_t>(page) * KvCache::kPagePositions;
  const int64_t end = begin + KvCache::kPagePositions;
  const int64_t margin = length - KvCache::kMargin;
  if (end > margin - window + 1) return true;
  // Of the checkpoints behind the page, those near enough.
  for (int64_t position = end / kCheckpointInterval * kCheckpointInterval;
       position < end + window - 1; position += kCheckpointInterval) {
    if (position > begin && IsCheckpoint(static_cast<int32_t>(position),
                                         static_cast<int32_t>(length))) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<uint64_t> CacheWindows(const Graph& graph) {
  std::vector<std::optional<uint64_t>> windows(graph.cache.size());
  for (const Step& step : graph.steps) {
    const auto* attention = std::get_if<AttentionStep>(&step.op);
    if (attention == nullptr) continue;
    uint64_t seen = std::max(attention->window, attention->chunk);
    if (attention->window > 0 && attention->chunk > 0) {
      seen = std::min(attention->window, attention->chunk);
    }
    std::optional<uint64_t>& window = windows[attention->layer];
    const bool all = seen == 0 || window == 0;
    window = all ? 0 : std::max(seen, window.value_or(0));
  }
  std::vector<uint64_t> all;
  for (const auto& window : windows) all.push_back(window.value_or(0));
  return all;
}

KvCache::KvCache(std::vector<CacheLayer> layers, kernels::CacheType type,
                 const std::vector<uint64_t>& windows)
    : type_(type),
      element_bytes_(type == kernels::CacheType::kF32 ? sizeof(float)
                                                      : sizeof(uint16_t)) {
  for (size_t i = 0; i < layers.size(); ++i) {
    AddLayer(layers[i], windows.empty() ? 0 : windows[i]);
  }
}

void KvCache::AddLayer(const CacheLayer& shape, uint64_t window) {
  const auto bounded = static_cast<int32_t>(
      std::min<uint64_t>(window, std::numeric_limits<int32_t>::max()));
  const auto same = std::ranges::find(groups_, bounded, &Group::window);
  const auto group = static_cast<size_t>(same - groups_.begin());
  if (same == groups_.end()) groups_.push_back({bounded});
  uint64_t& page_bytes = groups_[group].page_bytes;
  const uint64_t each = shape.kv_heads * kPagePositions * element_bytes_;
  Layer layer{shape, group, page_bytes, page_bytes};
  page_bytes += each * shape.head_length;
  if (!shape.values_in_keys) {
    layer.values = page_bytes;
    page_bytes += each * shape.ValueLength();
  }
  layers_.push_back(layer);
}

bool KvCache::drops() const {
  return std::ranges::any_of(groups_,
                             [](const Group& g) { return g.window > 0; });
}

uint64_t KvCache::Bytes(int32_t length) const {
  uint64_t bytes = 0;
  for (const Group& group : groups_) {
    uint64_t pages = PagesFor(length);
    if (group.window > 0) {
      // What stands before a checkpoint, and before the margin.
      const uint64_t each = PagesFor(group.window) + 1;
      const auto checkpoints = static_cast<uint64_t>(MostCheckpoints(length));
      pages = std::min(pages, PagesFor(kMargin) + each * (1 + checkpoints));
    }
    if (pages > 0 && group.page_bytes > (kMostBytes - bytes) / pages) {
      return kMostBytes;
    }
    bytes += pages * group.page_bytes;
  }
  return bytes;
}

int32_t KvCache::Length(SequenceId sequence) const {
  const auto found = sequences_.find(sequence);
  return found == sequences_.end() ? 0 : found->second.length;
}

KvCache::Page KvCache::NewPage(uint64_t bytes) const {
  constexpr std::align_val_t kAlignment{kernels::kAlignment};
  try {
    auto* memory = static_cast<std::byte*>(::operator new[](bytes, kAlignment));
    // A kernel may read a whole tile: what nobody wrote must be numbers too.
    std::fill_n(memory, bytes, std::byte{0});
    *used_ += bytes;
    return Page(memory, [used = used_, bytes](std::byte* p) {
      ::operator delete[](p, kAlignment);
      *used -= bytes;
    });
  } catch (const std::bad_alloc&) {
    throw Error::Limit(
        fmt::format("no memory for {} more bytes of the cache", bytes))
        .Advice("use a shorter context, or fewer sequences");
  }
}

void KvCache::Place(Sequence& sequence, size_t group, size_t index,
                    Page page) const {
  std::vector<Page>& pages = sequence.pages[group];
  pages.resize(std::max(index + 1, pages.size()));
  for (size_t layer = 0; layer < layers_.size(); ++layer) {
    if (layers_[layer].group != group) continue;
    const auto at = [&page](uint64_t offset) {
      return page == nullptr ? nullptr : page.get() + offset;
    };
    sequence.keys[layer].resize(pages.size());
    sequence.values[layer].resize(pages.size());
    sequence.keys[layer][index] = at(layers_[layer].keys);
    sequence.values[layer][index] = at(layers_[layer].values);
  }
  pages[index] = std::move(page);
}

void KvCache::ReserveGroup(Sequence& sequence, size_t group,
                           int32_t length) const {
  const std::vector<Page>& pages = sequence.pages[group];
  const uint64_t bytes = groups_[group].page_bytes;
  const auto first = static_cast<size_t>(sequence.length / kPagePositions);
  for (size_t i = first; i < PagesFor(length); ++i) {
    if (i >= pages.size() || pages[i] == nullptr) {
      Place(sequence, group, i, NewPage(bytes));
    } else if (pages[i].use_count() > 1) {
      Page own = NewPage(bytes);
      std::copy_n(pages[i].get(), bytes, own.get());
      Place(sequence, group, i, std::move(own));
    }
  }
}

void KvCache::Reserve(SequenceId id, int32_t length) {
  Sequence& sequence = sequences_[id];
  sequence.pages.resize(groups_.size());
  sequence.keys.resize(layers_.size());
  sequence.values.resize(layers_.size());
  for (size_t group = 0; group < groups_.size(); ++group) {
    ReserveGroup(sequence, group, length);
  }
}

void KvCache::SetLength(SequenceId id, int32_t length) {
  Sequence& sequence = sequences_.at(id);
  const int32_t pages = sequence.length / kPagePositions;
  sequence.length = length;
  if (length / kPagePositions != pages) Drop(sequence);
}

void KvCache::Drop(Sequence& sequence) const {
  for (size_t group = 0; group < groups_.size(); ++group) {
    const int32_t window = groups_[group].window;
    if (window == 0) continue;
    const std::vector<Page>& pages = sequence.pages[group];
    for (size_t i = 0; i < pages.size(); ++i) {
      if (pages[i] != nullptr && !IsSeen(i, window, sequence.length)) {
        Place(sequence, group, i, nullptr);
      }
    }
  }
}

int32_t KvCache::Resume(SequenceId id, int32_t position) const {
  const auto found = sequences_.find(id);
  if (found == sequences_.end()) return 0;
  const auto misses = [&](int32_t at) {
    for (size_t group = 0; group < groups_.size(); ++group) {
      const std::vector<Page>& pages = found->second.pages[group];
      if (groups_[group].window == 0) continue;
      const int32_t first = std::max(at - groups_[group].window + 1, 0);
      for (int32_t p = first / kPagePositions * kPagePositions; p < at;
           p += kPagePositions) {
        if (pages[static_cast<size_t>(p / kPagePositions)] == nullptr) {
          return true;
        }
      }
    }
    return false;
  };
  position = std::min(position, found->second.length);
  while (position > 0 && misses(position)) {
    position = (position - 1) / kCheckpointInterval * kCheckpointInterval;
  }
  return position;
}

KvCache::Slot KvCache::At(SequenceId id, uint32_t layer, int32_t position) {
  const Sequence& sequence = sequences_.at(id);
  const auto page = static_cast<size_t>(position / kPagePositions);
  const kernels::KvPages pages = Pages(id, layer);
  const auto row = static_cast<uint64_t>(position % kPagePositions);
  const auto at = [&](void* begin, const kernels::KvStride& stride) {
    return static_cast<std::byte*>(begin) +
           row * static_cast<uint64_t>(stride.position) * element_bytes_;
  };
  return {at(sequence.keys[layer][page], pages.key_stride),
          at(sequence.values[layer][page], pages.value_stride)};
}

kernels::KvPages KvCache::Pages(SequenceId id, uint32_t layer) const {
  const Sequence& sequence = sequences_.at(id);
  const CacheLayer& shape = layers_[layer].shape;
  const auto stride = [](uint64_t length) {
    return kernels::KvStride{kPagePositions * static_cast<int64_t>(length),
                             static_cast<int64_t>(length)};
  };
  return {.type = type_,
          .keys = sequence.keys[layer].data(),
          .values = sequence.values[layer].data(),
          .page_positions = kPagePositions,
          .key_stride = stride(shape.head_length),
          .value_stride = stride(shape.values_in_keys ? shape.head_length
                                                      : shape.ValueLength())};
}

void KvCache::Shrink(Sequence& sequence, int32_t length) const {
  sequence.length = std::min(sequence.length, length);
  const size_t pages = PagesFor(sequence.length);
  for (std::vector<Page>& each : sequence.pages) {
    each.resize(std::min(pages, each.size()));
  }
  for (auto& keys : sequence.keys) keys.resize(std::min(pages, keys.size()));
  for (auto& values : sequence.values) {
    values.resize(std::min(pages, values.size()));
  }
}

void KvCache::Copy(SequenceId from, SequenceId to, int32_t length) {
  if (from != to) {
    if (!sequences_.contains(from)) {
      Drop(to);
      return;
    }
    sequences_[to] = sequences_.at(from);
  }
  Cut(to, length);
}

void KvCache::Cut(SequenceId sequence, int32_t length) {
  const auto found = sequences_.find(sequence);
  if (found == sequences_.end()) return;
  if (length <= 0) {
    sequences_.erase(found);
  } else {
    Shrink(found->second, length);
  }
}

void KvCache::Drop(SequenceId sequence) { sequences_.erase(sequence); }

}  // namespace fullstop
