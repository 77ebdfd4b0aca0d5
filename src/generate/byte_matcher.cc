#include "generate/byte_matcher.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace fullstop {
namespace {

constexpr size_t kMaxPatternBytes = size_t{1} << 30;

}  // namespace

ByteMatcher::ByteMatcher(std::span<const std::string> patterns) {
  size_t total = 0;
  for (const std::string& pattern : patterns) {
    if (pattern.size() > kMaxPatternBytes - total) {
      throw Error::Limit("the stop strings have more than " +
                         std::to_string(kMaxPatternBytes) + " bytes in all");
    }
    total += pattern.size();
  }
  BuildTrie(patterns);
  LinkSuffixes();
}

// A node is a range of the sorted patterns that share their first DEPTH bytes;
// its children are the groups by the byte that follows.
void ByteMatcher::BuildTrie(std::span<const std::string> patterns) {
  std::vector<uint32_t> sorted(patterns.size());
  std::iota(sorted.begin(), sorted.end(), 0u);
  std::sort(sorted.begin(), sorted.end(),
            [&](uint32_t a, uint32_t b) { return patterns[a] < patterns[b]; });
  struct Range {
    uint32_t begin, end, depth;
  };
  std::vector<Range> ranges = {{0, static_cast<uint32_t>(sorted.size()), 0}};
  nodes_.emplace_back();
  for (Node node = 0; node < ranges.size(); ++node) {
    auto [begin, end, depth] = ranges[node];
    if (begin < end && patterns[sorted[begin]].size() == depth) {
      nodes_[node].pattern = sorted[begin++];
    }
    nodes_[node].held = depth;
    nodes_[node].first_edge = static_cast<uint32_t>(edges_.size());
    while (begin < end) {
      const char byte = patterns[sorted[begin]][depth];
      uint32_t group = begin;
      while (group < end && patterns[sorted[group]][depth] == byte) ++group;
      edges_.push_back(
          {static_cast<unsigned char>(byte), static_cast<Node>(ranges.size())});
      ranges.push_back({begin, group, depth + 1});
      nodes_.emplace_back();
      begin = group;
    }
    nodes_[node].end_edge = static_cast<uint32_t>(edges_.size());
  }
  for (uint32_t i = 0; i < nodes_[kStart].end_edge; ++i) {
    from_start_[edges_[i].byte] = edges_[i].target;
  }
}

void ByteMatcher::LinkSuffixes() {
  for (Node node = 0; node < nodes_.size(); ++node) {
    const NodeData& data = nodes_[node];
    for (uint32_t i = data.first_edge; i < data.end_edge; ++i) {
      NodeData& child = nodes_[edges_[i].target];
      if (node != kStart) child.suffix = Next(data.suffix, edges_[i].byte);
      child.shorter = Longest(child.suffix);
      if (child.first_edge == child.end_edge) {
        child.held = nodes_[child.suffix].held;
      }
    }
  }
}

ByteMatcher::Node ByteMatcher::Child(Node node, unsigned char byte) const {
  const auto begin = edges_.begin() + nodes_[node].first_edge;
  const auto end = edges_.begin() + nodes_[node].end_edge;
  const auto found = std::lower_bound(
      begin, end, byte, [](const Edge& edge, unsigned char wanted) {
        return edge.byte < wanted;
      });
  return found != end && found->byte == byte ? found->target : kStart;
}

ByteMatcher::Node ByteMatcher::Next(Node node, unsigned char byte) const {
  while (node != kStart) {
    if (const Node child = Child(node, byte); child != kStart) return child;
    node = nodes_[node].suffix;
  }
  return from_start_[byte];
}

}  // namespace fullstop
