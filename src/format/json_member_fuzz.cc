// Changes a member of the input, where that is a JSON object.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "format/json_file.h"
#include "format/json_member.h"

namespace {

using Json = nlohmann::ordered_json;

void Check(std::string_view text, const Json& before, const std::string& key) {
  Json changed = before;
  changed[key] = {7, 8};
  if (fullstop::ParseJson(fullstop::SetJsonMember(text, key, {7, 8}), "") !=
      changed) {
    std::abort();
  }
  changed.erase(key);
  if (fullstop::ParseJson(fullstop::RemoveJsonMember(text, key), "") !=
      changed) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Of other texts nothing is asked but that they do no harm.
  fullstop::FindJsonMember(text, "a");
  Json before;
  try {
    before = fullstop::ParseJson(text, "");
  } catch (const fullstop::Error&) {
    return 0;
  }
  if (!before.is_object()) return 0;
  Check(text, before, "a");
  if (!before.empty()) Check(text, before, before.begin().key());
  return 0;
}
