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

size_t LengthCounts::RowsAbove(size_t length) const {
  size_t sum = 0;
  for (auto at = counts_.upper_bound(length); at != counts_.end(); ++at) {
    sum += at->second;
  }
  return sum;
}

size_t LengthCounts::Quantile(double share) const {
  const auto wanted =
      static_cast<size_t>(std::ceil(share * static_cast<double>(rows())));
  size_t sum = 0;
  for (const auto& [length, rows] : counts_) {
    sum += rows;
    if (sum >= wanted) return length;
  }
  return 0;
}

std::vector<LengthClass> LengthCounts::Classes() const {
  std::vector<LengthClass> classes;
  for (const auto& [length, rows] : counts_) {
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
