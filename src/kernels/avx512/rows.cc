#include "kernels/vector/rows.h"

#include "kernels/avx512/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx512 {

const RowOperations kRows = vector::MakeRowOperations<Vector>();

}  // namespace fullstop::kernels::avx512
