#include "data/rendered_text.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "protocol/normalize.h"
#include "protocol/render.h"
#include "protocol/token_scan.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

// The bytes of each message of ROLES in a rendering; empty where the template
// refuses them or leaves one out.
std::vector<ByteRange> Places(const TurnProtocol& protocol,
                              const std::vector<RawRole>& roles,
                              RenderedPrompt* prompt) {
  RenderRequest request;
  for (size_t i = 0; i < roles.size(); ++i) {
    request.messages.push_back(
        {{"role", RawRoleName(roles[i])},
         {"content", "content" + std::to_string(i) + "x"}});
  }
  request.messages =
      NormalizeMessages(std::move(request.messages), protocol.facts().form)
          .messages;
  request.add_generation_prompt = false;
  try {
    *prompt = RenderText(protocol, request);
  } catch (const Error&) {
    return {};
  }
  std::vector<std::optional<ByteRange>> places(roles.size());
  for (const TextSpan& span : prompt->spans) {
    if (span.origin != OriginKind::kMessage) continue;
    std::optional<ByteRange>& place = places[*span.message];
    if (!place) place = ByteRange{span.begin, span.end};
  }
  std::vector<ByteRange> found;
  size_t before = 0;
  for (const std::optional<ByteRange>& place : places) {
    if (!place || place->begin < before) return {};
    found.push_back(*place);
    before = place->end;
  }
  return found;
}

}  // namespace

RenderedTextReader::RenderedTextReader(const TurnProtocol& protocol) {
  if (!protocol.has_template()) return;
  using enum RawRole;
  Learn(protocol, {kUser, kAssistant, kUser, kAssistant});
  Learn(protocol, {kSystem, kUser, kAssistant});
  Learn(protocol, {kUser, kAssistant, kTool, kAssistant});
  if (tail_.empty()) return;
  // A row may begin with a header where a prompt has more before it.
  const std::vector<Gap> known = gaps_;
  for (const Gap& gap : known) {
    const size_t closed = gap.text.find(tail_);
    if (gap.from == kStart || closed == gap.text.npos) continue;
    const std::string_view header = gap.text;
    const size_t begin =
        header.find_first_not_of(" \t\r\n", closed + tail_.size());
    if (begin == header.npos) continue;
    Add(kStart, gap.to, gap.text.substr(begin));
  }
}

void RenderedTextReader::Learn(const TurnProtocol& protocol,
                               const std::vector<RawRole>& roles) {
  RenderedPrompt prompt;
  const std::vector<ByteRange> places = Places(protocol, roles, &prompt);
  int from = kStart;
  size_t before = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    Add(from, roles[i], prompt.text.substr(before, places[i].begin - before));
    from = static_cast<int>(roles[i]);
    before = places[i].end;
  }
  if (tail_.empty() && !places.empty()) {
    tail_ = Strip(std::string_view(prompt.text).substr(before));
  }
}

void RenderedTextReader::Add(int from, RawRole to, std::string text) {
  if (IsWhiteSpace(text)) return;
  for (const Gap& gap : gaps_) {
    if (gap.from == from && gap.to == to && gap.text == text) return;
  }
  gaps_.push_back({from, to, std::move(text)});
}

bool RenderedTextReader::BeginsGap(std::string_view text) const {
  return std::ranges::any_of(
      gaps_, [text](const Gap& gap) { return gap.text.starts_with(text); });
}

const RenderedTextReader::Gap* RenderedTextReader::Next(int from,
                                                        std::string_view text,
                                                        size_t* at) const {
  const Gap* best = nullptr;
  size_t first = text.npos;
  for (const Gap& gap : gaps_) {
    if (gap.from != from) continue;
    const size_t found = text.find(gap.text, *at);
    if (found == text.npos) continue;
    if (best == nullptr || found < first ||
        (found == first && gap.text.size() > best->text.size())) {
      best = &gap;
      first = found;
    }
  }
  *at = first;
  return best;
}

void RenderedTextReader::Read(RawRow* row) const {
  const std::string text = std::move(row->turns.front().text);
  const std::string_view whole = text;
  std::vector<RawTurn> turns;
  size_t at = whole.find_first_not_of(" \t\r\n");
  const Gap* gap = at == whole.npos ? nullptr : Next(kStart, whole, &at);
  if (gap == nullptr || !IsWhiteSpace(whole.substr(0, at))) {
    row->turns.front().text = text;
    row->faults.emplace_back(
        "this model's template does not write such a text");
    return;
  }
  while (gap != nullptr) {
    const size_t begin = at + gap->text.size();
    RawTurn turn;
    turn.role = gap->to;
    at = begin;
    gap = Next(static_cast<int>(turn.role), whole, &at);
    turn.text = whole.substr(begin, gap == nullptr ? whole.npos : at - begin);
    turns.push_back(std::move(turn));
  }
  std::string& last = turns.back().text;
  const std::string_view stripped = StripRight(last);
  if (!tail_.empty() && stripped.ends_with(tail_)) {
    last.resize(stripped.size() - tail_.size());
  } else if (!tail_.empty() && turns.back().role == RawRole::kAssistant) {
    row->faults.emplace_back("the text lacks the end of its last turn");
  }
  row->turns = std::move(turns);
}

}  // namespace fullstop
