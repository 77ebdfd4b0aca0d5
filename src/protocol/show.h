// A protocol for eyes, for programs, and beside another one.
#ifndef FULLSTOP_PROTOCOL_SHOW_H_
#define FULLSTOP_PROTOCOL_SHOW_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "protocol/facts.h"

namespace fullstop {

// An object with the keys hash, bos, stops, specials, reasoning, tool_calls,
// sampling, template, findings. A stop has id, text, role and from: an array of
// "provenance: where".
nlohmann::ordered_json ToJson(const ProtocolFacts& facts);

// The inverse of ToJson. Throws Error (kFormat) naming the key that is missing
// or has a wrong type.
ProtocolFacts ProtocolFromJson(const nlohmann::ordered_json& json);

// Some lines of text, the ends first; ANSI colours where COLOUR.
std::string PrintProtocol(const ProtocolFacts& facts, bool colour);

// What differs, a sentence each, ends first; empty where the hashes agree and
// sampling too. Provenance and findings are not compared.
std::vector<std::string> CompareProtocols(const ProtocolFacts& a,
                                          const ProtocolFacts& b);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_SHOW_H_
