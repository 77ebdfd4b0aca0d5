#include "protocol/reply.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/token_scan.h"

namespace fullstop {
namespace {

class Splitter {
 public:
  Splitter(const TurnProtocol& protocol, std::span<const TokenId> ids)
      : protocol_(protocol), ids_(ids) {
    for (const TokenId id : ids) {
      offsets_.push_back(text_.size());
      text_ += protocol.tokenizer()->TokenBytes(id);
    }
    offsets_.push_back(text_.size());
    end_ = ids.size();
    if (!ids.empty() && protocol.stops().Find(ids.back()) != nullptr) --end_;
  }

  SplitReply Split(bool thought_open) {
    const ReasoningMarkers& markers = protocol_.facts().reasoning;
    const size_t end = offsets_[end_];
    size_t begin = 0;
    if (!thought_open && markers.opening) {
      const std::optional<ByteRange> opening = Find(*markers.opening, 0);
      if (opening &&
          IsWhiteSpace(std::string_view(text_).substr(0, opening->begin))) {
        thought_open = true;
        begin = opening->end;
      }
    }
    SplitReply split;
    size_t answer = begin;
    if (thought_open) {
      std::optional<ByteRange> closing;
      if (markers.closing) closing = Find(*markers.closing, begin);
      split.thought_unclosed = !closing;
      const size_t thought_end = closing ? closing->begin : end;
      split.thought = Tokens(begin, thought_end);
      split.thought_text = Visible(begin, thought_end);
      answer = closing ? closing->end : end;
    }
    if (markers.answer) {
      const std::optional<ByteRange> opening = Find(*markers.answer, answer);
      if (opening) answer = opening->end;
    }
    split.answer = Tokens(answer, end);
    split.answer_text = Visible(answer, end);
    return split;
  }

 private:
  // The first place of MARKER at or behind byte FROM: by id where it is one.
  std::optional<ByteRange> Find(const Marker& marker, size_t from) const {
    if (marker.ids.size() == 1) {
      for (size_t k = 0; k < end_; ++k) {
        if (offsets_[k] >= from && ids_[k] == marker.ids[0]) {
          return ByteRange{offsets_[k], offsets_[k + 1]};
        }
      }
      return std::nullopt;
    }
    const size_t at = text_.find(marker.text, from);
    if (at == std::string::npos || at + marker.text.size() > offsets_[end_]) {
      return std::nullopt;
    }
    return ByteRange{at, at + marker.text.size()};
  }

  // The whole tokens that overlap bytes [BEGIN, END).
  TokenRange Tokens(size_t begin, size_t end) const {
    const auto first =
        std::upper_bound(offsets_.begin(), offsets_.end(), begin) - 1;
    const auto last = std::lower_bound(first, offsets_.end(), end);
    return {static_cast<size_t>(first - offsets_.begin()),
            static_cast<size_t>(last - offsets_.begin())};
  }

  // Bytes [BEGIN, END) without control tokens.
  std::string Visible(size_t begin, size_t end) const {
    std::string visible;
    for (size_t k = 0; k < end_; ++k) {
      const size_t from = std::max(begin, offsets_[k]);
      const size_t to = std::min(end, offsets_[k + 1]);
      const bool hidden =
          protocol_.tokenizer()->info(ids_[k]).kind == TokenKind::kControl;
      if (from < to && !hidden) visible += text_.substr(from, to - from);
    }
    return visible;
  }

  const TurnProtocol& protocol_;
  std::span<const TokenId> ids_;
  size_t end_ = 0;  // without the stop token
  std::string text_;
  std::vector<size_t> offsets_;
};

}  // namespace

SplitReply SplitThought(const TurnProtocol& protocol,
                        std::span<const TokenId> ids, bool thought_open) {
  return Splitter(protocol, ids).Split(thought_open);
}

}  // namespace fullstop
