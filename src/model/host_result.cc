#include "model/host_result.h"

#include <fmt/format.h>

#include "base/error.h"

namespace fullstop {

const HostResult::RowResult& HostResult::Get(size_t row, Want want) const {
  if (row >= rows_.size() || rows_[row].want != want) {
    throw Error::Usage(
        fmt::format("row {} is asked for what it did not want", row));
  }
  return rows_[row];
}

std::span<const float> HostResult::Logits(size_t row) {
  return Get(row, Want::kLogits).numbers;
}

std::span<const float> HostResult::Hidden(size_t row) {
  return Get(row, Want::kHidden).numbers;
}

std::span<const TopLogit> HostResult::Top(size_t row) {
  return Get(row, Want::kTopLogits).top;
}

double HostResult::LogSumExp(size_t row) {
  return Get(row, Want::kTopLogits).log_sum_exp;
}

std::span<const float> HostResult::Chosen(size_t row) {
  return Get(row, Want::kTopLogits).numbers;
}

}  // namespace fullstop
