#include "kernels/vector/logits.h"

#include "kernels/avx2/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx2 {

const LogitOperations kLogits = vector::MakeLogitOperations<Vector>();

}  // namespace fullstop::kernels::avx2
