// The same replies in other dress: whether a model is used with the template
// that it was trained with.
#ifndef FULLSTOP_MEASURE_VARIANTS_H_
#define FULLSTOP_MEASURE_VARIANTS_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "measure/forced_reply.h"
#include "measure/known_replies.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

struct Variant {
  std::string name;
  // nullopt where it can't be written.
  std::function<std::optional<ForcedText>(const KnownReply& known)> render;
};

// ChatML and Llama 2's form (the one that PROTOCOL does not write itself),
// plain speakers, one BOS more or less, a space or a line before the reply,
// and, where the template can, the thought left open. PROTOCOL must outlive
// them.
std::vector<Variant> VariantsOf(const TurnProtocol& protocol);

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_VARIANTS_H_
