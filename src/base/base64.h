// Base64 (RFC 4648, section 4).
#ifndef FULLSTOP_BASE_BASE64_H_
#define FULLSTOP_BASE_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace fullstop {

// The bytes that TEXT spells; nullopt if it has a character of another
// alphabet, white space among them, or an impossible length. The padding may be
// missing.
std::optional<std::string> FromBase64(std::string_view text);

std::string ToBase64(std::string_view bytes);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_BASE64_H_
