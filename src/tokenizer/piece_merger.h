// Merging by score: the table of pieces and the two ways to apply it.
#ifndef FULLSTOP_TOKENIZER_PIECE_MERGER_H_
#define FULLSTOP_TOKENIZER_PIECE_MERGER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "tokenizer/character_joins.h"
#include "tokenizer/string_index.h"

namespace fullstop {

// The pieces that text may be cut into. Holds views; any number of threads may
// read.
class PieceTable {
 public:
  // CAPACITY: how many pieces will be added at most.
  explicit PieceTable(size_t capacity);

  // The first id added for a text stays. IDs must come in ascending order.
  void Add(std::string_view text, TokenId id, float score);
  std::optional<TokenId> Find(std::string_view text) const {
    return index_.Find(text);
  }
  bool empty() const { return scores_.empty(); }
  // ID must have been added.
  float ScoreOf(TokenId id) const { return scores_[static_cast<size_t>(id)]; }

  // Whether a merge may cross the place between two characters.
  bool MayJoin(char32_t left, char32_t right) const {
    return joins_.MayJoin(left, right);
  }

  // Appends to *ENDS where parts of TEXT end, the last one with it, that no
  // piece reaches across: cut between characters that are pieces.
  void Cut(std::string_view text, std::vector<uint32_t>* ends) const {
    joins_.Cut(
        text,
        [this](const CodePoint&, std::string_view character) {
          return Find(character).has_value();
        },
        ends);
  }

 private:
  StringIndex index_;
  std::vector<float> scores_;
  CharacterJoins joins_;
};

// A piece or a single character, from the end of the part before.
struct PiecePart {
  uint32_t end;
  // -1: a character that is no piece.
  TokenId id;
  bool operator==(const PiecePart&) const = default;
};

// Starts from the characters of TEXT and joins the two neighbours that
// make the piece of highest score, the leftmost of equals, until none do. The
// plain form scans the text for each merge, O(n^2). The other cuts it where no
// piece reaches across and keeps a heap for each stretch. TEXT is shorter than
// 4 GiB.
std::vector<PiecePart> MergePiecesPlainly(const PieceTable& table,
                                          std::string_view text);
std::vector<PiecePart> MergePieces(const PieceTable& table,
                                   std::string_view text);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_PIECE_MERGER_H_
