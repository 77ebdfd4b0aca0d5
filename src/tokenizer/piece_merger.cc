#include "tokenizer/piece_merger.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/utf8.h"

namespace fullstop {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

std::vector<uint32_t> CharacterEnds(std::string_view text) {
  std::vector<uint32_t> ends;
  ends.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    at += DecodeCodePoint(text.substr(at)).length;
    ends.push_back(static_cast<uint32_t>(at));
  }
  return ends;
}

struct Candidate {
  float score;
  uint32_t left;
  uint32_t right;
  uint32_t length;
};

// For std::push_heap, whose top is the greatest.
bool MergesLater(const Candidate& a, const Candidate& b) {
  return a.score != b.score ? a.score < b.score : a.left > b.left;
}

class HeapMerger {
 public:
  HeapMerger(const PieceTable& table, std::string_view text)
      : table_(table), text_(text) {
    const std::vector<uint32_t> ends = CharacterEnds(text);
    const auto size = static_cast<uint32_t>(ends.size());
    nodes_.reserve(size);
    for (uint32_t i = 0; i < size; ++i) {
      const uint32_t begin = i == 0 ? 0 : ends[i - 1];
      nodes_.push_back({begin, ends[i] - begin, i == 0 ? kNone : i - 1,
                        i + 1 == size ? kNone : i + 1});
    }
    for (uint32_t i = 0; i + 1 < size; ++i) AddCandidate(i, i + 1);
  }

  std::vector<uint32_t> Run() {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), MergesLater);
      const Candidate best = heap_.back();
      heap_.pop_back();
      Node& left = nodes_[best.left];
      Node& right = nodes_[best.right];
      const bool is_current = left.length > 0 && right.length > 0 &&
                              left.length + right.length == best.length;
      if (!is_current) continue;
      left.length = best.length;
      right.length = 0;
      left.next = right.next;
      if (right.next != kNone) nodes_[right.next].previous = best.left;
      if (left.previous != kNone) AddCandidate(left.previous, best.left);
      if (left.next != kNone) AddCandidate(best.left, left.next);
    }
    std::vector<uint32_t> ends;
    for (uint32_t i = 0; i != kNone && i < nodes_.size(); i = nodes_[i].next) {
      ends.push_back(nodes_[i].begin + nodes_[i].length);
    }
    return ends;
  }

 private:
  struct Node {
    uint32_t begin;
    uint32_t length;  // 0 once it has gone into its left neighbour
    uint32_t previous;
    uint32_t next;
  };

  void AddCandidate(uint32_t left, uint32_t right) {
    const uint32_t length = nodes_[left].length + nodes_[right].length;
    const std::optional<TokenId> id =
        table_.Find(text_.substr(nodes_[left].begin, length));
    if (!id) return;
    heap_.push_back({table_.ScoreOf(*id), left, right, length});
    std::push_heap(heap_.begin(), heap_.end(), MergesLater);
  }

  const PieceTable& table_;
  std::string_view text_;
  std::vector<Node> nodes_;
  std::vector<Candidate> heap_;
};

}  // namespace

void PieceTable::Add(std::string_view text, TokenId id, float score) {
  if (!index_.Add(text, id)) return;
  scores_.resize(static_cast<size_t>(id) + 1);
  scores_.back() = score;
}

std::vector<uint32_t> MergePiecesPlainly(const PieceTable& table,
                                         std::string_view text) {
  std::vector<uint32_t> ends = CharacterEnds(text);
  while (true) {
    size_t best = ends.size();
    float best_score = 0;
    for (size_t i = 0; i + 1 < ends.size(); ++i) {
      const uint32_t begin = i == 0 ? 0 : ends[i - 1];
      const auto id = table.Find(text.substr(begin, ends[i + 1] - begin));
      if (!id) continue;
      if (best == ends.size() || table.ScoreOf(*id) > best_score) {
        best = i;
        best_score = table.ScoreOf(*id);
      }
    }
    if (best == ends.size()) return ends;
    ends.erase(ends.begin() + static_cast<ptrdiff_t>(best));
  }
}

std::vector<uint32_t> MergePiecesByHeap(const PieceTable& table,
                                        std::string_view text) {
  return HeapMerger(table, text).Run();
}

}  // namespace fullstop
