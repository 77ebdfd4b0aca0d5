#include "kernels/avx512/vector.h"
#include "kernels/operations.h"
#include "kernels/vector/decode.h"
#include "kernels/vector/prefill.h"

namespace fullstop::kernels::avx512 {

const LinearOperations kLinear = {.prefill = vector::PrefillForm<Vector>(),
                                  .decode = vector::DecodeForm<Vector>()};

}  // namespace fullstop::kernels::avx512
