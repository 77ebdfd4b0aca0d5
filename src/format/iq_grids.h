// The grids of GGUF's IQ types: what an index in a block names.
//
// Plain data: files compiled for one instruction set include this.
#ifndef FULLSTOP_FORMAT_IQ_GRIDS_H_
#define FULLSTOP_FORMAT_IQ_GRIDS_H_

#include <cstddef>
#include <cstdint>

namespace fullstop {

// Entry i is eight or four signed bytes, the first weight lowest.
template <typename T, size_t kEntries>
struct IqGrid {
  T entries[kEntries];
};

extern const IqGrid<uint64_t, 256> kIq2XxsGrid;
extern const IqGrid<uint64_t, 512> kIq2XsGrid;
extern const IqGrid<uint64_t, 1024> kIq2SGrid;
extern const IqGrid<uint32_t, 256> kIq3XxsGrid;
extern const IqGrid<uint32_t, 512> kIq3SGrid;
extern const IqGrid<uint64_t, 2048> kIq1Grid;  // IQ1_S and IQ1_M

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_IQ_GRIDS_H_
