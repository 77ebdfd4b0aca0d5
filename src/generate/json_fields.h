// Typed reading and writing of the fields of JSON objects, for what this room
// writes down and reads back.
#ifndef FULLSTOP_GENERATE_JSON_FIELDS_H_
#define FULLSTOP_GENERATE_JSON_FIELDS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/token_id.h"

namespace fullstop {

// BYTES under KEY where they are valid UTF-8, else in hex under KEY + "_hex".
void PutBytes(std::string_view key, std::string_view bytes,
              nlohmann::ordered_json* json);

// A view of an object that must outlive it. A key that is absent or null gives
// what its function says; one of another type is an Error (kFormat) that names
// it.
class JsonFields {
 public:
  // Throws Error (kFormat) where JSON is no object; WHAT names it.
  JsonFields(const nlohmann::ordered_json& json, std::string_view what);

  // nullptr where absent.
  const nlohmann::ordered_json* Find(std::string_view key) const;
  // An array; nullptr where absent.
  const nlohmann::ordered_json* FindArray(std::string_view key) const;
  // What PutBytes wrote, or "".
  std::string Bytes(std::string_view key) const;
  // A string, or "".
  std::string Text(std::string_view key) const;
  // A whole number from 0 on.
  std::optional<uint64_t> MaybeCount(std::string_view key) const;
  uint64_t Count(std::string_view key) const {
    return MaybeCount(key).value_or(0);
  }
  std::optional<TokenId> MaybeId(std::string_view key) const;
  // An Error (kFormat) where absent.
  TokenId Id(std::string_view key) const;
  bool Flag(std::string_view key) const;
  std::optional<double> Number(std::string_view key) const;

  [[noreturn]] void Fail(std::string_view key, std::string_view problem) const;

 private:
  const nlohmann::ordered_json* json_;
  std::string what_;
};

// Throws Error (kFormat) where JSON is no token id; WHAT names it.
TokenId TokenIdFromJson(const nlohmann::ordered_json& json,
                        std::string_view what);

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_JSON_FIELDS_H_
