#include "data/labelled_row.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "protocol/normalize.h"
#include "protocol/token_scan.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

// Where the texts part, but not within a control token.
size_t PartingOf(const TokenScanner& scanner, std::string_view prompt,
                 std::string_view closed) {
  const auto parted = static_cast<size_t>(
      std::ranges::mismatch(prompt, closed).in1 - prompt.begin());
  std::vector<ScannedToken> tokens;
  scanner.Scan(closed, 0, closed.size(), &tokens);
  for (const ScannedToken& token : tokens) {
    if (token.begin < parted && parted < token.end) return token.begin;
  }
  return parted;
}

// The text that only a prompt for an answer has, at its end; empty where there
// is none. In its place there may be a control token: an end of the text.
std::string OpeningOf(const TurnProtocol& protocol) {
  RenderRequest request;
  request.messages =
      NormalizeMessages(
          ordered_json::array({{{"role", "user"}, {"content", "Hello"}}}),
          protocol.facts().form)
          .messages;
  try {
    const std::string prompt = RenderText(protocol, request).text;
    request.add_generation_prompt = false;
    const std::string closed = RenderText(protocol, request).text;
    const TokenScanner scanner(protocol.facts().specials);
    const size_t at = PartingOf(scanner, prompt, closed);
    std::vector<ScannedToken> rest;
    scanner.Scan(closed, at, closed.size(), &rest);
    const bool ends =
        rest.size() == 1 && rest.front().begin == at &&
        IsWhiteSpace(std::string_view(closed).substr(rest.front().end));
    if (at == closed.size() || ends) return prompt.substr(at);
  } catch (const Error&) {
    // A template that refuses this refuses every row too.
  }
  return {};
}

// The bytes that the words of one message fill, with what the template writes
// between them.
struct Words {
  size_t message = 0;
  size_t begin = 0;
  size_t end = 0;
  size_t before = 0;  // where what is not the template's ends before them
  size_t behind = 0;  // where it begins again
};

bool IsWords(const TextSpan& span) {
  return span.origin != OriginKind::kTemplate &&
         span.origin != OriginKind::kVariable;
}

bool IsAnswer(const ordered_json& messages, const TextSpan& span) {
  return span.origin == OriginKind::kMessage &&
         messages[*span.message]["role"].get_ref<const std::string&>() ==
             "assistant";
}

// Of each assistant's message the words that were written first: a template
// may repeat a call's name in the header of its result.
std::vector<Words> AnswersOf(const RenderedPrompt& prompt,
                             const ordered_json& messages) {
  std::vector<Words> answers;
  bool goes_on = false;
  size_t before = 0;
  for (const TextSpan& span : prompt.spans) {
    if (!IsWords(span)) continue;
    const bool answer = IsAnswer(messages, span);
    const bool same =
        answer && !answers.empty() && answers.back().message == *span.message;
    if (same && goes_on) {
      answers.back().end = span.end;
    } else {
      if (goes_on) answers.back().behind = span.begin;
      const bool seen =
          answer && std::ranges::any_of(answers, [&span](const Words& each) {
            return each.message >= *span.message;
          });
      goes_on = answer && !seen;
      if (goes_on) {
        answers.push_back(
            {*span.message, span.begin, span.end, before, prompt.text.size()});
      }
    }
    before = span.end;
  }
  return answers;
}

}  // namespace

bool EndsATurn(const Stop& stop) {
  return stop.role != StopRole::kTurnOpen && stop.role != StopRole::kSection;
}

std::vector<IdPart> LabelledRow::Parts() const {
  std::vector<IdPart> parts;
  parts.reserve(prompt.ids.size());
  auto span = prompt.spans.begin();
  for (const EncodedToken& token : prompt.ids) {
    while (span + 1 < prompt.spans.end() && span->end <= token.source.begin) {
      ++span;
    }
    const bool words = span != prompt.spans.end() && IsWords(*span);
    parts.push_back(words ? IdPart::kGiven : IdPart::kTemplate);
  }
  for (const WrittenTurn& turn : turns) {
    std::fill(parts.begin() + static_cast<long>(turn.begin),
              parts.begin() + static_cast<long>(turn.end), IdPart::kWritten);
    if (turn.stop) parts[*turn.stop] = IdPart::kEnd;
  }
  return parts;
}

RowLabeller::RowLabeller(const TurnProtocol& protocol)
    : protocol_(&protocol), opening_(OpeningOf(protocol)) {
  std::vector<ScannedToken> tokens;
  TokenScanner(protocol_->facts().specials)
      .Scan(opening_, 0, opening_.size(), &tokens);
  opening_head_ =
      tokens.empty() ? StripRight(opening_).size() : tokens.front().end;
}

size_t RowLabeller::BehindOpening(const RenderedPrompt& prompt, size_t begin,
                                  size_t end) const {
  const std::string_view gap =
      std::string_view(prompt.text).substr(begin, end - begin);
  const std::string_view opening = opening_;
  if (opening_head_ > 0) {
    const size_t at = gap.rfind(opening.substr(0, opening_head_));
    if (at != gap.npos) {
      // As much of it as is there: a prompt may open a thought that the row
      // does not have.
      const auto parted = std::ranges::mismatch(gap.substr(at), opening).in1;
      return begin + static_cast<size_t>(parted - gap.begin());
    }
  }
  // Behind the last control token that opens nothing of the answer's own.
  const ProtocolFacts& facts = protocol_->facts();
  const auto opens = [&prompt](const std::optional<Marker>& marker, size_t at) {
    return marker &&
           prompt.text.compare(at, marker->text.size(), marker->text) == 0;
  };
  size_t behind = end;
  for (const EncodedToken& token : prompt.ids) {
    if (token.source.begin < begin || token.source.end > end) continue;
    if (!protocol_->IsControl(token.id)) continue;
    if (opens(facts.reasoning.opening, token.source.begin) ||
        opens(facts.tool_calls.opening, token.source.begin)) {
      return token.source.begin;
    }
    behind = token.source.end;
  }
  return behind;
}

LabelledRow RowLabeller::Label(RowMessages messages, PieceCache* cache) const {
  RenderRequest request;
  request.cache = cache;
  request.messages =
      NormalizeMessages(std::move(messages.messages), protocol_->facts().form)
          .messages;
  request.tools = std::move(messages.tools);
  request.add_generation_prompt = false;
  LabelledRow row;
  row.prompt = Render(*protocol_, request);
  const std::vector<EncodedToken>& ids = row.prompt.ids;
  const auto first_behind = [&ids](size_t byte) {
    return static_cast<size_t>(
        std::ranges::partition_point(ids,
                                     [byte](const EncodedToken& token) {
                                       return token.source.end <= byte;
                                     }) -
        ids.begin());
  };
  for (const Words& words : AnswersOf(row.prompt, request.messages)) {
    WrittenTurn turn;
    turn.message = words.message;
    turn.begin =
        first_behind(BehindOpening(row.prompt, words.before, words.begin));
    turn.end = first_behind(words.end);
    if (turn.end > 0 && turn.end < ids.size() &&
        ids[turn.end].source.begin < words.end) {
      ++turn.end;
    }
    for (size_t i = turn.end;
         i < ids.size() && ids[i].source.begin < words.behind; ++i) {
      const Stop* stop = protocol_->stops().Find(ids[i].id);
      if (stop == nullptr || !EndsATurn(*stop)) continue;
      turn.stop = i;
      turn.end = i + 1;
      break;
    }
    row.turns.push_back(turn);
  }
  return row;
}

}  // namespace fullstop
