// JSON out of training data, of which nobody knows how deep it is.
#ifndef FULLSTOP_DATA_SHALLOW_JSON_H_
#define FULLSTOP_DATA_SHALLOW_JSON_H_

#include <cstddef>
#include <string>

#include "format/json_file.h"

namespace fullstop {

// TEXT as a Json, nlohmann's or its ordered kind; discarded where it is no
// JSON, or nested deeper than those who print it can go. Pure.
template <typename Json>
Json ParseShallow(const std::string& text) {
  bool is_deep = false;
  const auto take = [&is_deep](int depth, typename Json::parse_event_t, Json&) {
    is_deep = is_deep || static_cast<size_t>(depth) > kMaxJsonDepth;
    return !is_deep;
  };
  Json parsed = Json::parse(text, take, /*allow_exceptions=*/false);
  if (is_deep) return Json(Json::value_t::discarded);
  return parsed;
}

}  // namespace fullstop

#endif  // FULLSTOP_DATA_SHALLOW_JSON_H_
