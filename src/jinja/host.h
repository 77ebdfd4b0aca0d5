// What a running template makes besides plain data: iterators, ranges, macros,
// loops, namespaces. Nothing of the host lies behind them.
#ifndef FULLSTOP_JINJA_HOST_H_
#define FULLSTOP_JINJA_HOST_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jinja/objects.h"
#include "jinja/value.h"

namespace fullstop::jinja {

class Runtime;

// Of one call, in Python's sense.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// Behind a Value of Tag::kObject. The defaults are those of a plain Python
// object: no attributes, not callable, not iterable, equal to itself alone.
class HostObject : public Object {
 public:
  // As type(x).__name__.
  virtual std::string_view type_name() const = 0;
  virtual void Repr(Runtime* runtime, Text* out, Origin origin,
                    int depth) const;
  // Missing where there is no such attribute. NAME has no leading underscore.
  virtual Value GetAttr(Runtime* runtime, std::string_view name);
  // Missing where there is no such item, or no items at all.
  virtual Value GetItem(Runtime* runtime, const Value& key);
  virtual bool has_items() const { return false; }
  virtual bool callable() const { return false; }
  virtual Value Call(Runtime* runtime, Arguments* arguments);
  // An Iterator, or missing.
  virtual Value Iterate(Runtime* runtime);
  virtual Value Reversed(Runtime* runtime);
  virtual std::optional<int64_t> Length(Runtime* runtime);
  virtual std::optional<bool> Contains(Runtime* runtime, const Value& item);
  virtual bool Truth(Runtime* runtime);
  virtual bool Equals(const Value& other, int depth) const;
  virtual std::optional<uint64_t> HashValue() const;
};

inline HostObject* HostOf(const Value& value) {
  return value.tag() == Value::Tag::kObject
             ? static_cast<HostObject*>(value.object())
             : nullptr;
}

// Python's iterator: handed out once, used up as it goes.
class Iterator : public HostObject {
 public:
  // False at the end, ITEM untouched.
  virtual bool Next(Runtime* runtime, Value* item) = 0;
  Value Iterate(Runtime* runtime) override;
  std::optional<bool> Contains(Runtime* runtime, const Value& item) override;
};

// keys() and items() of dicts are ordered as sets; nullopt for all else.
std::optional<std::partial_ordering> CompareViews(const Value& a,
                                                  const Value& b);
// As type(x).__name__.
std::string TypeName(const Value& value);
[[noreturn]] void FailUndefined(const Value& undefined);
// Throws Error (kTemplate) of MESSAGE.
[[noreturn]] void Fail(std::string message);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_HOST_H_
