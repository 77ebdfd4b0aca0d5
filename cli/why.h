// The last end explained: what /why prints.
#ifndef FULLSTOP_CLI_WHY_H_
#define FULLSTOP_CLI_WHY_H_

#include <string>

#include "engine/loaded_model.h"
#include "engine/reply.h"

namespace fullstop::cli {

// Some lines: the end and who declared it, the probability of a stop at the
// last tokens, what the samplers changed and what worked against a stop.
std::string ExplainEnd(const Reply& reply, const LoadedModel& model);

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_WHY_H_
