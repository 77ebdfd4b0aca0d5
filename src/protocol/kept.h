// Kept ids: an assistant's message stands in a new prompt as the ids it was
// generated as, wherever the template wrote its text unchanged.
#ifndef FULLSTOP_PROTOCOL_KEPT_H_
#define FULLSTOP_PROTOCOL_KEPT_H_

#include <vector>

#include "protocol/render.h"

namespace fullstop {

// Bytes [begin, end) of a rendering that are to stand as IDS.
struct KeptPiece {
  size_t begin = 0;
  size_t end = 0;
  std::vector<EncodedToken> ids;
};

struct KeptPlan {
  std::vector<KeptPiece> pieces;  // ascending, disjoint
  std::vector<KeptReport> reports;
};

// Lays the kept ids of REQUEST over PROMPT's text. A piece begins and ends at
// token borders and covers the text of a field together with what the template
// wrote around it, as far as both agree byte for byte. Throws Error (kUsage)
// where an id is outside the vocabulary or the message is not there.
KeptPlan PlanKept(const TurnProtocol& protocol, const RenderRequest& request,
                  const RenderedPrompt& prompt);

// Bytes [BEGIN, END) of PROMPT's text as ids, control tokens recognised in
// template bytes only.
std::vector<EncodedToken> EncodeRange(const TurnProtocol& protocol,
                                      const RenderedPrompt& prompt,
                                      size_t begin, size_t end,
                                      PieceCache* cache = nullptr);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_KEPT_H_
