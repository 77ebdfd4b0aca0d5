// Cuts a normalised text into the pieces that merges never cross, as
// Hugging Face's pre-tokenizers do.
#ifndef FULLSTOP_TOKENIZER_SEGMENTER_H_
#define FULLSTOP_TOKENIZER_SEGMENTER_H_

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tokenizer/aligned_text.h"
#include "tokenizer/splitter.h"

namespace fullstop {

// Rewrites each piece: a space becomes MARK, and MARK is put before a piece
// that does not begin with it: each, or only one at the start of the text.
struct SpaceStep {
  std::string_view mark;
  SpacePrefix prefix = SpacePrefix::kNever;

  bool operator==(const SpaceStep&) const = default;
};

using PreTokenizerStep = std::variant<SplitStep, SpaceStep>;

// The steps of one vocabulary. Immutable; any number of threads may call.
class Segmenter {
 public:
  // Throws as Splitter's constructor does.
  explicit Segmenter(const std::vector<PreTokenizerStep>& steps);

  // Cuts *PIECES of TEXT, and rewrites both. OFFSET: where TEXT's source begins
  // in the text that is encoded.
  void Cut(size_t offset, AlignedText* text,
           std::vector<PieceRange>* pieces) const;

 private:
  struct Space {
    std::string mark;
    SpacePrefix prefix;
  };
  static void Rewrite(const Space& space, size_t offset, AlignedText* text,
                      std::vector<PieceRange>* pieces);

  std::vector<std::variant<Splitter, Space>> stages_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_SEGMENTER_H_
