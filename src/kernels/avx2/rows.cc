#include "kernels/vector/rows.h"

#include "kernels/avx2/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx2 {

const RowOperations kRows = vector::MakeRowOperations<Vector>();

}  // namespace fullstop::kernels::avx2
