// Cuts a text into the pieces that merges never cross.
#ifndef FULLSTOP_TOKENIZER_SPLITTER_H_
#define FULLSTOP_TOKENIZER_SPLITTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

// One step of a pre-tokenizer that cuts at the matches of a pattern.
struct SplitStep {
  // What becomes of matches and of the gaps between them (Hugging Face's names,
  // but for these: kIsolated and kContiguous make a piece of either).
  enum class Behavior {
    kIsolated,
    kContiguous,          // matches with no gap between them are one piece
    kRemoved,             // matches are in no piece
    kMergedWithPrevious,  // a match goes to the gap before it, if there is one
    kMergedWithNext,
  };
  // In the language of split_pattern.h.
  std::string_view pattern = {};
  Behavior behavior = Behavior::kIsolated;
  // Matches and gaps change places.
  bool invert = false;
  // The step looks at bytes, each as the character that stands for it in
  // byte-level vocabularies (byte_alphabet.h), not at characters.
  bool on_bytes = false;

  bool operator==(const SplitStep&) const = default;
};

// A part of a text, in bytes: one that merges never cross, or a token already.
struct PieceRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  TokenId id = -1;  // of a token; pre-tokenizers leave it alone

  bool operator==(const PieceRange&) const = default;
};

// The steps of one pre-tokenizer, compiled. Steps on bytes come last.
// Immutable; any number of threads may call. Moving is cheap.
class Splitter {
 public:
  // Throws Error (kUnsupported) for a pattern outside of the language.
  explicit Splitter(const std::vector<SplitStep>& steps);
  Splitter(Splitter&&) noexcept;
  Splitter& operator=(Splitter&&) noexcept;
  ~Splitter();

  // Cuts PIECES of TEXT, which are ascending, into smaller ones, none of them
  // empty. Any bytes are accepted: an ill-formed sequence is split as U+FFFD
  // would be. Each step sees a piece of the step before as a whole text. Linear
  // in TEXT for the patterns of pre_tokenizers.h. Throws Error (kLimit) past
  // 4 GiB.
  void Split(std::string_view text, std::vector<PieceRange>* pieces) const;
  // Of the whole TEXT.
  std::vector<PieceRange> Split(std::string_view text) const;

  // Where the first step's pattern matches.
  std::vector<ByteRange> Matches(std::string_view text) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A pattern that matches TEXT and nothing else.
std::string PatternOf(std::string_view text);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_SPLITTER_H_
