// Text as a byte-level vocabulary sees it, and the way back to its source.
#ifndef FULLSTOP_TOKENIZER_NORMALIZED_TEXT_H_
#define FULLSTOP_TOKENIZER_NORMALIZED_TEXT_H_

#include <bitset>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace fullstop {

struct NormalizeOptions {
  // NFC as Hugging Face's tokenizers have it: by the tables of Unicode 9.
  // Later characters neither compose nor move.
  bool nfc = false;
  // Bytes that no token spells. An ill-formed sequence that has one becomes
  // U+FFFD; in well-formed text they stay.
  std::bitset<256> unspelt;
};

// A text's normal form. Costs a copy only where something changes: otherwise
// text() is the source itself, which must outlive the object.
class NormalizedText {
 public:
  NormalizedText(std::string_view source, const NormalizeOptions& options);
  NormalizedText(const NormalizedText&) = delete;
  NormalizedText& operator=(const NormalizedText&) = delete;

  std::string_view text() const {
    return changes_.empty() ? source_ : std::string_view(copy_);
  }
  // The bytes of the source that the bytes RANGE of text() came from.
  ByteRange SourceOf(const ByteRange& range) const;

 private:
  // Stretches that differ, in order; between them bytes are the same.
  struct Change {
    ByteRange text;
    ByteRange source;
  };
  void AddChange(const ByteRange& source, std::string_view replacement);

  std::string_view source_;
  std::string copy_;
  // How much of the source the copy covers.
  size_t copied_ = 0;
  std::vector<Change> changes_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_NORMALIZED_TEXT_H_
