#include "kernels/vector/logits.h"

#include "kernels/avx512/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx512 {

const LogitOperations kLogits = vector::MakeLogitOperations<Vector>();

}  // namespace fullstop::kernels::avx512
