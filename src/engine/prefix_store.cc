#include "engine/prefix_store.h"

#include <algorithm>

namespace fullstop {

int32_t CommonPrefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  return static_cast<int32_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

void PrefixStore::Append(SequenceId sequence, std::span<const TokenId> ids) {
  if (ids.empty()) return;
  Held& held = held_[sequence];
  held.ids.insert(held.ids.end(), ids.begin(), ids.end());
}

void PrefixStore::Cut(SequenceId sequence, int32_t length) {
  const auto found = held_.find(sequence);
  if (found == held_.end()) return;
  std::vector<TokenId>& ids = found->second.ids;
  ids.resize(std::min(ids.size(), static_cast<size_t>(length)));
  if (ids.empty()) held_.erase(found);
}

void PrefixStore::Copy(SequenceId from, SequenceId to, int32_t length) {
  const std::span<const TokenId> ids = Ids(from).first(static_cast<size_t>(
      std::min(length, static_cast<int32_t>(Ids(from).size()))));
  Held copy{.ids = {ids.begin(), ids.end()}};
  held_.erase(to);
  if (!copy.ids.empty()) held_.emplace(to, std::move(copy));
}

void PrefixStore::Drop(SequenceId sequence) { held_.erase(sequence); }

std::vector<SequenceId> PrefixStore::Retire(SequenceId sequence) {
  const auto found = held_.find(sequence);
  if (found == held_.end()) return {};
  found->second.retired = true;
  found->second.used = ++clock_;
  const std::span<const TokenId> ids = found->second.ids;
  std::vector<SequenceId> covered;
  for (const auto& [other, held] : held_) {
    if (other == sequence) continue;
    const auto common = static_cast<size_t>(CommonPrefix(ids, held.ids));
    if (common == ids.size()) {
      covered = {sequence};
      break;
    }
    if (held.retired && common == held.ids.size()) covered.push_back(other);
  }
  for (const SequenceId each : covered) held_.erase(each);
  return covered;
}

std::optional<SequenceId> PrefixStore::Oldest() const {
  std::optional<SequenceId> oldest;
  for (const auto& [sequence, held] : held_) {
    if (!held.retired) continue;
    if (!oldest || held.used < held_.at(*oldest).used) oldest = sequence;
  }
  return oldest;
}

size_t PrefixStore::retired() const {
  return static_cast<size_t>(std::ranges::count_if(
      held_, [](const auto& each) { return each.second.retired; }));
}

PrefixStore::Match PrefixStore::Find(std::span<const TokenId> ids) {
  Match best;
  for (const auto& [sequence, held] : held_) {
    const int32_t length = CommonPrefix(ids, held.ids);
    if (length > best.length) best = {sequence, length};
  }
  if (best.length > 0) held_.at(best.sequence).used = ++clock_;
  return best;
}

std::span<const TokenId> PrefixStore::Ids(SequenceId sequence) const {
  const auto found = held_.find(sequence);
  if (found == held_.end()) return {};
  return found->second.ids;
}

}  // namespace fullstop
