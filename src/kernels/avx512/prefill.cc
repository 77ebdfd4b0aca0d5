#include "kernels/vector/prefill.h"

#include "kernels/avx512/strip_types.h"
#include "kernels/avx512/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx512 {
namespace {

using vector::kSuper;

// 16 columns of the 16 rows from column COLUMN on, a vector each, to rows.
void StoreColumns(const __m512 (&columns)[kStripRows], int64_t column,
                  float (&x)[kStripRows][kSuper]) {
  __m512i lanes[kStripRows];
  for (int i = 0; i < kStripRows; ++i) lanes[i] = Vector::Bits(columns[i]);
  Vector::Transpose(lanes);
  for (int i = 0; i < kStripRows; ++i) {
    Vector::Store(x[i] + column, Vector::Bits(lanes[i]));
  }
}

template <class Type, int kChunk, int kHalf>
void ReadHalfChunk(const Type& block, const __m512i* q, int64_t column,
                   float (&x)[kStripRows][kSuper]) {
  const __m512 scale =
      block.template Scale<kChunk, Type::kGroup == 16 ? kHalf : 0>();
  __m512 min = Vector::Zero();
  if constexpr (Type::kHasMins) min = block.template Min<kChunk>();
  __m512 columns[kStripRows];
  for (int j = 0; j < kChunkVectors / 2; ++j) {
    const __m512i four = q[kHalf * (kChunkVectors / 2) + j];
    columns[4 * j] = WeightsOf<Type, 0>(four, scale, min);
    columns[4 * j + 1] = WeightsOf<Type, 1>(four, scale, min);
    columns[4 * j + 2] = WeightsOf<Type, 2>(four, scale, min);
    columns[4 * j + 3] = WeightsOf<Type, 3>(four, scale, min);
  }
  StoreColumns(columns, column, x);
}

template <class Type>
struct StripSource {
  static constexpr int kRows = kStripRows;
  static void Read(const PackedRows& w, int64_t n, int64_t block_number,
                   int64_t columns, float (&x)[kRows][kSuper]) {
    constexpr int64_t kBlocks = kSuper / kStripColumns<Type>;
    constexpr int64_t kBytes = sizeof(typename Type::Block) * kStripRows;
    const int64_t left = columns - block_number * kSuper;
    if (left < kSuper) memset(x, 0, sizeof(x));
    ForChunks<Type>(
        w.data + n * w.row_bytes + block_number * kBlocks * kBytes,
        static_cast<int>((left < kSuper ? left : kSuper) / kChunkColumns),
        [&]<int kChunk>(const Type& block, int chunk, int) {
          __m512i q[kChunkVectors];
          block.template Unpack<kChunk>(q);
          const int64_t column = int64_t{chunk} * kChunkColumns;
          ReadHalfChunk<Type, kChunk, 0>(block, q, column, x);
          ReadHalfChunk<Type, kChunk, 1>(block, q, column + 16, x);
        });
  }
};

struct StripPrefill {
  template <class Type>
  static void RunStrips(const LinearInput& input, const PackedRows& w,
                        const OutputRange& out, void* scratch) {
    vector::PanelPrefill<Vector>::RunFrom<StripSource<Type>>(input, w, out,
                                                             scratch);
  }
};

}  // namespace

const LinearForm kPrefill =
    WithStrips<StripPrefill>(vector::PrefillForm<Vector>());

}  // namespace fullstop::kernels::avx512
