#include "data/rendering_check.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/row_messages.h"
#include "protocol/normalize.h"
#include "protocol/render.h"

namespace fullstop {
namespace {

// At the end of a row that was cut the last pieces are others than in the whole
// text.
constexpr size_t kCutPieces = 4;

}  // namespace

RenderingCheck::RenderingCheck(const TurnProtocol& protocol)
    : protocol_(&protocol), reader_(protocol) {}

std::optional<size_t> RenderingCheck::FirstOther(
    std::span<const TokenId> ids) const {
  RawRow row;
  row.layout = RawLayout::kText;
  RawTurn whole;
  whole.role = RawRole::kAssistant;
  whole.text = protocol_->tokenizer()->Decode(ids);
  row.turns.push_back(std::move(whole));
  reader_.Read(&row);
  if (row.turns.size() < 2) return std::nullopt;
  RenderRequest request;
  request.messages =
      NormalizeMessages(MessagesOf(row).messages, protocol_->facts().form)
          .messages;
  request.add_generation_prompt = false;
  std::vector<TokenId> chat;
  try {
    chat = Render(*protocol_, request).TokenIds();
  } catch (const Error&) {
    return std::nullopt;
  }
  const auto parted = std::ranges::mismatch(ids, chat);
  const auto at = static_cast<size_t>(parted.in1 - ids.begin());
  // White space behind the last end is nobody's, and a cut row ends early.
  if (at + kCutPieces >= ids.size()) return std::nullopt;
  const std::string rest = protocol_->tokenizer()->Decode(ids.subspan(at));
  if (reader_.BeginsGap(rest)) return std::nullopt;
  return at;
}

}  // namespace fullstop
