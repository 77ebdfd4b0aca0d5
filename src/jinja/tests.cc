// The tests behind "is".
#include "jinja/arguments.h"
#include "jinja/compare.h"
#include "jinja/filters.h"
#include "jinja/number.h"
#include "jinja/string_tests.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;
using Predicate = bool (*)(const Value&);

// A test that takes no argument.
template <Predicate kHolds>
bool Plain(Runtime*, const Value& input, Arguments* arguments) {
  BindNothing("the test", arguments);
  return kHolds(input);
}

template <CompareOp kOp>
bool Compares(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [other] = BindPositional<1>("the test", arguments, 1);
  return CompareWith(runtime, kOp, input, other);
}

bool LeavesRest(Runtime* runtime, const Value& input, const Value& divisor,
                int64_t rest) {
  return Equal(Operate(runtime, Arithmetic::kMod, input, divisor),
               Value::Int(rest));
}

template <int64_t kRest>
bool Parity(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("the test", arguments);
  return LeavesRest(runtime, input, Value::Int(2), kRest);
}

bool DivisibleBy(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [num] = Bind<1>("divisibleby", arguments, 1, {"num"});
  return LeavesRest(runtime, input, num, 0);
}

bool SameAs(Runtime*, const Value& input, Arguments* arguments) {
  const auto [other] = Bind<1>("sameas", arguments, 1, {"other"});
  return Identical(input, other);
}

bool In(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [seq] = Bind<1>("in", arguments, 1, {"seq"});
  return Contains(runtime, seq, input);
}

bool Iterable(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("the test", arguments);
  return !TryMakeIterator(runtime, input).is_missing();
}

template <bool (*kTest)(std::string_view)>
bool Cased(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("the test", arguments);
  return kTest(ToText(runtime, input).view());
}

// Whether INPUT names a filter or a test.
template <bool kFilter>
bool Exists(Runtime*, const Value& input, Arguments* arguments) {
  BindNothing("the test", arguments);
  if (!input.is_string()) {
    if (!Hash(input)) Fail("a name was expected, not " + TypeName(input));
    return false;
  }
  const std::string_view name = input.AsText().view();
  return kFilter ? FindFilter(name) != nullptr : FindTest(name) != nullptr;
}

bool Sequence(Runtime* runtime, const Value& value, Arguments* arguments) {
  BindNothing("the test", arguments);
  if (HostObject* host = HostOf(value)) {
    return host->has_items() && host->Length(runtime).has_value();
  }
  return value.is_string() || value.is_list() || value.is_tuple() ||
         value.is_dict() || value.is_undefined();
}

bool IsCallable(const Value& value) {
  const HostObject* host = HostOf(value);
  return value.is_undefined() || (host != nullptr && host->callable());
}

bool IsInteger(const Value& value) { return IsInt(value) && !value.is_bool(); }
bool IsFloat(const Value& value) { return value.tag() == Tag::kFloat; }
bool IsDefined(const Value& value) { return !value.is_undefined(); }
bool IsUndefined(const Value& value) { return value.is_undefined(); }
bool IsNone(const Value& value) { return value.is_none(); }
bool IsBoolean(const Value& value) { return value.is_bool(); }
bool IsTrue(const Value& value) { return value.is_bool() && value.AsBool(); }
bool IsFalse(const Value& value) { return value.is_bool() && !value.AsBool(); }
bool IsString(const Value& value) { return value.is_string(); }
bool IsMapping(const Value& value) { return value.is_dict(); }
bool IsAnyNumber(const Value& value) { return IsNumber(value); }
bool IsEscaped(const Value& value) { return value.is_markup(); }

}  // namespace

std::span<const TestEntry> Tests() {
  static constexpr TestEntry kTests[] = {
      {"defined", Plain<IsDefined>},
      {"none", Plain<IsNone>},
      {"string", Plain<IsString>},
      {"mapping", Plain<IsMapping>},
      {"iterable", Iterable},
      {"sequence", Sequence},
      {"undefined", Plain<IsUndefined>},
      {"true", Plain<IsTrue>},
      {"false", Plain<IsFalse>},
      {"boolean", Plain<IsBoolean>},
      {"number", Plain<IsAnyNumber>},
      {"integer", Plain<IsInteger>},
      {"float", Plain<IsFloat>},
      {"odd", Parity<1>},
      {"even", Parity<0>},
      {"divisibleby", DivisibleBy},
      {"in", In},
      {"sameas", SameAs},
      {"callable", Plain<IsCallable>},
      {"escaped", Plain<IsEscaped>},
      {"lower", Cased<IsLower>},
      {"upper", Cased<IsUpper>},
      {"filter", Exists<true>},
      {"test", Exists<false>},
      {"==", Compares<CompareOp::kEq>},
      {"eq", Compares<CompareOp::kEq>},
      {"equalto", Compares<CompareOp::kEq>},
      {"!=", Compares<CompareOp::kNe>},
      {"ne", Compares<CompareOp::kNe>},
      {">", Compares<CompareOp::kGt>},
      {"gt", Compares<CompareOp::kGt>},
      {"greaterthan", Compares<CompareOp::kGt>},
      {">=", Compares<CompareOp::kGe>},
      {"ge", Compares<CompareOp::kGe>},
      {"<", Compares<CompareOp::kLt>},
      {"lt", Compares<CompareOp::kLt>},
      {"lessthan", Compares<CompareOp::kLt>},
      {"<=", Compares<CompareOp::kLe>},
      {"le", Compares<CompareOp::kLe>},
  };
  return kTests;
}

}  // namespace fullstop::jinja
