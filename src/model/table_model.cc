#include "model/table_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "model/rows.h"

namespace fullstop {

TableModel::TableModel(int32_t vocabulary_size, int32_t context_length,
                       Table table)
    : vocabulary_size_(vocabulary_size),
      context_length_(context_length),
      table_(std::move(table)) {}

HostResult::RowResult TableModel::Answer(const Row& row,
                                         std::span<const TokenId> ids) const {
  HostResult::RowResult result;
  result.want = row.want;
  if (row.want == Want::kNothing) return result;
  if (row.want == Want::kHidden) {
    result.numbers = {static_cast<float>(row.token)};
    return result;
  }
  std::vector<float> logits = table_(ids);
  if (row.want == Want::kLogits) {
    result.numbers = std::move(logits);
    return result;
  }
  for (TokenId id = 0; id < vocabulary_size_; ++id) {
    result.top.push_back({id, logits.at(static_cast<size_t>(id))});
  }
  std::sort(result.top.begin(), result.top.end(),
            [](const TopLogit& a, const TopLogit& b) {
              return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
            });
  double sum = 0;
  const double largest = result.top.front().logit;
  for (const float logit : logits) sum += std::exp(logit - largest);
  result.log_sum_exp = largest + std::log(sum);
  result.top.resize(static_cast<size_t>(std::min(row.top_k, vocabulary_size_)));
  for (const TokenId id : row.chosen) {
    result.numbers.push_back(logits[static_cast<size_t>(id)]);
  }
  return result;
}

ForwardResult& TableModel::Forward(std::span<const Row> rows, Phase /*phase*/) {
  CheckRows(rows, *this);
  for (const Row& row : rows) {
    if (row.embedding != nullptr) {
      throw Error::Usage("a table of logits can't take embeddings");
    }
  }
  result_.rows().clear();
  for (const Row& row : rows) {
    std::vector<TokenId>& ids = sequences_[row.sequence];
    ids.push_back(row.token);
    result_.rows().push_back(Answer(row, ids));
    ++evaluated_;
  }
  return result_;
}

std::span<const TokenId> TableModel::Ids(SequenceId sequence) const {
  const auto found = sequences_.find(sequence);
  if (found == sequences_.end()) return {};
  return found->second;
}

int32_t TableModel::SequenceLength(SequenceId sequence) const {
  return static_cast<int32_t>(Ids(sequence).size());
}

void TableModel::CopySequence(SequenceId from, SequenceId to, int32_t length) {
  CheckPrefix(from, length, *this);
  const std::span<const TokenId> ids =
      Ids(from).first(static_cast<size_t>(length));
  sequences_[to] = std::vector<TokenId>(ids.begin(), ids.end());
}

void TableModel::CutSequence(SequenceId sequence, int32_t length) {
  CheckPrefix(sequence, length, *this);
  if (length == 0) {
    DropSequence(sequence);
  } else {
    sequences_[sequence].resize(static_cast<size_t>(length));
  }
}

void TableModel::DropSequence(SequenceId sequence) {
  sequences_.erase(sequence);
}

uint64_t TableModel::cache_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [sequence, ids] : sequences_) bytes += ids.size();
  return bytes;
}

}  // namespace fullstop
