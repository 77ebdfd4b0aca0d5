// A trie of texts, flat and built once: which of them does a text begin with?
#ifndef FULLSTOP_TOKENIZER_PREFIX_TRIE_H_
#define FULLSTOP_TOKENIZER_PREFIX_TRIE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace fullstop {

// Owns its bytes. About ten bytes for each node; any number of threads may
// read.
class PrefixTrie {
 public:
  struct Entry {
    std::string_view text;  // an empty one is ignored
    int32_t value;          // from 0 on
  };
  // Of equal texts the first entry counts.
  explicit PrefixTrie(std::vector<Entry> entries);

  // Calls VISIT(length, value) for each text that TEXT begins with, shorter
  // ones first.
  template <typename VisitEntry>
  void Visit(std::string_view text, VisitEntry visit) const {
    if (text.empty()) return;
    uint32_t node = first_[static_cast<uint8_t>(text[0])];
    for (size_t at = 1; node != kNone; ++at) {
      if (nodes_[node].value >= 0) visit(at, nodes_[node].value);
      if (at == text.size()) return;
      node = Child(nodes_[node], static_cast<uint8_t>(text[at]));
    }
  }
  bool MayBeginWith(char byte) const {
    return first_[static_cast<uint8_t>(byte)] != kNone;
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  // Children stand together, in the order of their bytes.
  struct Node {
    uint32_t children = 0;
    uint16_t count = 0;
    int32_t value = -1;
  };
  uint32_t Child(const Node& node, uint8_t byte) const {
    if (node.count == 0) return kNone;
    const uint8_t* labels = labels_.data() + node.children;
    const void* found = std::memchr(labels, byte, node.count);
    if (found == nullptr) return kNone;
    return node.children +
           static_cast<uint32_t>(static_cast<const uint8_t*>(found) - labels);
  }

  std::vector<Node> nodes_;
  std::vector<uint8_t> labels_;  // of each node, the byte that leads to it
  uint32_t first_[256];
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_PREFIX_TRIE_H_
