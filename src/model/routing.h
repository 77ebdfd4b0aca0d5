// Which experts of a mixture a row goes to.
#ifndef FULLSTOP_MODEL_ROUTING_H_
#define FULLSTOP_MODEL_ROUTING_H_

#include <span>

#include "model/graph.h"

namespace fullstop {

// Writes what STEP says to OUT, [2 * chosen]. LOGITS has an entry for each
// expert; CHOICE_BIAS and EXPERT_FACTORS too, or are empty. Computed in double;
// of equals the expert with the lower number is taken. There must be CHOSEN
// experts at least in any CHOSEN_GROUPS groups.
void ChooseExperts(const RouteStep& step, std::span<const float> logits,
                   std::span<const float> choice_bias,
                   std::span<const float> expert_factors, float* out);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_ROUTING_H_
