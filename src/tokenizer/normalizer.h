// What a text goes through before it is cut into pieces.
#ifndef FULLSTOP_TOKENIZER_NORMALIZER_H_
#define FULLSTOP_TOKENIZER_NORMALIZER_H_

#include <memory>
#include <string_view>
#include <vector>

#include "tokenizer/aligned_text.h"

namespace fullstop {

// One step. Most are Hugging Face's of the same name.
struct NormalizerStep {
  enum class Kind {
    kNfc,
    kNfd,
    kNfkc,
    kNfkd,
    kLowercase,
    kStripAccents,
    kStrip,           // white space, on the sides LEFT and RIGHT
    kPrepend,         // CONTENT, unless the text is empty
    kReplace,         // PATTERN, as it stands, by CONTENT
    kReplacePattern,  // PATTERN, in the language of split_pattern.h
    kCharsmap,        // CONTENT holds the bytes of charsmap.h
    kSentencePiece,   // SentencePiece's own; CONTENT as above, or empty
  };
  Kind kind;
  std::string_view pattern = {};
  std::string_view content = {};
  bool left = false;
  bool right = false;
  // Of kSentencePiece. Spaces at both ends go and a run of them is one.
  bool merge_spaces = false;
  // A space is put before the text, or behind it.
  bool space_before = false;
  bool space_behind = false;
  // A space becomes U+2581.
  bool mark_spaces = false;
  // Texts that stay as they are.
  std::vector<std::string_view> kept = {};
};

// The steps of one vocabulary. Immutable; any number of threads may call.
// Moving is cheap.
class Normalizer {
 public:
  // Copies what it needs. Throws Error: kFormat for a bad map of characters,
  // kUnsupported for a pattern outside of the language.
  explicit Normalizer(const std::vector<NormalizerStep>& steps);
  Normalizer(Normalizer&&) noexcept;
  Normalizer& operator=(Normalizer&&) noexcept;
  ~Normalizer();

  bool empty() const { return steps_.empty(); }
  void Apply(AlignedText* text) const;

 private:
  class Step;
  std::vector<std::unique_ptr<const Step>> steps_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_NORMALIZER_H_
