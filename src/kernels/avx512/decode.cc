#include "kernels/vector/decode.h"

#include "kernels/avx512/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx512 {

const LinearForm kDecode = vector::DecodeForm<Vector>();

}  // namespace fullstop::kernels::avx512
