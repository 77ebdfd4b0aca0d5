#include "model/state_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

// Whether a sequence of LENGTH positions keeps a checkpoint at POSITION: at
// distance D from the end they are the greatest power of two times kInterval
// apart that is not above D. A longer sequence keeps no more of the old ones.
bool IsKept(int32_t position, int32_t length) {
  const auto distance =
      static_cast<uint32_t>((length - position) / StateCache::kInterval);
  const uint32_t step = std::bit_floor(std::max(distance, uint32_t{1})) *
                        static_cast<uint32_t>(StateCache::kInterval);
  return position > 0 && static_cast<uint32_t>(position) % step == 0;
}

}  // namespace

StateCache::StateCache(const std::vector<StateSpec>& states) {
  for (const StateSpec& state : states) {
    offsets_.push_back(width_);
    width_ += state.width;
  }
}

uint64_t StateCache::Bytes(int32_t length) const {
  if (empty() || length <= 0) return 0;
  // One checkpoint at the end, and one for each power of two that a distance
  // from there may have.
  const auto intervals = static_cast<uint32_t>(length / kInterval);
  const int checkpoints =
      intervals == 0 ? 0 : 1 + std::bit_width(intervals - 1);
  return width_ * sizeof(float) * static_cast<uint64_t>(1 + checkpoints) +
         static_cast<uint64_t>(length) * sizeof(Entry);
}

int32_t StateCache::Length(SequenceId sequence) const {
  const auto found = sequences_.find(sequence);
  return found == sequences_.end()
             ? 0
             : static_cast<int32_t>(found->second.rows.size());
}

int32_t StateCache::Position(SequenceId sequence) const {
  const auto found = sequences_.find(sequence);
  return found == sequences_.end() ? 0 : found->second.position;
}

std::span<const StateCache::Entry> StateCache::Behind(
    SequenceId sequence) const {
  const auto found = sequences_.find(sequence);
  if (found == sequences_.end()) return {};
  return std::span(found->second.rows)
      .subspan(static_cast<size_t>(found->second.position));
}

StateCache::Buffer StateCache::NewBuffer() const {
  try {
    return Buffer(new float[width_]());
  } catch (const std::bad_alloc&) {
    throw Error::Limit(fmt::format("no memory for {} more bytes of state",
                                   width_ * sizeof(float)))
        .Advice("use fewer sequences");
  }
}

void StateCache::Begin(SequenceId id, int32_t length) {
  Sequence& sequence = sequences_[id];
  std::map<int32_t, Buffer> fresh;
  const int32_t first = (sequence.position / kInterval + 1) * kInterval;
  for (int32_t position = first; position <= length; position += kInterval) {
    if (IsKept(position, length)) fresh[position] = NewBuffer();
  }
  if (sequence.live == nullptr) {
    sequence.live = NewBuffer();
  } else if (sequence.live.use_count() > 1) {
    Buffer own = NewBuffer();
    std::copy_n(sequence.live.get(), width_, own.get());
    sequence.live = std::move(own);
  }
  sequence.checkpoints.merge(fresh);
}

float* StateCache::Live(SequenceId sequence, StateId state) const {
  return sequences_.at(sequence).live.get() +
         offsets_[static_cast<uint32_t>(state)];
}

float* StateCache::Checkpoint(SequenceId id, StateId state,
                              int32_t position) const {
  const Sequence& sequence = sequences_.at(id);
  const auto found = sequence.checkpoints.find(position);
  if (found == sequence.checkpoints.end()) return nullptr;
  return found->second.get() + offsets_[static_cast<uint32_t>(state)];
}

void StateCache::End(SequenceId id, int32_t length) {
  Sequence& sequence = sequences_.at(id);
  sequence.position = length;
  std::erase_if(sequence.checkpoints, [&](const auto& checkpoint) {
    return !IsKept(checkpoint.first, length);
  });
}

void StateCache::Abandon(SequenceId id) {
  const auto found = sequences_.find(id);
  if (found == sequences_.end()) return;
  GoBack(found->second, found->second.position);
}

void StateCache::Append(SequenceId sequence, Entry entry) {
  sequences_.at(sequence).rows.push_back(std::move(entry));
}

void StateCache::GoBack(Sequence& sequence, int32_t position) const {
  auto& checkpoints = sequence.checkpoints;
  checkpoints.erase(checkpoints.upper_bound(position), checkpoints.end());
  if (checkpoints.empty()) {
    sequence.position = 0;
    sequence.live = nullptr;
  } else {
    sequence.position = checkpoints.rbegin()->first;
    sequence.live = checkpoints.rbegin()->second;
  }
}

void StateCache::Copy(SequenceId from, SequenceId to, int32_t length) {
  if (from != to) {
    if (!sequences_.contains(from)) {
      Drop(to);
      return;
    }
    sequences_[to] = sequences_.at(from);
  }
  Cut(to, length);
}

void StateCache::Cut(SequenceId id, int32_t length) {
  const auto found = sequences_.find(id);
  if (found == sequences_.end()) return;
  if (length <= 0) {
    sequences_.erase(found);
    return;
  }
  Sequence& sequence = found->second;
  if (static_cast<size_t>(length) >= sequence.rows.size()) return;
  sequence.rows.resize(static_cast<size_t>(length));
  if (sequence.position > length) GoBack(sequence, length);
}

void StateCache::Drop(SequenceId sequence) { sequences_.erase(sequence); }

}  // namespace fullstop
