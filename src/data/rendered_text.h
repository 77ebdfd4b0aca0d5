// Texts that a template wrote, read back as turns.
#ifndef FULLSTOP_DATA_RENDERED_TEXT_H_
#define FULLSTOP_DATA_RENDERED_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "data/raw_row.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

// Knows what a protocol's template writes between two turns, from renderings
// of a few. Immutable; any number of threads may read.
class RenderedTextReader {
 public:
  explicit RenderedTextReader(const TurnProtocol& protocol);

  // Turns ROW, of layout kText and with one turn, into the turns of its text.
  // Where the template did not write it, ROW stays and gets a fault that says
  // so. Thoughts and calls stay in the texts.
  void Read(RawRow* row) const;

  // Whether TEXT is the beginning of what stands between two turns.
  bool BeginsGap(std::string_view text) const;

 private:
  // Who spoke last: a role, or nobody yet.
  static constexpr int kStart = -1;
  struct Gap {
    int from = kStart;
    RawRole to = RawRole::kUser;
    std::string text;
  };

  void Learn(const TurnProtocol& protocol, const std::vector<RawRole>& roles);
  void Add(int from, RawRole to, std::string text);
  // The gap of those behind FROM that stands first in TEXT from AT on, the
  // longest there; nullptr where none does. Sets AT to its place.
  const Gap* Next(int from, std::string_view text, size_t* at) const;

  std::vector<Gap> gaps_;
  // What stands behind the last answer, white space aside.
  std::string tail_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_RENDERED_TEXT_H_
