// How an answer ends: whole, broken off, or so that its words don't say.
#ifndef FULLSTOP_DATA_ANSWER_END_H_
#define FULLSTOP_DATA_ANSWER_END_H_

#include <cstddef>
#include <string_view>

namespace fullstop {

enum class AnswerEnd {
  kWhole,     // with a sentence's end, a closing sign, an address
  kUnclear,   // without, as titles, lists, verse and short answers do too
  kDoubtful,  // the same, where other lines have one
  kBroken,    // in the middle of what its author else brings to an end
};

// TEXT is trimmed; OPEN_FENCE: a block of code begins in it and does not end.
// Weighs the last line against the others: who ends the sentences of a text
// ends the last one too; who writes list items or verses without a stop does
// not.
AnswerEnd EndOfAnswer(std::string_view text, bool open_fence);

// The bytes of a stretch of TEXT that is one text over and over, and long
// enough for no writer; empty where there is none. It may stand anywhere.
std::string_view FindLoop(std::string_view text);

// The unit that LOOP, which FindLoop found, repeats.
std::string_view UnitOfLoop(std::string_view loop);

}  // namespace fullstop

#endif  // FULLSTOP_DATA_ANSWER_END_H_
