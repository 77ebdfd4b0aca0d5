// How the answers of a file end, all together: what no row can say of itself.
#ifndef FULLSTOP_DATA_FILE_ENDS_H_
#define FULLSTOP_DATA_FILE_ENDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "data/answer_end.h"
#include "data/length_pileup.h"
#include "data/raw_row.h"
#include "data/word_ends.h"

namespace fullstop {

// Of two kinds: by the length at which answers end, and by the word. Needs 28
// bytes an answer that ends unclearly, up to 7 MiB; then it forgets the shorter
// ones. One thread.
class FileEnds {
 public:
  // TEXT, trimmed, is an answer of ROW and ends as END says.
  void Add(std::string_view text, AnswerEnd end, const RawRow& row);
  // What OTHER has seen, which is empty then.
  void Take(FileEnds* other);

  std::vector<CutOff> CutOffs() const { return lengths_.CutOffs(); }

  struct Broken {
    size_t line = 0;
    size_t number = 0;  // of the row
    bool at_length = false;
  };
  // The rows with answers that break off though their own words don't say so,
  // once each, in order.
  std::vector<Broken> BrokenOff(const std::vector<CutOff>& cut_offs) const;

 private:
  struct Unclear {
    uint32_t line = 0;
    uint32_t number = 0;
    AnswerLength length;
    bool doubtful = false;
    LastUnits last;
  };

  void Forget();
  double OddsOfCut(const Unclear& answer) const;

  LengthPileup lengths_;
  WordEnds words_;
  // How many answers end in each way, by AnswerEnd.
  std::array<size_t, 4> ends_ = {};
  std::vector<Unclear> unclear_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_FILE_ENDS_H_
