#include "tokenizer/prefix_trie.h"

#include <algorithm>
#include <utility>

namespace fullstop {

PrefixTrie::PrefixTrie(std::vector<Entry> entries) {
  std::fill(std::begin(first_), std::end(first_), kNone);
  std::erase_if(entries, [](const Entry& entry) { return entry.text.empty(); });
  std::stable_sort(
      entries.begin(), entries.end(),
      [](const Entry& a, const Entry& b) { return a.text < b.text; });
  // Level by level; each node is the entries that share a prefix.
  struct Range {
    size_t begin;
    size_t end;
    uint32_t node;
  };
  std::vector<Range> level = {{0, entries.size(), kNone}};
  for (size_t depth = 0; !level.empty(); ++depth) {
    std::vector<Range> next;
    for (const Range& range : level) {
      const auto children = static_cast<uint32_t>(nodes_.size());
      size_t begin = range.begin;
      while (begin < range.end) {
        if (entries[begin].text.size() == depth) {
          if (nodes_[range.node].value < 0) {
            nodes_[range.node].value = entries[begin].value;
          }
          ++begin;
          continue;
        }
        const char byte = entries[begin].text[depth];
        size_t end = begin;
        while (end < range.end && entries[end].text[depth] == byte) ++end;
        next.push_back({begin, end, static_cast<uint32_t>(nodes_.size())});
        nodes_.push_back({});
        labels_.push_back(static_cast<uint8_t>(byte));
        if (depth == 0) {
          first_[static_cast<uint8_t>(byte)] = next.back().node;
        }
        begin = end;
      }
      if (range.node == kNone) continue;
      nodes_[range.node].children = children;
      nodes_[range.node].count =
          static_cast<uint16_t>(nodes_.size() - children);
    }
    level = std::move(next);
  }
}

}  // namespace fullstop
