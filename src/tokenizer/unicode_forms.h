// Unicode's normal forms and what else is said of single characters, as
// Hugging Face's tokenizers have it: by the tables of Unicode 9, so that later
// characters neither decompose nor compose nor move.
#ifndef FULLSTOP_TOKENIZER_UNICODE_FORMS_H_
#define FULLSTOP_TOKENIZER_UNICODE_FORMS_H_

#include <bitset>

#include "tokenizer/aligned_text.h"

namespace fullstop {

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

// Linear in the text, but for sorting runs of marks. Ill-formed bytes stay.
void ToUnicodeForm(UnicodeForm form, AlignedText* text);

// Every character by itself, as of Unicode 17.
void ToLowerCase(AlignedText* text);

// Takes combining marks out.
void StripMarks(AlignedText* text);

// An ill-formed sequence that has one of the bytes UNSPELT becomes U+FFFD.
void ReplaceIllFormed(const std::bitset<256>& unspelt, AlignedText* text);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_UNICODE_FORMS_H_
