// Values as calls write them that are not JSON: Python's literals, and objects
// with bare keys and quotes of their own.
#ifndef FULLSTOP_PROTOCOL_LITERAL_VALUE_H_
#define FULLSTOP_PROTOCOL_LITERAL_VALUE_H_

#include <nlohmann/json.hpp>
#include <optional>

#include "protocol/symbols.h"

namespace fullstop {

// TEXT as JSON, where it is one value: a text in quotation marks or in QUOTE
// (if that is not empty), a number, True, False, None or JSON's names of them,
// a list, a tuple, or a dict, whose keys may be bare words. Nested at most 64
// levels deep; nullopt for anything else.
std::optional<nlohmann::ordered_json> LiteralToJson(SymbolView text,
                                                    SymbolView quote);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_LITERAL_VALUE_H_
