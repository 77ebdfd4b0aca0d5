#include "data/length_counts.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fullstop {

void LengthCounts::Add(const LengthCounts& other) {
  for (const auto& [length, rows] : other.counts_) counts_[length] += rows;
}

size_t LengthCounts::rows() const {
  size_t sum = 0;
  for (const auto& [length, rows] : counts_) sum += rows;
  return sum;
}

size_t LengthCounts::longest() const {
  size_t longest = 0;
  for (const auto& [length, rows] : counts_) {
    longest = std::max(longest, length);
  }
  return longest;
}

size_t LengthCounts::RowsAbove(size_t least) const {
  size_t sum = 0;
  for (const auto& [length, rows] : counts_) {
    if (length > least) sum += rows;
  }
  return sum;
}

std::vector<std::pair<size_t, size_t>> LengthCounts::Sorted() const {
  std::vector<std::pair<size_t, size_t>> sorted(counts_.begin(), counts_.end());
  std::ranges::sort(sorted);
  return sorted;
}

size_t LengthCounts::Quantile(double share) const {
  const auto wanted =
      static_cast<size_t>(std::ceil(share * static_cast<double>(rows())));
  size_t sum = 0;
  for (const auto& [length, rows] : Sorted()) {
    sum += rows;
    if (sum >= wanted) return length;
  }
  return 0;
}

std::vector<LengthClass> LengthCounts::Classes() const {
  std::vector<LengthClass> classes;
  for (const auto& [length, rows] : Sorted()) {
    const size_t most = std::bit_ceil(std::max<size_t>(1, length));
    while (!classes.empty() && classes.back().most < most) {
      classes.push_back({classes.back().most * 2, 0});
    }
    if (classes.empty()) classes.push_back({most, 0});
    classes.back().rows += rows;
  }
  return classes;
}

}  // namespace fullstop
