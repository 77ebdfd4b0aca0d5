#include "tokenizer/added_tokens.h"

#include <algorithm>

namespace fullstop {
namespace {

// The end of the control range that AT lies in, or 0.
size_t ControlRangeEnd(const EncodeOptions& options, size_t at) {
  const auto after = std::upper_bound(
      options.control_ranges.begin(), options.control_ranges.end(), at,
      [](size_t place, const ByteRange& range) { return place < range.begin; });
  if (after == options.control_ranges.begin()) return 0;
  const ByteRange& range = *std::prev(after);
  return at < range.end ? range.end : 0;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<Entry> entries) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.text != b.text ? a.text < b.text : a.id < b.id;
  });
  nodes_.emplace_back();
  for (const Entry& entry : entries) {
    if (entry.text.empty()) continue;
    uint32_t at = 0;
    for (const char c : entry.text) {
      const auto byte = static_cast<uint8_t>(c);
      // In ascending order a node's newest child is the only one to go on in.
      if (nodes_[at].children.empty() ||
          nodes_[at].children.back().first != byte) {
        const auto child = static_cast<uint32_t>(nodes_.size());
        nodes_[at].children.emplace_back(byte, child);
        nodes_.emplace_back();
      }
      at = nodes_[at].children.back().second;
    }
    begins_[static_cast<uint8_t>(entry.text[0])] = true;
    if (nodes_[at].id < 0) {
      nodes_[at].id = entry.id;
      nodes_[at].is_control = entry.is_control;
    }
  }
}

const AddedTokens::Node* AddedTokens::Child(const Node& node, char byte) const {
  const auto wanted = static_cast<uint8_t>(byte);
  const auto found = std::lower_bound(
      node.children.begin(), node.children.end(), wanted,
      [](const auto& child, uint8_t value) { return child.first < value; });
  if (found == node.children.end() || found->first != wanted) return nullptr;
  return &nodes_[found->second];
}

std::optional<AddedTokens::Match> AddedTokens::Find(
    std::string_view text, size_t from, const EncodeOptions& options) const {
  for (size_t begin = from; begin < text.size(); ++begin) {
    if (!begins_[static_cast<uint8_t>(text[begin])]) continue;
    std::optional<Match> longest;
    const size_t control_end = ControlRangeEnd(options, begin);
    const Node* node = &nodes_[0];
    for (size_t end = begin; end < text.size();) {
      node = Child(*node, text[end]);
      if (node == nullptr) break;
      ++end;
      if (node->id < 0) continue;
      const bool is_control =
          node->is_control ||
          std::binary_search(options.extra_control.begin(),
                             options.extra_control.end(), node->id);
      if (!is_control || end <= control_end) {
        longest = Match{begin, end, node->id};
      }
    }
    if (longest) return longest;
  }
  return std::nullopt;
}

}  // namespace fullstop
