#include "generate/json_fields.h"

#include <limits>

#include "base/error.h"
#include "base/utf8.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kDigits = "0123456789abcdef";

std::string HexKey(std::string_view key) { return std::string(key) + "_hex"; }

// Numbers made in memory are signed where those read from a text are not.
std::optional<uint64_t> WholeNumber(const Json& json) {
  if (json.is_number_unsigned()) return json.get<uint64_t>();
  if (!json.is_number_integer() || json.get<int64_t>() < 0) return {};
  return static_cast<uint64_t>(json.get<int64_t>());
}

}  // namespace

void PutBytes(std::string_view key, std::string_view bytes, Json* json) {
  if (IsValidUtf8(bytes)) {
    (*json)[std::string(key)] = bytes;
    return;
  }
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  (*json)[HexKey(key)] = hex;
}

JsonFields::JsonFields(const Json& json, std::string_view what)
    : json_(&json), what_(what) {
  if (!json.is_object()) throw Error::Format(what_ + " is no JSON object");
}

void JsonFields::Fail(std::string_view key, std::string_view problem) const {
  throw Error::Format("\"" + std::string(key) + "\" of " + what_ + " " +
                      std::string(problem));
}

const Json* JsonFields::Find(std::string_view key) const {
  const auto found = json_->find(std::string(key));
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

const Json* JsonFields::FindArray(std::string_view key) const {
  const Json* found = Find(key);
  if (found != nullptr && !found->is_array()) Fail(key, "is no array");
  return found;
}

std::string JsonFields::Text(std::string_view key) const {
  const Json* found = Find(key);
  if (found == nullptr) return "";
  if (!found->is_string()) Fail(key, "is no string");
  return found->get<std::string>();
}

std::string JsonFields::Bytes(std::string_view key) const {
  const std::string hex_key = HexKey(key);
  if (Find(hex_key) == nullptr) return Text(key);
  const std::string hex = Text(hex_key);
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    const size_t high = kDigits.find(hex[i]);
    const size_t low =
        i + 1 < hex.size() ? kDigits.find(hex[i + 1]) : std::string::npos;
    if (high == std::string::npos || low == std::string::npos) {
      Fail(hex_key, "is no text of pairs of hex digits");
    }
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::optional<uint64_t> JsonFields::MaybeCount(std::string_view key) const {
  const Json* found = Find(key);
  if (found == nullptr) return std::nullopt;
  const std::optional<uint64_t> number = WholeNumber(*found);
  if (!number) Fail(key, "is no whole number from 0 on");
  return number;
}

std::optional<TokenId> JsonFields::MaybeId(std::string_view key) const {
  const Json* found = Find(key);
  if (found == nullptr) return std::nullopt;
  return TokenIdFromJson(*found, "\"" + std::string(key) + "\" of " + what_);
}

TokenId JsonFields::Id(std::string_view key) const {
  const std::optional<TokenId> id = MaybeId(key);
  if (!id) Fail(key, "is missing");
  return *id;
}

bool JsonFields::Flag(std::string_view key) const {
  const Json* found = Find(key);
  if (found == nullptr) return false;
  if (!found->is_boolean()) Fail(key, "is neither true nor false");
  return found->get<bool>();
}

std::optional<double> JsonFields::Number(std::string_view key) const {
  const Json* found = Find(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_number()) Fail(key, "is no number");
  return found->get<double>();
}

TokenId TokenIdFromJson(const Json& json, std::string_view what) {
  constexpr auto kMax =
      static_cast<uint64_t>(std::numeric_limits<TokenId>::max());
  const std::optional<uint64_t> number = WholeNumber(json);
  if (!number || *number > kMax) {
    throw Error::Format(std::string(what) + " is no token id");
  }
  return static_cast<TokenId>(*number);
}

}  // namespace fullstop
