#ifndef FULLSTOP_TOKENIZER_SENTENCEPIECE_NORMALIZER_H_
#define FULLSTOP_TOKENIZER_SENTENCEPIECE_NORMALIZER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/aligned_text.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/prefix_trie.h"

namespace fullstop {

// SentencePiece's normaliser: from left to right the longest sequence of the
// map of characters is replaced, spaces are merged and marked, a space is put
// before the text. Ill-formed bytes stay. Any number of threads may call.
class SentencePieceNormalizer {
 public:
  // Throws Error (kFormat) for a bad map of characters.
  explicit SentencePieceNormalizer(const NormalizerStep& step);

  void Apply(AlignedText* text) const;

 private:
  struct Prefix {
    size_t length;  // in the source
    std::string_view text;
  };
  Prefix NextOf(std::string_view text) const;
  // How many bytes at the start of TEXT become spaces.
  size_t SpaceAtStart(std::string_view text) const;
  void Trim(AlignedText* text) const;

  std::optional<Charsmap> charsmap_;
  std::string kept_texts_;
  PrefixTrie kept_;
  bool merge_spaces_;
  bool space_before_;
  bool space_behind_;
  std::string space_;  // what a space becomes
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_SENTENCEPIECE_NORMALIZER_H_
