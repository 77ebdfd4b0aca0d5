#include "tokenizer/prefix_trie.h"

#include <algorithm>
#include <utility>

namespace fullstop {

PrefixTrie::PrefixTrie(std::vector<Entry> entries) {
  std::fill(std::begin(first_), std::end(first_), kNone);
  std::erase_if(entries, [](const Entry& entry) { return entry.text.empty(); });
  std::vector<std::pair<std::string_view, size_t>> order;
  for (size_t i = 0; i < entries.size(); ++i) {
    order.emplace_back(entries[i].text, i);
  }
  std::sort(order.begin(), order.end());
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
        if (order[begin].first.size() == depth) {
          if (nodes_[range.node].value < 0) {
            nodes_[range.node].value = entries[order[begin].second].value;
          }
          ++begin;
          continue;
        }
        const char byte = order[begin].first[depth];
        size_t end = begin;
        while (end < range.end && order[end].first[depth] == byte) ++end;
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
