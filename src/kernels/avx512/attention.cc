#include "kernels/vector/attention.h"

#include "kernels/avx512/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx512 {

const AttentionForm kAttention = vector::MakeAttentionForm<Vector>();

}  // namespace fullstop::kernels::avx512
