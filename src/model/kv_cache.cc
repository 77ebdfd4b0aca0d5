#include "model/kv_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

size_t PagesFor(int32_t length) {
  return static_cast<size_t>((length + KvCache::kPagePositions - 1) /
                             KvCache::kPagePositions);
}

}  // namespace

KvCache::KvCache(std::vector<CacheLayer> layers, kernels::CacheType type)
    : layers_(std::move(layers)),
      type_(type),
      element_bytes_(type == kernels::CacheType::kF32 ? sizeof(float)
                                                      : sizeof(uint16_t)) {
  for (const CacheLayer& layer : layers_) {
    const uint64_t each = layer.kv_heads * kPagePositions * element_bytes_;
    key_offsets_.push_back(page_bytes_);
    if (layer.values_in_keys) {
      value_offsets_.push_back(page_bytes_);
      page_bytes_ += each * layer.head_length;
    } else {
      value_offsets_.push_back(page_bytes_ + each * layer.head_length);
      page_bytes_ += each * (layer.head_length + layer.ValueLength());
    }
  }
  bytes_per_position_ = page_bytes_ / kPagePositions;
}

int32_t KvCache::Length(SequenceId sequence) const {
  const auto found = sequences_.find(sequence);
  return found == sequences_.end() ? 0 : found->second.length;
}

KvCache::Page KvCache::NewPage() const {
  constexpr std::align_val_t kAlignment{kernels::kAlignment};
  try {
    auto* memory =
        static_cast<std::byte*>(::operator new[](page_bytes_, kAlignment));
    // A kernel may read a whole tile: what nobody wrote must be numbers too.
    std::fill_n(memory, page_bytes_, std::byte{0});
    return Page(memory,
                [](std::byte* p) { ::operator delete[](p, kAlignment); });
  } catch (const std::bad_alloc&) {
    throw Error::Limit(
        fmt::format("no memory for {} more bytes of the cache", page_bytes_))
        .Advice("use a shorter context, or fewer sequences");
  }
}

void KvCache::Place(Sequence& sequence, size_t index, Page page) {
  const size_t pages = std::max(index + 1, sequence.pages.size());
  sequence.pages.resize(pages);
  sequence.keys.resize(layers_.size());
  sequence.values.resize(layers_.size());
  for (size_t layer = 0; layer < layers_.size(); ++layer) {
    sequence.keys[layer].resize(pages);
    sequence.values[layer].resize(pages);
    sequence.keys[layer][index] = page.get() + key_offsets_[layer];
    sequence.values[layer][index] = page.get() + value_offsets_[layer];
  }
  sequence.pages[index] = std::move(page);
}

void KvCache::Reserve(SequenceId id, int32_t length) {
  Sequence& sequence = sequences_[id];
  const size_t first = static_cast<size_t>(sequence.length / kPagePositions);
  for (size_t i = first; i < PagesFor(length); ++i) {
    if (i >= sequence.pages.size()) {
      Place(sequence, i, NewPage());
    } else if (sequence.pages[i].use_count() > 1) {
      Page own = NewPage();
      std::copy_n(sequence.pages[i].get(), page_bytes_, own.get());
      Place(sequence, i, std::move(own));
    }
  }
}

void KvCache::SetLength(SequenceId sequence, int32_t length) {
  sequences_.at(sequence).length = length;
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
  const CacheLayer& shape = layers_[layer];
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

void KvCache::Shrink(Sequence& sequence, int32_t length) {
  sequence.length = std::min(sequence.length, length);
  const size_t pages = PagesFor(sequence.length);
  if (pages >= sequence.pages.size()) return;
  sequence.pages.resize(pages);
  for (auto& keys : sequence.keys) keys.resize(pages);
  for (auto& values : sequence.values) values.resize(pages);
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
