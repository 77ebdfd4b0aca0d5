#include "engine/cached_sequence.h"

#include <algorithm>
#include <cassert>
#include <string>

#include "base/error.h"

namespace fullstop {

CachedSequence::CachedSequence(ForwardModel& model, SequenceId sequence,
                               int32_t prefill_rows)
    : model_(&model), sequence_(sequence), prefill_rows_(prefill_rows) {
  model_->DropSequence(sequence_);
}

CachedSequence::~CachedSequence() { model_->DropSequence(sequence_); }

CachedSequence::Prepared CachedSequence::Prepare(std::span<const TokenId> ids,
                                                 const Progress& progress) {
  if (ids.empty()) {
    throw Error::Usage("there is nothing to evaluate: the prompt is empty")
        .Advice("give a text, or a model that begins texts with BOS");
  }
  const auto total = static_cast<int32_t>(ids.size());
  if (total > model_->context_length()) {
    throw Error::Limit("the prompt has " + std::to_string(total) +
                       " tokens, the context " +
                       std::to_string(model_->context_length()))
        .Advice("use a larger context (-c), or shorten the conversation");
  }
  const auto mismatch =
      std::mismatch(ids.begin(), ids.end() - 1, ids_.begin(), ids_.end());
  const auto kept = static_cast<int32_t>(mismatch.first - ids.begin());
  Cut(kept);
  Prepared prepared{.kept = kept};
  while (static_cast<int32_t>(ids_.size()) < total) {
    const auto done = static_cast<int32_t>(ids_.size());
    if (progress && !progress(done - kept, total - kept)) {
      prepared.cancelled = true;
      Cut(done);
      return prepared;
    }
    const ForwardModel::Recalled recalled =
        model_->Recall(sequence_, ids.first(ids.size() - 1));
    if (recalled.length > done || recalled.awaited) {
      ids_.assign(ids.begin(), ids.begin() + recalled.length);
      prepared.kept += recalled.length - done;
      continue;
    }
    const int32_t count = std::min(prefill_rows_, total - done);
    Evaluate(ids.subspan(static_cast<size_t>(done), static_cast<size_t>(count)),
             Phase::kPrefill, done + count == total);
    prepared.evaluated += count;
  }
  return prepared;
}

void CachedSequence::Append(TokenId id) {
  Evaluate({&id, 1}, Phase::kDecode, true);
}

void CachedSequence::Cut(int32_t length) {
  assert(length >= 0 && length <= static_cast<int32_t>(ids_.size()));
  model_->CutSequence(sequence_, length);
  ids_.resize(static_cast<size_t>(length));
  logits_ = {};
}

void CachedSequence::StepBack(int32_t length) {
  assert(length >= 1);
  const TokenId last = ids_[static_cast<size_t>(length) - 1];
  Cut(length - 1);
  Append(last);
}

bool CachedSequence::full() const {
  return static_cast<int32_t>(ids_.size()) >= model_->context_length();
}

void CachedSequence::Evaluate(std::span<const TokenId> ids, Phase phase,
                              bool wants_logits) {
  std::vector<Row> rows(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    rows[i].sequence = sequence_;
    rows[i].position = static_cast<int32_t>(ids_.size() + i);
    rows[i].token = ids[i];
  }
  if (wants_logits) rows.back().want = Want::kLogits;
  ForwardResult& result = model_->Forward(rows, phase);
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  logits_ =
      wants_logits ? result.Logits(ids.size() - 1) : std::span<const float>();
}

}  // namespace fullstop
