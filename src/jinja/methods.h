// The methods of str, list, tuple, dict, int and float.
#ifndef FULLSTOP_JINJA_METHODS_H_
#define FULLSTOP_JINJA_METHODS_H_

#include <span>
#include <string_view>

#include "jinja/runtime.h"

namespace fullstop::jinja {

struct MethodEntry {
  std::string_view name;
  Value (*apply)(Runtime* runtime, const Value& self, Arguments* arguments);
  // Whether the sandbox lets templates use it; what changes its object is not.
  bool safe = true;
};

// nullptr where OBJECT has no such method.
const MethodEntry* LookupMethod(const Value& object, std::string_view name);
// The method or other attribute NAME of plain data as a value; an undefined
// where the sandbox refuses it; missing where there is none.
Value FindMethod(const Value& object, std::string_view name);

std::span<const MethodEntry> StringMethods();      // that change or find
std::span<const MethodEntry> StringTestMethods();  // isalpha and its like
std::span<const MethodEntry> MarkupMethods();      // that no plain str has
std::span<const MethodEntry> ListMethods();
std::span<const MethodEntry> TupleMethods();
std::span<const MethodEntry> DictMethods();
std::span<const MethodEntry> IntMethods();
std::span<const MethodEntry> FloatMethods();

// dict.items(), keys() and values() of DICT.
enum class DictViewKind { kKeys, kValues, kItems };
Value MakeDictView(Value dict, DictViewKind kind);
// range(START, STOP, STEP); STEP is not 0.
Value MakeRange(int64_t start, int64_t stop, int64_t step);
// A slice of a range, whose bounds were made whole already.
Value SliceOfRange(const Value& range, int64_t start, int64_t stop,
                   int64_t step);

// dict.fromkeys and dict().
Value DictFromKeys(Runtime* runtime, const Value& self, Arguments* arguments);
Dict MakeDict(Runtime* runtime, Arguments* arguments);

// self.join(items).
Value JoinText(Runtime* runtime, const Value& separator, const Value& items,
               bool convert);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_METHODS_H_
