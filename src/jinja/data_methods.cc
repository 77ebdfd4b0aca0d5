// The methods of lists, tuples, dicts and numbers, and how methods are found.
#include <charconv>
#include <cmath>

#include "jinja/arguments.h"
#include "jinja/bytes.h"
#include "jinja/compare.h"
#include "jinja/methods.h"
#include "jinja/number.h"
#include "jinja/text_ops.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;

// Stands for a method that changes its object, which the sandbox forbids.
Value Forbidden(Runtime*, const Value&, Arguments*) {
  Fail("a template may not change a list or a dict");
}

Value CountItems(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [wanted] = BindPositional<1>("count", arguments, 1);
  runtime->Charge(self.AsItems().size() / 4);
  int64_t count = 0;
  for (const Value& item : self.AsItems()) {
    count += Identical(item, wanted) || Equal(item, wanted);
  }
  return Value::Int(count);
}

Value IndexOfItem(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [wanted, start, stop] = BindPositional<3>("index", arguments, 1);
  const std::vector<Value>& items = self.AsItems();
  runtime->Charge(items.size() / 4);
  const int64_t size = static_cast<int64_t>(items.size());
  const auto clamp = [size](int64_t at) {
    return at < 0 ? std::max<int64_t>(0, at < -size ? 0 : at + size)
                  : std::min(at, size);
  };
  const int64_t from = clamp(IntArgument("start", start, 0));
  const int64_t to = clamp(IntArgument("stop", stop, size));
  for (int64_t i = from; i < to; ++i) {
    const Value& item = items[static_cast<size_t>(i)];
    if (Identical(item, wanted) || Equal(item, wanted)) return Value::Int(i);
  }
  Fail("the value to index is not there");
}

Value CopySelf(Runtime* runtime, const Value& self, Arguments* arguments) {
  BindNothing("copy", arguments);
  if (self.is_dict()) {
    runtime->ChargeItems(self.AsDict().size());
    return Value::Map(self.AsDict(), self.origin());
  }
  return Value::List(ToList(runtime, self), self.origin());
}

Value Get(Runtime*, const Value& self, Arguments* arguments) {
  const auto [key, fallback] = BindPositional<2>("get", arguments, 1);
  const Value* found = self.AsDict().Find(key);
  if (found != nullptr) return *found;
  return fallback.is_missing() ? Value() : fallback;
}

template <DictViewKind kKind>
Value View(Runtime*, const Value& self, Arguments* arguments) {
  BindNothing("a dict's method", arguments);
  return MakeDictView(self, kKind);
}

Value BitLength(Runtime*, const Value& self, Arguments* arguments) {
  BindNothing("bit_length", arguments);
  return Value::Int(static_cast<int64_t>(ToBigInt(self).BitLength()),
                    self.origin());
}

Value BitCount(Runtime*, const Value& self, Arguments* arguments) {
  BindNothing("bit_count", arguments);
  return Value::Int(static_cast<int64_t>(ToBigInt(self).BitCount()),
                    self.origin());
}

Value Same(Runtime* runtime, const Value& self, Arguments* arguments) {
  BindNothing("conjugate", arguments);
  return OperateUnary(runtime, false, self);
}

Value Ratio(Runtime* runtime, const Value& self, Arguments* arguments) {
  BindNothing("as_integer_ratio", arguments);
  if (self.tag() != Tag::kFloat) {
    return Value::Tuple(
        {OperateUnary(runtime, false, self), Value::Int(1, self.origin())},
        self.origin());
  }
  double real = self.AsFloat();
  if (!std::isfinite(real)) Fail("an infinite number or NaN has no ratio");
  uint64_t doublings = 0;
  while (real != std::trunc(real)) {
    real *= 2;
    ++doublings;
  }
  return Value::Tuple(
      {TruncateFloat(real, self.origin()),
       Value::Big(BigInt::Pow(BigInt(2), doublings), self.origin())},
      self.origin());
}

Value IsWhole(Runtime*, const Value& self, Arguments* arguments) {
  BindNothing("is_integer", arguments);
  const double real = self.AsFloat();
  return Value::Bool(std::isfinite(real) && real == std::trunc(real));
}

// 0x1.8000000000000p+1, with all 13 digits of the mantissa.
Value Hex(Runtime*, const Value& self, Arguments* arguments) {
  BindNothing("hex", arguments);
  const double real = self.AsFloat();
  if (!std::isfinite(real)) {
    return Value::String(FloatRepr(real), self.origin());
  }
  std::string out = std::signbit(real) ? "-" : "";
  if (real == 0) return Value::String(out + "0x0.0p+0", self.origin());
  int exponent = 0;
  double mantissa = std::frexp(std::fabs(real), &exponent);
  // Subnormals keep the smallest exponent and a leading 0.
  const int shift = 1 - std::max(0, -1021 - exponent);
  mantissa = std::ldexp(mantissa, shift);
  exponent -= shift;
  const auto digit = [&mantissa]() {
    const int value = static_cast<int>(mantissa);
    mantissa = (mantissa - value) * 16;
    return "0123456789abcdef"[value];
  };
  out += "0x";
  out += digit();
  out += '.';
  for (int i = 0; i < 13; ++i) out += digit();
  out += exponent < 0 ? "p-" : "p+";
  out += std::to_string(std::abs(exponent));
  return Value::String(std::move(out), self.origin());
}

Value FromHex(Runtime*, const Value&, Arguments* arguments) {
  const auto [text] = BindPositional<1>("fromhex", arguments, 1);
  const Text whole =
      Strip(TextArgument("the number", text), nullptr, true, true);
  std::string_view digits = whole.view();
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    digits.remove_prefix(2);
  }
  double value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(),
                                   value, std::chars_format::hex);
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) {
    Fail("fromhex needs a hexadecimal number that a float can hold");
  }
  return Value::Float(negative ? -value : value, text.origin());
}

const MethodEntry* FindIn(std::span<const MethodEntry> methods,
                          std::string_view name) {
  for (const MethodEntry& method : methods) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

// Attributes of numbers and groups that are no methods.
Value FindPlain(const Value& object, std::string_view name) {
  if (object.is_tuple() &&
      static_cast<const SequenceObject*>(object.object())->group()) {
    if (name == "grouper") return object.AsItems()[0];
    if (name == "list") return object.AsItems()[1];
  }
  const bool is_float = object.tag() == Tag::kFloat;
  if (!is_float && !IsInt(object)) return Value::Missing();
  if (name == "real" || (name == "numerator" && !is_float)) {
    return object.is_bool() ? Value::Int(object.AsBool(), object.origin())
                            : object;
  }
  if (name == "imag") {
    return is_float ? Value::Float(0, object.origin())
                    : Value::Int(0, object.origin());
  }
  if (name == "denominator" && !is_float) {
    return Value::Int(1, object.origin());
  }
  return Value::Missing();
}

}  // namespace

std::span<const MethodEntry> ListMethods() {
  static constexpr MethodEntry kMethods[] = {
      {"append", Forbidden, false}, {"clear", Forbidden, false},
      {"copy", CopySelf},           {"count", CountItems},
      {"extend", Forbidden, false}, {"index", IndexOfItem},
      {"insert", Forbidden, false}, {"pop", Forbidden, false},
      {"remove", Forbidden, false}, {"reverse", Forbidden, false},
      {"sort", Forbidden, false},
  };
  return kMethods;
}

std::span<const MethodEntry> TupleMethods() {
  static constexpr MethodEntry kMethods[] = {{"count", CountItems},
                                             {"index", IndexOfItem}};
  return kMethods;
}

std::span<const MethodEntry> DictMethods() {
  static constexpr MethodEntry kMethods[] = {
      {"clear", Forbidden, false},
      {"copy", CopySelf},
      {"fromkeys", DictFromKeys},
      {"get", Get},
      {"items", View<DictViewKind::kItems>},
      {"keys", View<DictViewKind::kKeys>},
      {"pop", Forbidden, false},
      {"popitem", Forbidden, false},
      {"setdefault", Forbidden, false},
      {"update", Forbidden, false},
      {"values", View<DictViewKind::kValues>},
  };
  return kMethods;
}

std::span<const MethodEntry> IntMethods() {
  static constexpr MethodEntry kMethods[] = {
      {"as_integer_ratio", Ratio},  {"bit_count", BitCount},
      {"bit_length", BitLength},    {"conjugate", Same},
      {"from_bytes", IntFromBytes}, {"to_bytes", IntToBytes}};
  return kMethods;
}

std::span<const MethodEntry> FloatMethods() {
  static constexpr MethodEntry kMethods[] = {{"as_integer_ratio", Ratio},
                                             {"conjugate", Same},
                                             {"fromhex", FromHex},
                                             {"hex", Hex},
                                             {"is_integer", IsWhole}};
  return kMethods;
}

const MethodEntry* LookupMethod(const Value& object, std::string_view name) {
  switch (object.tag()) {
    case Tag::kString: {
      const MethodEntry* found = FindIn(StringMethods(), name);
      if (found == nullptr) found = FindIn(StringTestMethods(), name);
      if (found == nullptr && object.is_markup()) {
        found = FindIn(MarkupMethods(), name);
      }
      return found;
    }
    case Tag::kList:
      return FindIn(ListMethods(), name);
    case Tag::kTuple:
      return FindIn(TupleMethods(), name);
    case Tag::kDict:
      return FindIn(DictMethods(), name);
    case Tag::kBool:
    case Tag::kInt:
    case Tag::kBigInt:
      return FindIn(IntMethods(), name);
    case Tag::kFloat:
      return FindIn(FloatMethods(), name);
    default:
      return nullptr;
  }
}

Value FindMethod(const Value& object, std::string_view name) {
  const MethodEntry* method = LookupMethod(object, name);
  if (method == nullptr) return FindPlain(object, name);
  if (!method->safe) {
    return Value::Undefined("access to attribute '" + std::string(name) +
                            "' of a " + TypeName(object) +
                            " is unsafe: a template may not change it");
  }
  return MakeCallable(object, method->apply);
}

}  // namespace fullstop::jinja
