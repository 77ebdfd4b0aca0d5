#include "doctor/bans.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <string_view>
#include <system_error>

#include "doctor/ends.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

// At this bias the odds of an id fall to a twenty-thousandth.
constexpr double kBan = -10;

bool IsBan(const Json& bias) {
  return bias.is_number() && bias.get<double>() <= kBan;
}

std::optional<int64_t> OnlyId(const Json& ids) {
  const bool is_one =
      ids.is_array() && ids.size() == 1 && ids.front().is_number_integer();
  return is_one ? std::optional(ids.front().get<int64_t>()) : std::nullopt;
}

// "(7,)", as Python prints the keys of a map.
std::optional<int64_t> OnlyIdOfKey(std::string_view key) {
  constexpr std::string_view kDigits = "0123456789";
  const size_t begin = key.find_first_of(kDigits);
  if (begin == std::string_view::npos) return std::nullopt;
  int64_t id = 0;
  const auto read =
      std::from_chars(key.data() + begin, key.data() + key.size(), id);
  const std::string_view rest(read.ptr, key.data() + key.size());
  const bool is_one = read.ec == std::errc() &&
                      rest.find_first_of(kDigits) == std::string_view::npos;
  return is_one ? std::optional(id) : std::nullopt;
}

// What an entry of a list bans: [id] alone, or [[id], bias].
std::optional<int64_t> BannedBy(const Json& entry) {
  if (!entry.is_array() || entry.size() != 2 || !entry.front().is_array()) {
    return OnlyId(entry);
  }
  return IsBan(entry.back()) ? OnlyId(entry.front()) : std::nullopt;
}

// SEQUENCES (a list of entries, a map of biases, a list of such maps) without
// the bans of single ids for which DROP holds.
Json Filtered(const Json& sequences, const std::function<bool(int64_t)>& drop) {
  if (!sequences.is_structured()) return sequences;
  Json left = sequences.is_object() ? Json::object() : Json::array();
  for (const auto& [key, value] : sequences.items()) {
    if (sequences.is_object()) {
      const auto id = IsBan(value) ? OnlyIdOfKey(key) : std::nullopt;
      if (!id || !drop(*id)) left[key] = value;
    } else if (value.is_object()) {
      if (Json map = Filtered(value, drop); !map.empty()) left.push_back(map);
    } else {
      const auto id = BannedBy(value);
      if (!id || !drop(*id)) left.push_back(value);
    }
  }
  return left;
}

std::string WhereSuppressed(const Target& target) {
  const HfFolder* folder = target.vocabulary().folder();
  if (folder == nullptr) return "tokenizer.ggml.suppress_tokens";
  const bool in_generation =
      folder->generation_config().contains("suppress_tokens");
  return std::string(in_generation ? "generation_config" : "config") +
         ".json: suppress_tokens";
}

bool IsAskedFor(const Target& target, int64_t id) {
  return std::ranges::any_of(
      target.sources().stops,
      [id, asked = GenerationSource(target)](const DeclaredStop& stop) {
        return stop.id == id && stop.from.provenance == asked;
      });
}

}  // namespace

std::vector<Ban> Bans(const Target& target) {
  std::vector<Ban> bans;
  for (const int64_t id : target.sources().suppressed) {
    bans.push_back({id, WhereSuppressed(target)});
  }
  const HfFolder* folder = target.vocabulary().folder();
  if (folder == nullptr) return bans;
  for (const char* name : {kSequenceBias, kBadWords}) {
    const auto field = folder->generation_config().find(name);
    if (field == folder->generation_config().end()) continue;
    Filtered(*field, [&](int64_t id) {
      bans.push_back({id, std::string("generation_config.json: ") + name,
                      name == kBadWords && IsAskedFor(target, id)});
      return false;
    });
  }
  return bans;
}

Json WithoutBan(const Json& sequences, int64_t id) {
  return Filtered(sequences, [id](int64_t banned) { return banned == id; });
}

}  // namespace fullstop
