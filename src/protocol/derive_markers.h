// How a reply marks its thought and its calls, derived from renderings.
#ifndef FULLSTOP_PROTOCOL_DERIVE_MARKERS_H_
#define FULLSTOP_PROTOCOL_DERIVE_MARKERS_H_

#include <set>
#include <string>
#include <vector>

#include "protocol/call_format.h"
#include "protocol/probe.h"

namespace fullstop {

// As facts.h has them, but as text only; empty where there is none.
struct DerivedMarkers {
  std::string thought_opening;
  std::string thought_closing;
  std::string answer_opening;
  std::string answer_closing;
  std::string header_opening;
  bool thought_prefilled = false;
  std::string thought_field;
  std::string switch_name;
  bool switch_on = true;
  std::string call_opening;
  std::string call_closing;
  CallFormat call_format;
  std::vector<CallFormat> other_calls;
};

// A thought that has a field of its own shows its markers around it. Else a
// constant of the template at which it cuts the content of past answers is the
// closing marker. Else a prompt that pre-fills an empty thought shows both.
// ENDS are the stops known so far, which no marker is.
DerivedMarkers DeriveMarkers(Prober* prober, const std::set<TokenId>& ends);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_DERIVE_MARKERS_H_
