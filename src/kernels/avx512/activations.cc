#include "kernels/vector/activations.h"

#include "kernels/avx512/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx512 {

const ActivationOperations kActivationTable =
    vector::MakeActivationOperations<Vector>();

}  // namespace fullstop::kernels::avx512
