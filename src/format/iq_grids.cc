#include "format/iq_grids.h"

namespace fullstop {
namespace {

#include "format/iq_grids.inc"

// CODES with kBits for each byte, an index into VALUES.
template <typename T, int kBits, size_t kEntries, size_t kValues>
consteval IqGrid<T, kEntries> Expand(const uint16_t (&codes)[kEntries],
                                     const int8_t (&values)[kValues]) {
  IqGrid<T, kEntries> grid = {};
  for (size_t i = 0; i < kEntries; ++i) {
    for (size_t j = 0; j < sizeof(T); ++j) {
      const auto code = codes[i] >> kBits * j & ((1 << kBits) - 1);
      const auto byte = static_cast<uint8_t>(values[code]);
      grid.entries[i] |= static_cast<T>(byte) << 8 * j;
    }
  }
  return grid;
}

constexpr int8_t kIq2Values[] = {8, 25, 43};
constexpr int8_t kIq3XxsValues[] = {4, 12, 20, 28, 36, 44, 52, 62};
constexpr int8_t kIq3SValues[] = {1, 3, 5, 7, 9, 11, 13, 15};
constexpr int8_t kIq1Values[] = {-1, 0, 1};

}  // namespace

constinit const IqGrid<uint64_t, 256> kIq2XxsGrid =
    Expand<uint64_t, 2>(kIq2XxsCodes, kIq2Values);
constinit const IqGrid<uint64_t, 512> kIq2XsGrid =
    Expand<uint64_t, 2>(kIq2XsCodes, kIq2Values);
constinit const IqGrid<uint64_t, 1024> kIq2SGrid =
    Expand<uint64_t, 2>(kIq2SCodes, kIq2Values);
constinit const IqGrid<uint32_t, 256> kIq3XxsGrid =
    Expand<uint32_t, 3>(kIq3XxsCodes, kIq3XxsValues);
constinit const IqGrid<uint32_t, 512> kIq3SGrid =
    Expand<uint32_t, 3>(kIq3SCodes, kIq3SValues);
constinit const IqGrid<uint64_t, 2048> kIq1Grid =
    Expand<uint64_t, 2>(kIq1Codes, kIq1Values);

}  // namespace fullstop
