#include "kernels/vector/decode.h"

#include "kernels/avx2/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx2 {

const LinearForm kDecode = vector::DecodeForm<Vector>();

}  // namespace fullstop::kernels::avx2
