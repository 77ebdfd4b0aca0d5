// The alphabet of byte-level vocabularies: a printable character for each
// byte, as GPT-2 introduced it. Printable Latin-1 bytes stand for themselves,
// the other 68 are U+0100, U+0101, … in ascending order.
#ifndef FULLSTOP_TOKENIZER_BYTE_ALPHABET_H_
#define FULLSTOP_TOKENIZER_BYTE_ALPHABET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fullstop {

char32_t CharacterOfByte(uint8_t byte);

// The bytes that TEXT spells; nullopt if a character of TEXT stands for none.
std::optional<std::string> BytesFromAlphabet(std::string_view text);

// The spelling of BYTES.
std::string BytesToAlphabet(std::string_view bytes);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_BYTE_ALPHABET_H_
