// The filter tojson as transformers defines it: Python's json.dumps.
#ifndef FULLSTOP_JINJA_TOJSON_H_
#define FULLSTOP_JINJA_TOJSON_H_

#include "jinja/runtime.h"

namespace fullstop::jinja {

Value ToJsonFilter(Runtime* runtime, const Value& input, Arguments* arguments);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_TOJSON_H_
