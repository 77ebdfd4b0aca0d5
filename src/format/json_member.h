// Where the members of a JSON object stand in its text, and changes of one of
// them that leave everything else as somebody wrote it.
#ifndef FULLSTOP_FORMAT_JSON_MEMBER_H_
#define FULLSTOP_FORMAT_JSON_MEMBER_H_

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace fullstop {

// Bytes of a text: the key from its first quote, the value to its end.
struct JsonMember {
  size_t key_begin = 0;
  size_t value_begin = 0;
  size_t end = 0;
};

// In all of these TEXT is an object that ParseJson takes, and KEY one of its
// own; of a key given twice the last one, as ParseJson reads it. Of any other
// text the result means nothing.

std::optional<JsonMember> FindJsonMember(std::string_view text,
                                         std::string_view key);

// TEXT with KEY having VALUE, in place or behind the last member; set out as
// the text is, in lines or in one.
std::string SetJsonMember(std::string_view text, std::string_view key,
                          const nlohmann::ordered_json& value);

// TEXT without KEY, however often it stands there.
std::string RemoveJsonMember(std::string_view text, std::string_view key);

// The line that BYTE is on, from 1.
size_t LineOfByte(std::string_view text, size_t byte);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_JSON_MEMBER_H_
