#include <cmath>
#include <limits>

#include "kernels/operations.h"

namespace fullstop::kernels::reference {
namespace {

// A NaN counts as the largest, so that it reaches the result.
double Largest(const float* x, int64_t n) {
  double largest = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < n; ++i) {
    if (x[i] > largest || std::isnan(x[i])) largest = x[i];
  }
  return largest;
}

double SumOfExponentials(const float* x, int64_t n, double largest) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += std::exp(x[i] - largest);
  return sum;
}

void Softmax(const float* x, int64_t n, float* out) {
  const double largest = Largest(x, n);
  const double sum = SumOfExponentials(x, n, largest);
  for (int64_t i = 0; i < n; ++i) {
    out[i] = static_cast<float>(std::exp(x[i] - largest) / sum);
  }
}

double LogSumExp(const float* x, int64_t n) {
  const double largest = Largest(x, n);
  if (std::isinf(largest)) return largest;
  return largest + std::log(SumOfExponentials(x, n, largest));
}

int64_t NextAbove(const float* x, int64_t begin, int64_t n, float threshold) {
  int64_t i = begin;
  while (i < n && x[i] <= threshold) ++i;
  return i;
}

}  // namespace

const LogitOperations kLogits = {
    .softmax = Softmax, .log_sum_exp = LogSumExp, .next_above = NextAbove};

}  // namespace fullstop::kernels::reference
