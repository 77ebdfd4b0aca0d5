#ifndef FULLSTOP_JINJA_PPRINT_H_
#define FULLSTOP_JINJA_PPRINT_H_

#include "jinja/runtime.h"

namespace fullstop::jinja {

// Python's pprint.pformat(VALUE): 80 columns, dicts sorted by key.
Text PrettyFormat(Runtime* runtime, const Value& value);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_PPRINT_H_
