#include "measure/forced_reply.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "generate/logit_stats.h"
#include "measure/statistics.h"
#include "protocol/render.h"
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

// The ids of PROMPT without the line ends behind its last word.
std::vector<TokenId> WithoutLineEnds(const RenderedPrompt& prompt) {
  const size_t length = prompt.text.find_last_not_of('\n') + 1;
  std::vector<TokenId> ids;
  for (const EncodedToken& token : prompt.ids) {
    if (token.source.begin < length) ids.push_back(token.id);
  }
  return ids;
}

bool EndsWith(std::string_view text, const Marker& marker) {
  const size_t length = text.find_last_not_of(" \n") + 1;
  return text.substr(0, length).ends_with(marker.text);
}

// PROMPT and what stands between it and the words of an answer, where a model
// thinks or opens its answers; nullopt where it does neither.
std::optional<std::vector<TokenId>> UntilAnswer(const TurnProtocol& protocol,
                                                const RenderedPrompt& prompt) {
  const ReasoningMarkers& markers = protocol.facts().reasoning;
  // By its switch, or of itself.
  const bool empty_already =
      !markers.switch_name.empty() ||
      (markers.closing && EndsWith(prompt.text, *markers.closing));
  const bool thinks = markers.opening && markers.closing && !markers.answer &&
                      (prompt.thought_open || !empty_already);
  if (!thinks && !markers.answer) return std::nullopt;
  std::vector<TokenId> ids = prompt.TokenIds();
  if (thinks) {
    const std::vector<TokenId> blank = protocol.tokenizer()->Encode(kBlankLine);
    if (prompt.thought_open) {
      ids = WithoutLineEnds(prompt);
    } else {
      Append(markers.opening->ids, &ids);
    }
    Append(blank, &ids);
    Append(markers.closing->ids, &ids);
    Append(blank, &ids);
  }
  if (markers.answer) Append(markers.answer->ids, &ids);
  return ids;
}

// The standard deviation of LOGITS; those that are -infinity don't count.
double Spread(std::span<const float> logits) {
  double sum = 0;
  double squares = 0;
  double count = 0;
  for (const float logit : logits) {
    if (!std::isfinite(logit)) continue;
    sum += logit;
    squares += double{logit} * logit;
    ++count;
  }
  const double mean = sum / count;
  return std::sqrt(std::max(0.0, squares / count - mean * mean));
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
    TakeRows(logits);
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
    reply_.logit_spread = Median(std::move(spreads_));
    return std::move(reply_);
  }

 private:
  void TakeRows(std::span<const float> logits) {
    if (watched_->written.empty()) return;
    float most = -std::numeric_limits<float>::infinity();
    for (const TokenId id : watched_->written) {
      most = std::max(most, logits[static_cast<size_t>(id)]);
    }
    reply_.end_logit.push_back(most);
    spreads_.push_back(Spread(logits));
  }

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
  std::vector<double> spreads_;
};

}  // namespace

std::optional<ForcedText> RenderForced(const TurnProtocol& protocol,
                                       const KnownReply& known,
                                       Thinking thinking) {
  RenderRequest request = RequestFor(protocol, known.messages, thinking);
  ForcedText text;
  try {
    const RenderedPrompt prompt = Render(protocol, request);
    if (auto before = UntilAnswer(protocol, prompt)) {
      text.ids = *std::move(before);
      text.prompt = text.ids.size();
      Append(protocol.tokenizer()->Encode(known.reply), &text.ids);
    } else {
      request.prefill = known.reply;
      const RenderedPrompt whole = Render(protocol, request);
      text.ids = whole.TokenIds();
      text.prompt = static_cast<size_t>(std::ranges::count_if(
          whole.ids, [&prompt](const EncodedToken& token) {
            return token.source.end <= prompt.text.size();
          }));
    }
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
