#include "kernels/vector/activations.h"

#include "kernels/avx2/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx2 {

const ActivationOperations kActivationTable =
    vector::MakeActivationOperations<Vector>();

}  // namespace fullstop::kernels::avx2
