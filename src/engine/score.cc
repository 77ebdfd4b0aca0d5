#include "engine/score.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "generate/logit_stats.h"

namespace fullstop {
namespace {

// Logits held at once, in bytes and in positions.
constexpr size_t kLogitBytes = 16 << 20;
constexpr size_t kMostRows = 64;

TokenScore NotScored(TokenId id) {
  TokenScore token;
  token.id = id;
  return token;
}

class Scorer {
 public:
  Scorer(ForwardModel& model, const ScoreOptions& options,
         const std::function<void(const TokenScore&)>& take)
      : model_(&model), options_(&options), take_(&take) {
    const size_t row_bytes =
        sizeof(float) * static_cast<size_t>(model.vocabulary_size());
    slice_ = std::clamp<size_t>(kLogitBytes / row_bytes, 1, kMostRows);
  }

  // Evaluates one window in the cache's sequence 0. The distribution behind
  // position i scores IDS[i + 1] if i >= FIRST.
  void Window(std::span<const TokenId> ids, size_t first, size_t total) {
    model_->DropSequence(0);
    std::vector<Row> rows;
    for (size_t begin = 0; begin < ids.size(); begin += slice_) {
      if (options_->progress) options_->progress(done_ + begin, total);
      const size_t count = std::min(slice_, ids.size() - begin);
      rows.assign(count, Row{});
      for (size_t i = 0; i < count; ++i) {
        rows[i].position = static_cast<int32_t>(begin + i);
        rows[i].token = ids[begin + i];
        if (begin + i >= first) rows[i].want = Want::kLogits;
      }
      ForwardResult& result = model_->Forward(rows, Phase::kPrefill);
      for (size_t i = 0; i < count; ++i) {
        if (begin + i < first) {
          if (begin + i + 1 < ids.size())
            (*take_)(NotScored(ids[begin + i + 1]));
          continue;
        }
        const std::span<const float> logits = result.Logits(i);
        const LogitSummary summary = SummarizeLogits(logits);
        last_p_stop_ = ProbabilityOfSet(logits, summary, options_->stop_ids);
        if (begin + i + 1 < ids.size()) {
          Take(ids[begin + i + 1], logits, summary);
        }
      }
    }
    done_ += ids.size();
  }

  double last_p_stop() const { return last_p_stop_; }
  uint64_t scored() const { return scored_; }
  double perplexity() const {
    if (scored_ == 0) return 0;
    return std::exp(-sum_ / static_cast<double>(scored_));
  }

 private:
  void Take(TokenId id, std::span<const float> logits,
            const LogitSummary& summary) {
    TokenScore token = NotScored(id);
    token.scored = true;
    token.logprob = LogProbability(logits, summary, id);
    token.rank = LogitRank(logits, id);
    token.p_stop = last_p_stop_;
    if (options_->top > 0) {
      for (const LogitEntry& entry : TopLogits(logits, options_->top)) {
        token.top.push_back(
            {entry.id, LogProbability(logits, summary, entry.id)});
      }
    }
    sum_ += token.logprob;
    ++scored_;
    (*take_)(token);
  }

  ForwardModel* model_;
  const ScoreOptions* options_;
  const std::function<void(const TokenScore&)>* take_;
  size_t slice_ = 1;
  size_t done_ = 0;
  double sum_ = 0;
  uint64_t scored_ = 0;
  double last_p_stop_ = 0;
};

}  // namespace

ScoreSummary Score(ForwardModel& model, std::span<const TokenId> ids,
                   const ScoreOptions& options,
                   const std::function<void(const TokenScore&)>& take) {
  if (ids.empty()) {
    throw Error::Usage("there is nothing to score: the text is empty");
  }
  Scorer scorer(model, options, take);
  const auto context = static_cast<size_t>(model.context_length());
  ScoreSummary summary;
  if (ids.size() <= context) {
    take(NotScored(ids[0]));
    scorer.Window(ids, 0, ids.size());
    summary.p_stop_next = scorer.last_p_stop();
  } else {
    summary.windows = ids.size() / context;
    std::vector<TokenId> window;
    for (size_t i = 0; i < summary.windows; ++i) {
      const auto begin = ids.begin() + static_cast<ptrdiff_t>(i * context);
      window.assign(begin, begin + static_cast<ptrdiff_t>(context));
      take(NotScored(window[0]));
      if (i > 0) {
        std::copy_n(options.prefix.begin(),
                    std::min(options.prefix.size(), context), window.begin());
      }
      scorer.Window(window, context / 2, ids.size());
    }
    for (size_t i = summary.windows * context; i < ids.size(); ++i) {
      take(NotScored(ids[i]));
    }
  }
  model.DropSequence(0);
  summary.perplexity = scorer.perplexity();
  summary.scored = scorer.scored();
  return summary;
}

}  // namespace fullstop
