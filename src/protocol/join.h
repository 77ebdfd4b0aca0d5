// Joins what is declared, derived and guessed about ends into one stop set.
#ifndef FULLSTOP_PROTOCOL_JOIN_H_
#define FULLSTOP_PROTOCOL_JOIN_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/derive.h"
#include "protocol/facts.h"
#include "protocol/sources.h"

namespace fullstop {

struct JoinInput {
  const ProtocolSources& sources;
  const Tokenizer& tokenizer;
  const std::vector<SpecialToken>& specials;
  const DerivedEnds& derived;
  // All control ids that renderings of the templates hold.
  const std::set<TokenId>& written;
};

// Declared ids are joined, never replaced; ids outside the vocabulary are
// findings. An id has one entry, whose role is the first of its roles in
// StopRole's order, but:
// - a declaration that names no role (an eos key, a list) leaves it to the
//   derivation, and means the end of a sequence where that says nothing;
// - an id that only separates sections of a reply stays a section end, whoever
//   declares it.
// Guesses by name join per role where no id has it; an id that the template
// writes within an assistant's turn is never guessed.
StopSet JoinStops(const JoinInput& input, std::vector<Finding>* findings);

// Whether SET holds more than openers of turns: strings, or ids of other roles.
bool HasEnd(const StopSet& set);

// Applies "+ID,-ID,…" in order. Throws Error (kUsage) where TEXT has another
// form, an added id is outside the vocabulary or a removed one is no stop.
void OverrideStops(std::string_view text, const Tokenizer& tokenizer,
                   StopSet* stops, std::vector<Finding>* findings);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_JOIN_H_
