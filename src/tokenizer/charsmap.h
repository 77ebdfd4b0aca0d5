// SentencePiece's precompiled map of characters, and two ways to apply it.
//
// The bytes: the length of a trie in bytes (u32, little endian), the trie (a
// double array of u32: darts-clone's), and texts that each end with a zero. The
// trie holds character sequences; its values are places in the texts.
#ifndef FULLSTOP_TOKENIZER_CHARSMAP_H_
#define FULLSTOP_TOKENIZER_CHARSMAP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/aligned_text.h"

namespace fullstop {

// Immutable; any number of threads may read.
class Charsmap {
 public:
  // Copies what it needs of BYTES. Throws Error (kFormat) where they are no
  // map.
  explicit Charsmap(std::string_view bytes);

  struct Rule {
    size_t length;  // of the sequence found, in bytes
    std::string_view replacement;
  };
  // The rules for the longest and the shortest sequence that TEXT begins with.
  std::optional<Rule> Longest(std::string_view text) const;
  std::optional<Rule> Shortest(std::string_view text) const;

  // As Hugging Face's tokenizers apply it: to each cluster of graphemes shorter
  // than six bytes as a whole, else to each character; of several sequences
  // that fit the shortest counts, and the whole is replaced.
  void ApplyToClusters(AlignedText* text) const;

 private:
  // Calls VISIT(length, value) for each sequence, shorter ones first, until it
  // returns false.
  template <typename Visit>
  void Search(std::string_view text, Visit visit) const;
  std::string_view TextAt(uint32_t place) const;

  std::vector<uint32_t> units_;
  std::string texts_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_CHARSMAP_H_
