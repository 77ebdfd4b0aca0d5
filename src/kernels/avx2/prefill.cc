#include "kernels/vector/prefill.h"

#include "kernels/avx2/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx2 {

const LinearForm kPrefill = vector::PrefillForm<Vector>();

}  // namespace fullstop::kernels::avx2
