#ifndef FULLSTOP_JINJA_TEXT_WRAP_H_
#define FULLSTOP_JINJA_TEXT_WRAP_H_

#include <cstdint>
#include <vector>

#include "jinja/runtime.h"

namespace fullstop::jinja {

// Python's textwrap.wrap of one paragraph to lines of at most WIDTH (> 0) code
// points, without its changes to tabs and white space.
std::vector<Text> WrapText(Runtime* runtime, const Text& text, int64_t width,
                           bool break_long_words, bool break_on_hyphens);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_TEXT_WRAP_H_
