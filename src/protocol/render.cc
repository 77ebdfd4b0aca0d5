#include "protocol/render.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "protocol/context.h"
#include "protocol/kept.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

void AppendSpan(TextSpan span, std::vector<TextSpan>* spans) {
  if (span.begin == span.end) return;
  if (!spans->empty()) {
    TextSpan& last = spans->back();
    if (last.origin == span.origin && last.message == span.message &&
        last.field == span.field) {
      last.end = span.end;
      return;
    }
  }
  spans->push_back(std::move(span));
}

// The byte behind the last content: what follows is the generation prompt and
// the prefill.
size_t TailBegin(const RenderedPrompt& prompt) {
  size_t begin = 0;
  for (const TextSpan& span : prompt.spans) {
    if (span.origin != OriginKind::kTemplate &&
        span.origin != OriginKind::kPrefill) {
      begin = span.end;
    }
  }
  return begin;
}

bool EndsInThought(const ReasoningMarkers& markers,
                   const RenderedPrompt& prompt) {
  if (!markers.opening || !markers.closing) return false;
  const std::string_view tail =
      std::string_view(prompt.text).substr(TailBegin(prompt));
  const size_t opened = tail.rfind(markers.opening->text);
  if (opened == std::string_view::npos) return false;
  return tail.find(markers.closing->text,
                   opened + markers.opening->text.size()) ==
         std::string_view::npos;
}

// Lays kept ids over a prompt's own. What stands between two pieces keeps the
// ids of the whole text where those end at both borders; else it is encoded by
// itself. Before a piece it has the ids that a prompt has that ends there: they
// are what the reply was generated behind.
class Interleaver {
 public:
  Interleaver(const TurnProtocol& protocol, const RenderedPrompt& prompt)
      : protocol_(protocol), prompt_(prompt) {}

  std::vector<EncodedToken> Lay(const std::vector<KeptPiece>& pieces) {
    size_t begin = 0;
    for (const KeptPiece& piece : pieces) {
      if (begin < piece.begin) AppendBefore(begin, piece.begin);
      Append(piece.ids);
      begin = piece.end;
    }
    AppendGap(begin, prompt_.text.size());
    return std::move(ids_);
  }

 private:
  void Append(const std::vector<EncodedToken>& ids) {
    ids_.insert(ids_.end(), ids.begin(), ids.end());
  }

  // Control tokens part the text: what stands before the last of them does not
  // depend on where the prompt ends.
  void AppendBefore(size_t begin, size_t end) {
    const size_t parted = LastControl(end);
    if (parted > begin) AppendGap(begin, parted);
    std::vector<EncodedToken> ids =
        EncodeRange(protocol_, prompt_, parted, end);
    if (parted < begin) {
      std::erase_if(ids, [begin](const EncodedToken& token) {
        return token.source.begin < begin;
      });
      if (ids.empty() || ids.front().source.begin != begin) {
        ids = EncodeRange(protocol_, prompt_, begin, end);
      }
    }
    Append(ids);
  }

  // Where the last control token before END begins; 0 where there is none.
  size_t LastControl(size_t end) const {
    auto token = std::partition_point(
        prompt_.ids.begin(), prompt_.ids.end(),
        [end](const EncodedToken& t) { return t.source.end <= end; });
    while (token != prompt_.ids.begin()) {
      --token;
      if (protocol_.IsControl(token->id)) return token->source.begin;
    }
    return 0;
  }

  void AppendGap(size_t begin, size_t end) {
    if (begin == end) return;
    const std::vector<EncodedToken>& whole = prompt_.ids;
    while (next_ < whole.size() && whole[next_].source.end <= begin &&
           whole[next_].source.begin < begin) {
      ++next_;
    }
    std::vector<EncodedToken> gap;
    for (; next_ < whole.size() && whole[next_].source.begin < end; ++next_) {
      const ByteRange& source = whole[next_].source;
      if (source.begin < begin || source.end > end) {
        return Append(EncodeRange(protocol_, prompt_, begin, end));
      }
      gap.push_back(whole[next_]);
    }
    Append(gap);
  }

  const TurnProtocol& protocol_;
  const RenderedPrompt& prompt_;
  size_t next_ = 0;  // the first of the prompt's ids not yet passed
  std::vector<EncodedToken> ids_;
};

}  // namespace

std::vector<TokenId> RenderedPrompt::TokenIds() const {
  std::vector<TokenId> plain;
  plain.reserve(ids.size());
  for (const EncodedToken& token : ids) plain.push_back(token.id);
  return plain;
}

RenderedPrompt RenderText(const TurnProtocol& protocol,
                          const RenderRequest& request) {
  const jinja::Template& compiled =
      protocol.TemplateFor(!request.tools.is_null());
  OriginTable origins;
  jinja::Rendering rendering =
      compiled.Render(BuildContext(protocol, request, &origins),
                      {.limits = {}, .now = request.now});
  RenderedPrompt prompt;
  prompt.spans.reserve(rendering.origins.size() + 1);
  for (const jinja::OriginSpan& span : rendering.origins) {
    const OriginTable::Entry& entry = origins.Get(span.origin);
    AppendSpan({span.begin, span.end, entry.kind, entry.message, entry.field},
               &prompt.spans);
  }
  for (const jinja::GenerationSpan& span : rendering.generations) {
    prompt.generations.push_back({span.begin, span.end});
  }
  prompt.text = std::move(rendering.text);
  const size_t rendered = prompt.text.size();
  prompt.text += request.prefill;
  AppendSpan(
      {rendered, prompt.text.size(), OriginKind::kPrefill, std::nullopt, ""},
      &prompt.spans);
  prompt.thought_open = request.add_generation_prompt &&
                        EndsInThought(protocol.facts().reasoning, prompt);
  return prompt;
}

std::vector<EncodedToken> EncodeRange(const TurnProtocol& protocol,
                                      const RenderedPrompt& prompt,
                                      size_t begin, size_t end,
                                      PieceCache* cache) {
  std::vector<ByteRange> ranges;
  ranges.reserve(prompt.spans.size());
  for (const TextSpan& span : prompt.spans) {
    if (span.origin != OriginKind::kTemplate) continue;
    const size_t from = std::max(span.begin, begin);
    const size_t to = std::min(span.end, end);
    if (from < to) ranges.push_back({from - begin, to - begin});
  }
  std::vector<EncodedToken> ids = protocol.tokenizer()->EncodeWithSource(
      std::string_view(prompt.text).substr(begin, end - begin),
      {.control_ranges = ranges,
       .extra_control = protocol.extra_control(),
       .cache = cache});
  for (EncodedToken& token : ids) {
    token.source.begin += begin;
    token.source.end += begin;
  }
  return ids;
}

RenderedPrompt Render(const TurnProtocol& protocol,
                      const RenderRequest& request) {
  RenderedPrompt prompt = RenderText(protocol, request);
  if (protocol.tokenizer() == nullptr) return prompt;
  prompt.ids =
      EncodeRange(protocol, prompt, 0, prompt.text.size(), request.cache);
  if (request.kept.empty()) return prompt;
  KeptPlan plan = PlanKept(protocol, request, prompt);
  prompt.ids = Interleaver(protocol, prompt).Lay(plan.pieces);
  prompt.kept = std::move(plan.reports);
  return prompt;
}

std::string_view OriginKindName(OriginKind kind) {
  switch (kind) {
    case OriginKind::kTemplate:
      return "template";
    case OriginKind::kMessage:
      return "message";
    case OriginKind::kTools:
      return "tools";
    case OriginKind::kDocuments:
      return "documents";
    case OriginKind::kVariable:
      return "variable";
    case OriginKind::kPrefill:
      return "prefill";
  }
  return "template";
}

ordered_json ToJson(const RenderedPrompt& prompt) {
  ordered_json spans = ordered_json::array();
  for (const TextSpan& span : prompt.spans) {
    ordered_json json = {{"begin", span.begin},
                         {"end", span.end},
                         {"origin", OriginKindName(span.origin)}};
    json["message"] =
        span.message ? ordered_json(*span.message) : ordered_json();
    json["field"] = span.field.empty()
                        ? ordered_json()
                        : ordered_json(ReplaceInvalidUtf8(span.field));
    spans.push_back(std::move(json));
  }
  ordered_json result = ordered_json::object();
  result["text"] = ReplaceInvalidUtf8(prompt.text);
  result["ids"] = prompt.TokenIds();
  result["spans"] = std::move(spans);
  return result;
}

}  // namespace fullstop
