#include "model/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace fullstop {
namespace {

void CheckTokens(const Row& row, const ForwardModel& model) {
  const auto check = [&](TokenId id) {
    if (id < 0 || id >= model.vocabulary_size()) {
      throw Error::Usage(fmt::format("token {} is not in the vocabulary of {}",
                                     id, model.vocabulary_size()));
    }
  };
  if (row.embedding == nullptr) check(row.token);
  std::for_each(row.chosen.begin(), row.chosen.end(), check);
  if (row.top_k < 0) {
    throw Error::Usage(fmt::format("the top {} logits of a row", row.top_k));
  }
}

}  // namespace

std::map<SequenceId, int32_t> CheckRows(std::span<const Row> rows,
                                        const ForwardModel& model) {
  std::map<SequenceId, int32_t> lengths;
  for (const Row& row : rows) {
    CheckTokens(row, model);
    int32_t& length =
        lengths.try_emplace(row.sequence, model.SequenceLength(row.sequence))
            .first->second;
    if (row.position != length) {
      throw Error::Usage(fmt::format(
          "position {} of sequence {}, which has {} positions before it",
          row.position, row.sequence, length));
    }
    if (length >= model.context_length()) {
      throw Error::Limit(fmt::format("the context of {} positions is full",
                                     model.context_length()))
          .Advice("begin anew with less text, or ask for a longer context");
    }
    ++length;
  }
  return lengths;
}

void CheckPrefix(SequenceId sequence, int32_t length,
                 const ForwardModel& model) {
  const int32_t present = model.SequenceLength(sequence);
  if (length < 0 || length > present) {
    throw Error::Usage(
        fmt::format("the first {} positions of sequence {}, "
                    "which has {}",
                    length, sequence, present));
  }
}

}  // namespace fullstop
