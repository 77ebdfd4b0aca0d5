#ifndef FULLSTOP_JINJA_STRFTIME_H_
#define FULLSTOP_JINJA_STRFTIME_H_

#include <ctime>

#include "jinja/text.h"

namespace fullstop::jinja {

// Python's datetime.fromtimestamp(TIME).strftime(FORMAT): local time without a
// zone, whole seconds. What replaces a directive has the directive's origin.
// Throws Error (kLimit) for a directive wider than 99 columns.
Text FormatTime(const Text& format, std::time_t time);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_STRFTIME_H_
