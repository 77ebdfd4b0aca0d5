// Cuts a text into the pieces that merges never cross.
#ifndef FULLSTOP_TOKENIZER_SPLITTER_H_
#define FULLSTOP_TOKENIZER_SPLITTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fullstop {

// One step of a pre-tokenizer: each match is a piece of its own and so is each
// gap between matches (Hugging Face's behaviour "Isolated", or "Contiguous").
struct SplitStep {
  // In the language of split_pattern.h.
  std::string_view pattern = {};
  // Whether matches with no gap between them are one piece.
  bool contiguous = false;
  // The step looks at bytes, each as the character that stands for it in
  // byte-level vocabularies (byte_alphabet.h), not at characters.
  bool on_bytes = false;
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

  // The end of each piece, in bytes, ascending; the last is TEXT's size. Any
  // bytes are accepted: an ill-formed sequence is split as U+FFFD would be.
  // Each step sees a piece of the step before as a whole text. Linear in TEXT
  // for the patterns of pre_tokenizers.h. Throws Error (kLimit) past 4 GiB.
  std::vector<uint32_t> Split(std::string_view text) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_SPLITTER_H_
