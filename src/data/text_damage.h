// Text that was decoded wrongly.
#ifndef FULLSTOP_DATA_TEXT_DAMAGE_H_
#define FULLSTOP_DATA_TEXT_DAMAGE_H_

#include <cstddef>
#include <string_view>

namespace fullstop {

// Whether the bytes with which a character begins may begin damage: a quick
// answer for a loop over many texts. FIRST is 0x80 or above.
bool MayBeDamage(unsigned char first);

// Whether damage begins at place AT of TEXT, valid UTF-8, where a character
// begins: U+FFFD, a C1 control, UTF-8 that was read as Latin-1, Windows-1252,
// Windows-1251 or GBK. Told by turning the characters back into the bytes that
// they were: words of a language hardly ever are UTF-8 then.
bool IsDamage(std::string_view text, size_t at);

}  // namespace fullstop

#endif  // FULLSTOP_DATA_TEXT_DAMAGE_H_
