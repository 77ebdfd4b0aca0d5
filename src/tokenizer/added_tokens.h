// Finds added and control tokens in a text, before it is cut into pieces.
#ifndef FULLSTOP_TOKENIZER_ADDED_TOKENS_H_
#define FULLSTOP_TOKENIZER_ADDED_TOKENS_H_

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/aligned_text.h"
#include "tokenizer/prefix_trie.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

// A trie over the tokens' spellings. Any number of threads may read.
class AddedTokens {
 public:
  // An empty TEXT is ignored; of two equal ones the lower id counts.
  // IS_CONTROL: matched within control ranges only.
  struct Entry {
    std::string_view text;
    TokenId id;
    bool is_control = false;
    bool lstrip = false;
    bool rstrip = false;
    bool single_word = false;
  };
  explicit AddedTokens(std::vector<Entry> entries);

  bool empty() const { return entries_.empty(); }

  // A token, or (-1) what is between two.
  struct Segment {
    ByteRange range;
    TokenId id = -1;
  };
  // TEXT from left to right: at each place the longest token, with the white
  // space that it swallows. TEXT's source begins at OFFSET of the text that
  // OPTIONS speak of.
  std::vector<Segment> Split(const AlignedText& text, size_t offset,
                             const EncodeOptions& options) const;

 private:
  struct Match {
    size_t begin;
    size_t end;
    const Entry* entry;
  };
  // The leftmost match that begins at FROM or later; of several there, the
  // longest.
  std::optional<Match> Find(const AlignedText& text, size_t from, size_t offset,
                            const EncodeOptions& options) const;

  std::vector<Entry> entries_;
  PrefixTrie trie_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_ADDED_TOKENS_H_
