#include "kernels/vector/prefill.h"

#include "kernels/avx512/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx512 {

const LinearForm kPrefill = vector::PrefillForm<Vector>();

}  // namespace fullstop::kernels::avx512
