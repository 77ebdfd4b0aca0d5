// Python's bytes, as far as templates come by them: str.encode, int.to_bytes.
#ifndef FULLSTOP_JINJA_BYTES_H_
#define FULLSTOP_JINJA_BYTES_H_

#include "jinja/runtime.h"

namespace fullstop::jinja {

// str.encode: UTF-8, ASCII and Latin-1, strict.
Value EncodeText(Runtime* runtime, const Value& self, Arguments* arguments);
Value IntToBytes(Runtime* runtime, const Value& self, Arguments* arguments);
Value IntFromBytes(Runtime* runtime, const Value& self, Arguments* arguments);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_BYTES_H_
