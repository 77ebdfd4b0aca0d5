#include <algorithm>
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

bool Before(const IndexedValue& a, const IndexedValue& b) {
  const bool a_nan = std::isnan(a.value);
  const bool b_nan = std::isnan(b.value);
  if (a_nan != b_nan) return b_nan;
  if (!a_nan && a.value != b.value) return a.value > b.value;
  return a.index < b.index;
}

// OUT is a heap whose root is the candidate that would leave first.
int64_t TopK(const float* x, int64_t n, int64_t k, IndexedValue* out) {
  int64_t count = 0;
  for (int64_t i = 0; i < n && k > 0; ++i) {
    const IndexedValue candidate = {static_cast<int32_t>(i), x[i]};
    if (count == k) {
      if (!Before(candidate, out[0])) continue;
      std::pop_heap(out, out + count, Before);
      --count;
    }
    out[count++] = candidate;
    std::push_heap(out, out + count, Before);
  }
  std::sort_heap(out, out + count, Before);
  return count;
}

}  // namespace

const LogitOperations kLogits = {
    .softmax = Softmax, .log_sum_exp = LogSumExp, .top_k = TopK};

}  // namespace fullstop::kernels::reference
