#include "tokenizer/piece_merger.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/utf8.h"

namespace fullstop {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// A stretch of text that merges by itself: its symbols as a linked list, the
// pairs that make a piece as a heap. Used for one stretch after another.
class HeapMerger {
 public:
  HeapMerger(const PieceTable& table, std::string_view text)
      : table_(table), text_(text) {}

  void AddCharacter(uint32_t begin, uint32_t length) {
    nodes_.push_back({begin, length, -1, kNone, kNone});
  }

  // Merges the characters added, appends what they become to *PARTS and
  // forgets them.
  void Finish(std::vector<PiecePart>* parts) {
    const auto size = static_cast<uint32_t>(nodes_.size());
    for (uint32_t i = 0; i + 1 < size; ++i) {
      nodes_[i].next = i + 1;
      nodes_[i + 1].previous = i;
      if (const auto candidate = CandidateAt(i)) heap_.push_back(*candidate);
    }
    std::make_heap(heap_.begin(), heap_.end(), MergesLater);
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), MergesLater);
      const Candidate best = heap_.back();
      heap_.pop_back();
      if (IsCurrent(best)) Apply(best);
    }
    for (uint32_t i = 0; i < size; i = nodes_[i].next) {
      const Node& node = nodes_[i];
      TokenId id = node.id;
      if (id < 0) {
        id = table_.Find(text_.substr(node.begin, node.length)).value_or(-1);
      }
      parts->push_back({node.begin + node.length, id});
    }
    nodes_.clear();
  }

 private:
  struct Node {
    uint32_t begin;
    uint32_t length;  // 0 once it has gone into its left neighbour
    TokenId id;       // -1 before the first merge
    uint32_t previous;
    uint32_t next;
  };
  struct Candidate {
    float score;
    uint32_t left;
    uint32_t length;
    TokenId id;
  };

  // For std::push_heap, whose top is the greatest.
  static bool MergesLater(const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score < b.score : a.left > b.left;
  }

  // The piece of LEFT and its right neighbour, which it must have.
  std::optional<Candidate> CandidateAt(uint32_t left) const {
    const Node& node = nodes_[left];
    const uint32_t length = node.length + nodes_[node.next].length;
    const std::optional<TokenId> id =
        table_.Find(text_.substr(node.begin, length));
    if (!id) return std::nullopt;
    return Candidate{table_.ScoreOf(*id), left, length, *id};
  }

  void Push(uint32_t left) {
    const std::optional<Candidate> candidate = CandidateAt(left);
    if (!candidate) return;
    heap_.push_back(*candidate);
    std::push_heap(heap_.begin(), heap_.end(), MergesLater);
  }

  bool IsCurrent(const Candidate& candidate) const {
    const Node& left = nodes_[candidate.left];
    return left.length > 0 && left.next != kNone &&
           left.length + nodes_[left.next].length == candidate.length;
  }

  void Apply(const Candidate& candidate) {
    Node& left = nodes_[candidate.left];
    Node& right = nodes_[left.next];
    left.length = candidate.length;
    left.id = candidate.id;
    left.next = right.next;
    right.length = 0;
    if (left.previous != kNone) Push(left.previous);
    if (left.next == kNone) return;
    nodes_[left.next].previous = candidate.left;
    Push(candidate.left);
  }

  const PieceTable& table_;
  std::string_view text_;
  std::vector<Node> nodes_;
  std::vector<Candidate> heap_;
};

}  // namespace

PieceTable::PieceTable(size_t capacity) : index_(capacity), joins_(capacity) {}

void PieceTable::Add(std::string_view text, TokenId id, float score) {
  if (!index_.Add(text, id)) return;
  scores_.resize(static_cast<size_t>(id) + 1);
  scores_.back() = score;
  joins_.Add(text);
}

std::vector<PiecePart> MergePiecesPlainly(const PieceTable& table,
                                          std::string_view text) {
  std::vector<PiecePart> parts;
  const auto find = [&](size_t i, uint32_t end) {
    const uint32_t begin = i == 0 ? 0 : parts[i - 1].end;
    return table.Find(text.substr(begin, end - begin));
  };
  for (uint32_t at = 0; at < text.size();) {
    at += DecodeCodePoint(text.substr(at)).length;
    parts.push_back({at, find(parts.size(), at).value_or(-1)});
  }
  while (true) {
    size_t best = parts.size();
    PiecePart merged{};
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto id = find(i, parts[i + 1].end);
      if (!id) continue;
      if (best == parts.size() ||
          table.ScoreOf(*id) > table.ScoreOf(merged.id)) {
        best = i;
        merged = {parts[i + 1].end, *id};
      }
    }
    if (best == parts.size()) return parts;
    parts[best] = merged;
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

std::vector<PiecePart> MergePieces(const PieceTable& table,
                                   std::string_view text) {
  std::vector<PiecePart> parts;
  parts.reserve(text.size() / 4 + 1);
  HeapMerger merger(table, text);
  char32_t previous = 0;
  for (uint32_t at = 0; at < text.size();) {
    const CodePoint point = DecodeCodePoint(text.substr(at));
    if (at > 0 && !table.MayJoin(previous, point.value)) merger.Finish(&parts);
    merger.AddCharacter(at, point.length);
    previous = point.value;
    at += point.length;
  }
  merger.Finish(&parts);
  return parts;
}

}  // namespace fullstop
