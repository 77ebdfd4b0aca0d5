#include "tokenizer/merge_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <span>

namespace fullstop {
namespace {

constexpr uint32_t kNoRank = std::numeric_limits<uint32_t>::max();
constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

uint64_t PairOf(TokenId left, TokenId right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 |
         static_cast<uint32_t>(right);
}

struct Candidate {
  uint32_t rank;
  uint32_t left;  // index of the left node
  TokenId left_id;
  TokenId right_id;
  TokenId merged;
};

// For std::push_heap, whose top is the greatest.
bool MergesLater(const Candidate& a, const Candidate& b) {
  return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
}

// The symbols of a word as a linked list, and its candidates as a heap.
class HeapMerger {
 public:
  HeapMerger(const MergeTable& table, const std::vector<MergeSymbol>& word)
      : table_(table) {
    const auto size = static_cast<uint32_t>(word.size());
    nodes_.reserve(size);
    for (uint32_t i = 0; i < size; ++i) {
      nodes_.push_back({word[i], i == 0 ? kNone : i - 1,
                        i + 1 == size ? kNone : i + 1, true});
    }
    heap_.reserve(size);
    for (uint32_t i = 0; i < size; ++i) AddCandidate(i);
  }

  std::vector<MergeSymbol> Run() {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), MergesLater);
      const Candidate candidate = heap_.back();
      heap_.pop_back();
      if (IsCurrent(candidate)) Apply(candidate);
    }
    std::vector<MergeSymbol> word;
    for (uint32_t i = 0; i != kNone && i < nodes_.size(); i = nodes_[i].next) {
      word.push_back(nodes_[i].symbol);
    }
    return word;
  }

 private:
  struct Node {
    MergeSymbol symbol;
    uint32_t previous;
    uint32_t next;
    bool alive;
  };

  void AddCandidate(uint32_t left) {
    const uint32_t right = nodes_[left].next;
    if (right == kNone) return;
    const TokenId left_id = nodes_[left].symbol.id;
    const TokenId right_id = nodes_[right].symbol.id;
    const MergeTable::Merge* merge = table_.Find(left_id, right_id);
    if (merge == nullptr) return;
    heap_.push_back({merge->rank, left, left_id, right_id, merge->merged});
    std::push_heap(heap_.begin(), heap_.end(), MergesLater);
  }

  bool IsCurrent(const Candidate& candidate) const {
    const Node& left = nodes_[candidate.left];
    return left.alive && left.symbol.id == candidate.left_id &&
           left.next != kNone &&
           nodes_[left.next].symbol.id == candidate.right_id;
  }

  void Apply(const Candidate& candidate) {
    Node& left = nodes_[candidate.left];
    Node& right = nodes_[left.next];
    left.symbol = {candidate.merged, right.symbol.end};
    left.next = right.next;
    right.alive = false;
    if (right.next != kNone) nodes_[right.next].previous = candidate.left;
    if (left.previous != kNone) AddCandidate(left.previous);
    AddCandidate(candidate.left);
  }

  const MergeTable& table_;
  std::vector<Node> nodes_;
  std::vector<Candidate> heap_;
};

}  // namespace

MergeTable::MergeTable(size_t capacity)
    : slots_(std::bit_ceil(2 * capacity + 2)), mask_(slots_.size() - 1) {}

size_t MergeTable::SlotOf(uint64_t pair) const {
  size_t slot = (pair * 0x9E3779B97F4A7C15u >> 32) & mask_;
  while (slots_[slot].pair != kEmpty && slots_[slot].pair != pair) {
    slot = (slot + 1) & mask_;
  }
  return slot;
}

void MergeTable::Add(TokenId left, TokenId right, Merge merge) {
  const uint64_t pair = PairOf(left, right);
  slots_[SlotOf(pair)] = {pair, merge};
}

const MergeTable::Merge* MergeTable::Find(TokenId left, TokenId right) const {
  const Slot& slot = slots_[SlotOf(PairOf(left, right))];
  return slot.pair == kEmpty ? nullptr : &slot.merge;
}

void MergePlainly(const MergeTable& table, std::vector<MergeSymbol>* word) {
  // ranks[i] is that of the pair i, i + 1. Most words are short.
  std::array<uint32_t, 64> few;
  std::vector<uint32_t> many;
  if (word->size() > few.size()) many.resize(word->size());
  const std::span<uint32_t> ranks =
      std::span(many.empty() ? few.data() : many.data(), word->size());
  size_t count = ranks.size();
  const auto rank_at = [&](size_t i) {
    if (i + 1 >= word->size()) return kNoRank;
    const MergeTable::Merge* merge =
        table.Find((*word)[i].id, (*word)[i + 1].id);
    return merge == nullptr ? kNoRank : merge->rank;
  };
  for (size_t i = 0; i < ranks.size(); ++i) ranks[i] = rank_at(i);
  while (count > 0) {
    const auto end = ranks.begin() + static_cast<ptrdiff_t>(count);
    const auto lowest = std::min_element(ranks.begin(), end);
    if (*lowest == kNoRank) return;
    const auto i = static_cast<size_t>(lowest - ranks.begin());
    const TokenId merged = table.Find((*word)[i].id, (*word)[i + 1].id)->merged;
    (*word)[i] = {merged, (*word)[i + 1].end};
    word->erase(word->begin() + static_cast<ptrdiff_t>(i) + 1);
    std::move(lowest + 2, end, lowest + 1);
    --count;
    ranks[i] = rank_at(i);
    if (i > 0) ranks[i - 1] = rank_at(i - 1);
  }
}

void MergeByHeap(const MergeTable& table, std::vector<MergeSymbol>* word) {
  *word = HeapMerger(table, *word).Run();
}

}  // namespace fullstop
