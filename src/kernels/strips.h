// Rows of packed weights side by side, as decode on wide vectors reads them: a
// lane for each of 16 rows, nothing to gather and one stream of memory.
//
// A strip is 16 rows, block by block. Of the 16 blocks that stand at the same
// place of their rows, first each half-precision number of a block lies beside
// those of the others, then each 32-bit word. A matrix of strips is as long as
// that of the rows, padded to whole strips with zeros.
#ifndef FULLSTOP_KERNELS_STRIPS_H_
#define FULLSTOP_KERNELS_STRIPS_H_

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

namespace fullstop::kernels {

inline constexpr int64_t kStripRows = 16;

// The bytes of W's strips.
size_t StripBytes(const Matrix& w);

// Writes the strips that hold rows [row_begin, row_end) of W, which lies in
// rows, where they belong in STRIPS, the first byte of all. ROW_BEGIN is a
// multiple of kStripRows, ROW_END too or equal to w.rows. W's type must be one
// that Kernels::ReadsStrips is true of.
void MakeStrips(const Matrix& w, int64_t row_begin, int64_t row_end,
                std::byte* strips);

// Writes block BLOCK of row ROW of W, which lies in strips, as it was before.
void ReadStripBlock(const Matrix& w, int64_t row, int64_t block,
                    std::byte* out);

}  // namespace fullstop::kernels

#endif  // FULLSTOP_KERNELS_STRIPS_H_
