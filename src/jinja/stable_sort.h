#ifndef FULLSTOP_JINJA_STABLE_SORT_H_
#define FULLSTOP_JINJA_STABLE_SORT_H_

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace fullstop::jinja {

// Sorts ITEMS by LESS, equal ones in their old order, n log n. Unlike
// std::stable_sort it is safe with any LESS: one that throws, or that
// contradicts itself as Python's does for NaN.
template <class T, class Less>
void StableSort(std::vector<T>* items, Less less) {
  std::vector<T> from = *items;
  std::vector<T> to;
  for (size_t width = 1; width < from.size(); width *= 2) {
    to.clear();
    for (size_t begin = 0; begin < from.size(); begin += 2 * width) {
      const size_t middle = std::min(begin + width, from.size());
      const size_t end = std::min(begin + 2 * width, from.size());
      size_t left = begin;
      size_t right = middle;
      while (left < middle || right < end) {
        const bool take_right =
            left == middle || (right < end && less(from[right], from[left]));
        to.push_back(std::move(from[take_right ? right++ : left++]));
      }
    }
    from.swap(to);
  }
  items->swap(from);
}

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_STABLE_SORT_H_
