// A text that is rewritten step by step, and the way back to its source.
#ifndef FULLSTOP_TOKENIZER_ALIGNED_TEXT_H_
#define FULLSTOP_TOKENIZER_ALIGNED_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace fullstop {

// Costs a copy of the text only once something changes: until then text() is
// the source itself, which must outlive the object. One thread.
class AlignedText {
 public:
  explicit AlignedText(std::string_view source) : source_(source) {}

  std::string_view text() const {
    return layers_.empty() ? source_ : std::string_view(copy_);
  }
  // The bytes of the source that the bytes RANGE of text() came from. Where
  // text was inserted, the empty range at that place.
  ByteRange SourceOf(ByteRange range) const;

  // One pass over text(). Ranges come in ascending order and do not overlap;
  // nothing changes before Commit.
  class Edits {
   public:
    explicit Edits(AlignedText* text) : target_(text) {}
    // Replaces the bytes RANGE of text(); an empty range inserts.
    void Replace(ByteRange range, std::string_view replacement);
    void Commit();

   private:
    AlignedText* target_;
    std::string next_;
    size_t copied_ = 0;  // how much of text() NEXT_ covers
    std::vector<std::pair<ByteRange, ByteRange>> changes_;
  };

 private:
  // Stretches that differ, in order: where they stand now, and where before.
  // Between them bytes are the same.
  using Layer = std::vector<std::pair<ByteRange, ByteRange>>;

  std::string_view source_;
  std::string copy_;
  std::vector<Layer> layers_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_ALIGNED_TEXT_H_
