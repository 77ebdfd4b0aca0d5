// A pile-up of answers at one length: a generator's limit cut them off.
#ifndef FULLSTOP_DATA_LENGTH_PILEUP_H_
#define FULLSTOP_DATA_LENGTH_PILEUP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "data/answer_end.h"

namespace fullstop {

// Where a data set's answers were cut.
struct CutOff {
  size_t from = 0;     // pieces, about a token each,
  size_t to = 0;       // and less than these
  size_t answers = 0;  // so many answers are so long,
  size_t open = 0;     // and so many of them have no end
  bool wide = false;   // of answers in Chinese, Japanese, Korean
};

// The length of an answer.
struct AnswerLength {
  uint32_t pieces = 0;  // about its tokens; 0 where no limit cuts so early
  uint32_t characters = 0;
  bool wide = false;  // in a script of East Asia
};
AnswerLength LengthOf(std::string_view text);

// Counts answers by their length in pieces, of which a limit in tokens cuts at
// nearly one value, and by how they end. Those in the scripts of East Asia, of
// which a token holds less, apart. One thread.
class LengthPileup {
 public:
  void Add(const AnswerLength& length, AnswerEnd end);
  // What OTHER has counted, which is empty then.
  void Take(LengthPileup* other);

  // The lengths at which many more answers lack an end than among shorter ones,
  // and beyond which few are; each within 9 %.
  std::vector<CutOff> CutOffs() const;

  // How many times likelier an answer of about LENGTH is to break off than
  // another; 1 where that is not known.
  double OddsOfCut(const AnswerLength& length) const;

  // Of a 16th of an octave.
  static constexpr size_t kBins = 16 * 27;

 private:
  struct Count {
    size_t answers = 0;
    size_t open = 0;
    size_t broken = 0;

    void Add(const Count& other);
  };
  using Counts = std::array<Count, kBins>;

  void Find(bool wide, std::vector<CutOff>* cut_offs) const;
  static double Odds(const Counts& counts, const Count& all, size_t bin);

  // By script.
  std::array<Counts, 2> pieces_ = {};
  std::array<Counts, 2> characters_ = {};
  std::array<Count, 2> all_ = {};
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_LENGTH_PILEUP_H_
