#ifndef FULLSTOP_JINJA_VALUE_H_
#define FULLSTOP_JINJA_VALUE_H_

#include <cstdint>

namespace fullstop::jinja {

// Where a value came from: 0 is the template itself; other numbers are the
// caller's, who keeps what each means. Strings carry an origin per run of
// bytes; numbers, lists and dicts carry one each, which their printed form (and
// the punctuation of tojson) takes.
using Origin = uint32_t;
inline constexpr Origin kTemplateOrigin = 0;

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_VALUE_H_
