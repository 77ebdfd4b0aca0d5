#include "measure/forced_reply.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "generate/logit_stats.h"
#include "measure/statistics.h"
#include "protocol/normalize.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {
namespace {

// Rows whose logits are held at once, in bytes.
constexpr size_t kLogitBytes = 64 << 20;
// How templates write an empty thought: lines of its own.
constexpr const char* kBlankLine = "\n\n";

void Append(std::span<const TokenId> from, std::vector<TokenId>* to) {
  to->insert(to->end(), from.begin(), from.end());
}

// What stands between PROMPT and the words of an answer where a model thinks
// or opens its answers; empty where it does neither.
std::vector<TokenId> BeforeAnswer(const TurnProtocol& protocol,
                                  const RenderedPrompt& prompt) {
  const ReasoningMarkers& markers = protocol.facts().reasoning;
  const std::vector<TokenId> blank = protocol.tokenizer()->Encode(kBlankLine);
  std::vector<TokenId> ids;
  const bool switched = !markers.switch_name.empty();
  if (markers.opening && markers.closing && !markers.answer &&
      (prompt.thought_open || !switched)) {
    if (!prompt.thought_open) Append(markers.opening->ids, &ids);
    Append(blank, &ids);
    Append(markers.closing->ids, &ids);
    Append(blank, &ids);
  }
  if (markers.answer) Append(markers.answer->ids, &ids);
  return ids;
}

RenderRequest RequestFor(const TurnProtocol& protocol, const KnownReply& known,
                         Thinking thinking) {
  RenderRequest request;
  request.messages =
      NormalizeMessages(known.messages, protocol.facts().form).messages;
  const ReasoningMarkers& markers = protocol.facts().reasoning;
  if (!markers.switch_name.empty()) {
    request.variables[markers.switch_name] =
        (thinking == Thinking::kOn) == markers.switch_on;
  }
  return request;
}

class Meter {
 public:
  Meter(const ForcedText& text, const Watched& watched)
      : text_(&text), watched_(&watched), inside_(watched.specials.size()) {
    reply_.tokens = text.ids.size() - text.prompt;
    reply_.p_stop.reserve(reply_.tokens);
  }

  // The distribution behind position I of the text.
  void Take(size_t i, std::span<const float> logits) {
    const LogitSummary summary = SummarizeLogits(logits);
    if (i + 1 < text_->ids.size()) {
      logprob_ += LogProbability(logits, summary, text_->ids[i + 1]);
    }
    if (i < text_->prompt) return;  // no reply yet
    reply_.p_stop.push_back(ProbabilityOfSet(logits, summary, watched_->stops));
    const bool at_end = i + 1 == text_->ids.size();
    for (size_t k = 0; k < watched_->specials.size(); ++k) {
      const double p =
          std::exp(LogProbability(logits, summary, watched_->specials[k]));
      if (at_end) {
        reply_.special_end.push_back(p);
      } else {
        inside_[k].push_back(p);
      }
    }
    if (at_end) TakeEnd(logits, summary);
  }

  ForcedReply Finish() {
    reply_.logprob = logprob_ / static_cast<double>(reply_.tokens);
    for (std::vector<double>& values : inside_) {
      reply_.special_inside.push_back(Median(std::move(values)));
    }
    return std::move(reply_);
  }

 private:
  void TakeEnd(std::span<const float> logits, const LogitSummary& summary) {
    reply_.next = summary.argmax;
    reply_.next_probability =
        std::exp(LogProbability(logits, summary, summary.argmax));
    for (const TokenId id : watched_->stops) {
      const uint64_t rank = LogitRank(logits, id);
      if (reply_.stop_rank == 0 || rank < reply_.stop_rank) {
        reply_.stop_rank = rank;
      }
    }
  }

  const ForcedText* text_;
  const Watched* watched_;
  ForcedReply reply_;
  double logprob_ = 0;
  std::vector<std::vector<double>> inside_;
};

}  // namespace

std::optional<ForcedText> RenderForced(const TurnProtocol& protocol,
                                       const KnownReply& known,
                                       Thinking thinking) {
  RenderRequest request = RequestFor(protocol, known, thinking);
  ForcedText text;
  try {
    const RenderedPrompt prompt = Render(protocol, request);
    text.ids = prompt.TokenIds();
    const std::vector<TokenId> before = BeforeAnswer(protocol, prompt);
    if (!before.empty()) {
      Append(before, &text.ids);
      text.prompt = text.ids.size();
      Append(protocol.tokenizer()->Encode(known.reply), &text.ids);
      return text;
    }
    request.prefill = known.reply;
    const RenderedPrompt whole = Render(protocol, request);
    text.ids = whole.TokenIds();
    text.prompt = static_cast<size_t>(
        std::ranges::count_if(whole.ids, [&prompt](const EncodedToken& token) {
          return token.source.end <= prompt.text.size();
        }));
  } catch (const Error&) {
    // What a template refuses can't be measured.
    return std::nullopt;
  }
  if (text.prompt == 0 || text.prompt == text.ids.size()) return std::nullopt;
  return text;
}

ForcedReply Teacher::Measure(
    const ForcedText& text, const Watched& watched,
    const std::function<void(std::span<const float>)>& at_end) {
  const size_t row_bytes =
      sizeof(float) * static_cast<size_t>(model_->vocabulary_size());
  const size_t slice = std::max<size_t>(1, kLogitBytes / row_bytes);
  // The last token of the prompt is evaluated again: its logits are needed.
  const auto differs = std::ranges::mismatch(ids_, text.ids);
  const size_t kept = std::min(static_cast<size_t>(differs.in1 - ids_.begin()),
                               text.prompt - 1);
  model_->CutSequence(0, static_cast<int32_t>(kept));
  ids_.clear();  // until it is known what the cache holds

  Meter meter(text, watched);
  std::vector<Row> rows;
  for (size_t begin = kept; begin < text.ids.size(); begin += slice) {
    const size_t count = std::min(slice, text.ids.size() - begin);
    rows.assign(count, Row{});
    for (size_t i = 0; i < count; ++i) {
      rows[i].position = static_cast<int32_t>(begin + i);
      rows[i].token = text.ids[begin + i];
      if (begin + i + 1 >= text.prompt) rows[i].want = Want::kLogits;
    }
    ForwardResult& result = model_->Forward(rows, Phase::kPrefill);
    for (size_t i = 0; i < count; ++i) {
      if (begin + i + 1 < text.prompt) continue;
      meter.Take(begin + i, result.Logits(i));
      if (at_end && begin + i + 1 == text.ids.size()) at_end(result.Logits(i));
    }
  }
  ids_ = text.ids;
  return meter.Finish();
}

}  // namespace fullstop
