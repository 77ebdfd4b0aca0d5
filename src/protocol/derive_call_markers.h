// How a reply marks and writes its calls, derived from renderings.
#ifndef FULLSTOP_PROTOCOL_DERIVE_CALL_MARKERS_H_
#define FULLSTOP_PROTOCOL_DERIVE_CALL_MARKERS_H_

#include <set>

#include "protocol/derive_markers.h"
#include "protocol/reply_probes.h"

namespace fullstop {

// Fills in what MARKERS, whose thoughts are known, says of calls. ENDS are the
// stops known so far, which no marker is.
void DeriveCallMarkers(const ReplyProbes& probes, const std::set<TokenId>& ends,
                       DerivedMarkers* markers);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_DERIVE_CALL_MARKERS_H_
