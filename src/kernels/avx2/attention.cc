#include "kernels/vector/attention.h"

#include "kernels/avx2/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx2 {

const AttentionForm kAttention = vector::MakeAttentionForm<Vector>();

}  // namespace fullstop::kernels::avx2
