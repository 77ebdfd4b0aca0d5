#include "model/state_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/error.h"
#include "model/checkpoints.h"

namespace fullstop {
StateCache::StateCache(const std::vector<StateSpec>& states) {
  for (const StateSpec& state : states) {
    offsets_.push_back(width_);
    width_ += state.width;
  }
}

uint64_t StateCache::Bytes(int32_t length) const {
  return width_ * sizeof(float) *
             static_cast<uint64_t>(1 + MostCheckpoints(length)) +
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
  if (width_ == 0) return;
  std::map<int32_t, Buffer> fresh;
  const int32_t first =
      (sequence.position / kCheckpointInterval + 1) * kCheckpointInterval;
  for (int32_t position = first; position <= length;
       position += kCheckpointInterval) {
    if (IsCheckpoint(position, length)) fresh[position] = NewBuffer();
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
    return !IsCheckpoint(checkpoint.first, length);
  });
}

void StateCache::Abandon(SequenceId id) { GoBack(id, Position(id)); }

void StateCache::Append(SequenceId sequence, Entry entry) {
  sequences_.at(sequence).rows.push_back(std::move(entry));
}

void StateCache::GoBack(SequenceId id, int32_t position) {
  const auto found = sequences_.find(id);
  if (found != sequences_.end()) GoBack(found->second, position);
}

void StateCache::GoBack(Sequence& sequence, int32_t position) const {
  if (width_ == 0) {
    sequence.position = std::min(sequence.position, position);
    return;
  }
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
