#include "measure/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <random>

namespace fullstop {
namespace {

constexpr size_t kResamples = 1000;
constexpr double kOutside = 0.025;     // on each side of an interval
constexpr double kWilson = 1.9599640;  // the normal quantile of 1 - kOutside

// The quantile of SORTED, linear between its neighbours.
double Quantile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = place - static_cast<double>(below);
  return sorted[below] * (1 - part) + sorted[above] * part;
}

// A number below SIZE, the same on every machine.
size_t Below(size_t size, std::mt19937_64* random) {
  return static_cast<size_t>((*random)() % size);
}

}  // namespace

std::string Describe(double value) {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(value) < 1000 ? "%.3g" : "%.0f",
                value);
  return text;
}

std::string Describe(const Estimate& estimate) {
  return Describe(estimate.value) + " (" + Describe(estimate.low) + " to " +
         Describe(estimate.high) + ")";
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return Quantile(values, 0.5);
}

Estimate Share(size_t count, size_t total) {
  if (total == 0) return {0, 0, 1};
  const auto n = static_cast<double>(total);
  const double share = static_cast<double>(count) / n;
  const double square = kWilson * kWilson;
  const double middle = share + square / (2 * n);
  const double half =
      kWilson * std::sqrt(share * (1 - share) / n + square / (4 * n * n));
  const double scale = 1 + square / n;
  return {share, std::max(0.0, (middle - half) / scale),
          std::min(1.0, (middle + half) / scale)};
}

Estimate Bootstrap(
    size_t size, uint64_t seed,
    const std::function<double(std::span<const size_t>)>& statistic) {
  if (size == 0) return {};
  std::vector<size_t> sample(size);
  std::iota(sample.begin(), sample.end(), size_t{0});
  Estimate estimate;
  estimate.value = statistic(sample);
  std::mt19937_64 random(seed);
  std::vector<double> values(kResamples);
  for (double& value : values) {
    std::ranges::generate(sample, [&] { return Below(size, &random); });
    value = statistic(sample);
  }
  std::ranges::sort(values);
  estimate.low = Quantile(values, kOutside);
  estimate.high = Quantile(values, 1 - kOutside);
  return estimate;
}

Estimate MedianOf(std::span<const double> values, uint64_t seed) {
  return Bootstrap(values.size(), seed, [values](auto sample) {
    std::vector<double> drawn;
    for (const size_t i : sample) drawn.push_back(values[i]);
    return Median(std::move(drawn));
  });
}

Estimate Separation(std::span<const EndAndInside> replies, uint64_t seed) {
  // won[i][j]: how many values inside of reply j the end of reply i is above.
  const size_t size = replies.size();
  std::vector<std::vector<double>> won(size, std::vector<double>(size));
  for (size_t j = 0; j < size; ++j) {
    std::vector<double> inside = replies[j].inside;
    std::ranges::sort(inside);
    for (size_t i = 0; i < size; ++i) {
      const auto equal = std::ranges::equal_range(inside, replies[i].end);
      const auto below = equal.begin() - inside.begin();
      won[i][j] =
          static_cast<double>(below) + static_cast<double>(equal.size()) / 2;
    }
  }
  return Bootstrap(size, seed, [&](std::span<const size_t> sample) {
    double all = 0;
    double pairs = 0;
    for (const size_t j : sample) {
      for (const size_t i : sample) all += won[i][j];
      pairs += static_cast<double>(replies[j].inside.size() * sample.size());
    }
    return pairs == 0 ? 0.5 : all / pairs;
  });
}

}  // namespace fullstop
