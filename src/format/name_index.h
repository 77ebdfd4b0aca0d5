// Finding things by name in a vector that keeps the order of the file.
#ifndef FULLSTOP_FORMAT_NAME_INDEX_H_
#define FULLSTOP_FORMAT_NAME_INDEX_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string_view>
#include <vector>

namespace fullstop {

// The indices of ITEMS, ascending by PROJECTION (a name), then by themselves.
template <typename T, typename Projection>
std::vector<uint32_t> SortedIndices(const std::vector<T>& items,
                                    Projection projection) {
  std::vector<uint32_t> order(items.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) {
    const std::string_view x = std::invoke(projection, items[a]);
    const std::string_view y = std::invoke(projection, items[b]);
    return x != y ? x < y : a < b;
  });
  return order;
}

// The later of the first two items with one name, or nullptr. ORDER is what
// SortedIndices gave; so below.
template <typename T, typename Projection>
const T* FindDuplicate(const std::vector<T>& items,
                       const std::vector<uint32_t>& order,
                       Projection projection) {
  const auto found = std::ranges::adjacent_find(
      order, {}, [&](uint32_t i) -> std::string_view {
        return std::invoke(projection, items[i]);
      });
  return found == order.end() ? nullptr : &items[*(found + 1)];
}

// The first item of that name, or nullptr.
template <typename T, typename Projection>
const T* FindByName(const std::vector<T>& items,
                    const std::vector<uint32_t>& order, Projection projection,
                    std::string_view name) {
  const auto found = std::ranges::lower_bound(
      order, name, {}, [&](uint32_t i) -> std::string_view {
        return std::invoke(projection, items[i]);
      });
  if (found == order.end() || std::invoke(projection, items[*found]) != name) {
    return nullptr;
  }
  return &items[*found];
}

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_NAME_INDEX_H_
