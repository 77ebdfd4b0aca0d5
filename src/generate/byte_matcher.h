// Many byte patterns looked for at once in a text that arrives byte by byte
// (Aho and Corasick 1975).
#ifndef FULLSTOP_GENERATE_BYTE_MATCHER_H_
#define FULLSTOP_GENERATE_BYTE_MATCHER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fullstop {

// Immutable; any number of threads may walk it, each with a node of its own.
// Memory is some 20 bytes for each byte of the patterns. A text of n bytes
// costs O(n log 256), whatever the patterns.
class ByteMatcher {
 public:
  // What of the text read so far could still matter: the longest suffix that
  // some pattern begins with.
  using Node = uint32_t;
  static constexpr Node kStart = 0;

  // PATTERNS are distinct and not empty; all bytes are allowed. Throws Error
  // (kLimit) past 2^30 bytes in all.
  explicit ByteMatcher(std::span<const std::string> patterns);

  Node Next(Node node, unsigned char byte) const;

  // How many bytes at the end of the text are the beginning of a pattern that
  // further bytes could complete: what must not be shown yet.
  size_t HeldLength(Node node) const { return nodes_[node].held; }

  // The patterns that end at the last byte read, longest first:
  //   for (Node m = Longest(node); m != kStart; m = Shorter(m)) pattern(m);
  Node Longest(Node node) const {
    return nodes_[node].pattern != kNone ? node : nodes_[node].shorter;
  }
  Node Shorter(Node match) const { return nodes_[match].shorter; }
  // The index in PATTERNS of a node that Longest or Shorter returned.
  size_t pattern(Node match) const { return nodes_[match].pattern; }

 private:
  static constexpr uint32_t kNone = ~0u;

  struct NodeData {
    uint32_t first_edge = 0;
    uint32_t end_edge = 0;
    Node suffix = kStart;   // the longest shorter suffix that is a node
    Node shorter = kStart;  // the longest shorter suffix that is a pattern
    uint32_t held = 0;
    uint32_t pattern = kNone;
  };
  struct Edge {
    unsigned char byte;
    Node target;
  };

  // kStart where there is no edge: no edge leads back to the start.
  Node Child(Node node, unsigned char byte) const;
  void BuildTrie(std::span<const std::string> patterns);
  void LinkSuffixes();

  std::vector<NodeData> nodes_;  // parents before children, by depth
  std::vector<Edge> edges_;      // each node's together, ascending by byte
  std::array<Node, 256> from_start_ = {};
};

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_BYTE_MATCHER_H_
