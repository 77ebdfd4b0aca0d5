#include "jinja/host.h"

#include "base/error.h"
#include "jinja/compare.h"
#include "jinja/runtime.h"

namespace fullstop::jinja {

void HostObject::Repr(Runtime*, Text* out, Origin origin, int) const {
  out->Append("<" + std::string(type_name()) + " object>", origin);
}

Value HostObject::GetAttr(Runtime*, std::string_view) {
  return Value::Missing();
}

Value HostObject::GetItem(Runtime*, const Value&) { return Value::Missing(); }

Value HostObject::Call(Runtime*, Arguments*) { return Value::Missing(); }

Value HostObject::Iterate(Runtime*) { return Value::Missing(); }

Value HostObject::Reversed(Runtime*) { return Value::Missing(); }

std::optional<int64_t> HostObject::Length(Runtime*) { return std::nullopt; }

std::optional<bool> HostObject::Contains(Runtime* runtime, const Value& item) {
  const Value iterator = Iterate(runtime);
  if (iterator.is_missing()) return std::nullopt;
  return static_cast<Iterator*>(iterator.object())->Contains(runtime, item);
}

bool HostObject::Truth(Runtime* runtime) {
  const auto length = Length(runtime);
  return !length || *length != 0;
}

bool HostObject::Equals(const Value&, int) const { return false; }

std::optional<uint64_t> HostObject::HashValue() const {
  return reinterpret_cast<uintptr_t>(this) >> 4;
}

std::string TypeName(const Value& value) {
  switch (value.tag()) {
    case Value::Tag::kMissing:
    case Value::Tag::kUndefined:
      return "Undefined";
    case Value::Tag::kNone:
      return "NoneType";
    case Value::Tag::kBool:
      return "bool";
    case Value::Tag::kInt:
    case Value::Tag::kBigInt:
      return "int";
    case Value::Tag::kFloat:
      return "float";
    case Value::Tag::kString:
      return value.is_markup() ? "Markup" : "str";
    case Value::Tag::kList:
      return "list";
    case Value::Tag::kTuple:
      return "tuple";
    case Value::Tag::kDict:
      return "dict";
    case Value::Tag::kObject:
      break;
  }
  return std::string(HostOf(value)->type_name());
}

void FailUndefined(const Value& undefined) {
  Fail(static_cast<const UndefinedObject*>(undefined.object())->Message());
}

void Fail(std::string message) { throw Error::Template(std::move(message)); }

}  // namespace fullstop::jinja
