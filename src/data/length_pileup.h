// A pile-up of answers at one length: a generator's limit cut them off.
#ifndef FULLSTOP_DATA_LENGTH_PILEUP_H_
#define FULLSTOP_DATA_LENGTH_PILEUP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "data/answer_end.h"
#include "data/raw_row.h"

namespace fullstop {

// Where a data set's answers were cut.
struct CutOff {
  size_t from = 0;     // pieces, about a token each,
  size_t to = 0;       // and less than these
  size_t answers = 0;  // so many answers are so long,
  size_t open = 0;     // and so many of them have no end
  bool wide = false;   // of answers in Chinese, Japanese, Korean
};

// Counts answers by their length in pieces, of which a limit in tokens cuts at
// nearly one value, and by how they end. Those in the scripts of East Asia, of
// which a token holds less, apart. Needs 40 KiB, and 24 bytes an answer that
// ends unclearly, up to 6 MiB; then it forgets the shorter ones. One thread.
class LengthPileup {
 public:
  // TEXT, trimmed, is an answer of ROW and ends as END says.
  void Add(std::string_view text, AnswerEnd end, const RawRow& row);
  // What OTHER has counted, which is empty then.
  void Take(LengthPileup* other);

  // The lengths at which many more answers lack an end than among shorter ones,
  // and beyond which few are; each within 9 %.
  std::vector<CutOff> CutOffs() const;

  struct Unclear {
    size_t line = 0;
    size_t number = 0;  // of the row
    uint32_t pieces = 0;
    bool wide = false;
  };
  // The answers that end unclearly at a cut-off, in the order of their rows.
  std::vector<Unclear> AtCutOffs(const std::vector<CutOff>& cut_offs) const;

 private:
  // Bins of a 16th of an octave.
  static constexpr size_t kBins = 16 * 27;
  struct Count {
    size_t answers = 0;
    size_t open = 0;
  };

  void Find(bool wide, std::vector<CutOff>* cut_offs) const;
  void Forget();

  std::array<std::array<Count, kBins>, 2> counts_ = {};
  std::vector<Unclear> unclear_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_LENGTH_PILEUP_H_
