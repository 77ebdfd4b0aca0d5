#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "kernels/operations.h"

namespace fullstop::kernels {
namespace {

bool Before(const IndexedValue& a, const IndexedValue& b) {
  const bool a_nan = std::isnan(a.value);
  const bool b_nan = std::isnan(b.value);
  if (a_nan != b_nan) return b_nan;
  if (!a_nan && a.value != b.value) return a.value > b.value;
  return a.index < b.index;
}

}  // namespace

// OUT is a heap whose root is the candidate that would leave first. A path
// finds the next element that could replace it.
int64_t Kernels::TopK(const float* x, int64_t n, int64_t k,
                      IndexedValue* out) const {
  if (k <= 0) return 0;
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (count == k) {
      i = logits_->next_above(x, i, n, out[0].value);
      if (i == n) break;
    }
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

}  // namespace fullstop::kernels
