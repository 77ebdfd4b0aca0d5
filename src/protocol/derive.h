// Where replies end, derived from renderings of a template.
//
// The run of a piece of content is the control ids that the template writes
// behind it up to the next content. An answer's candidates are its run where it
// stands last (up to the next answer's header, where the template writes that
// unasked); if that is empty, its run with a user turn behind it; if both
// have ids in common, those (a template may write EOS behind a whole
// conversation). A call's candidates are its run with its result behind it; if
// the answer's end stands there, that is the call's end too. Of the candidates
// a declared one ends the turn; else the first that neither begins renderings
// (an opener) nor stands inside an assistant's turn, and by preference one that
// ends calls, or users' turns, as well as answers (a section of the answer may
// be closed first); else the first, with role `section`, or as a call's end
// where it closes no thought.
#ifndef FULLSTOP_PROTOCOL_DERIVE_H_
#define FULLSTOP_PROTOCOL_DERIVE_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/probe.h"
#include "protocol/stop_set.h"

namespace fullstop {

struct DerivedStop {
  TokenId id = 0;
  StopRole role = StopRole::kTurnEnd;
  // The rule and the setup that showed it first.
  std::string where;
  // The template's, where it is not the default one.
  std::string template_name = {};
};

struct DerivedEnds {
  // One per id and role, in the order found.
  std::vector<DerivedStop> stops;
  // What stands between an answer and the next turn, through its role's name.
  // Only of use where there is no id at all.
  std::vector<std::string> strings;
  // Ids that stand within an assistant's turn.
  std::set<TokenId> inside;
  MessageForm form;
  // The template opens the next answer behind the last one, asked to or not:
  // it shows past answers only.
  bool prompts_unasked = false;
  // No probe with an answer could be rendered.
  bool nothing_rendered = true;
};

// DECLARED are the ids that some file declares as an end; BOS is the declared
// beginning of sequence, which is never an end by opening a turn.
DerivedEnds DeriveEnds(Prober* prober, const std::set<TokenId>& declared,
                       std::optional<TokenId> bos);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_DERIVE_H_
