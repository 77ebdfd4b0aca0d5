// Values whose parts are written as the arguments themselves are: each between
// a tag with its key and one that closes it.
#ifndef FULLSTOP_PROTOCOL_TAGGED_VALUE_H_
#define FULLSTOP_PROTOCOL_TAGGED_VALUE_H_

#include <nlohmann/json.hpp>
#include <optional>

#include "protocol/symbols.h"

namespace fullstop {

// <key>value</key>: what stands before a key, behind it, before it again, and
// behind that.
struct TagMarks {
  const Symbols& open;
  const Symbols& open_end;
  const Symbols& close;
  const Symbols& close_end;
};

// An object of what TEXT holds; a list where all keys are the same and there
// are several, or where it is "item". nullopt where TEXT is no run of tags.
std::optional<nlohmann::ordered_json> ReadTaggedValue(SymbolView text,
                                                      const TagMarks& marks);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_TAGGED_VALUE_H_
