// The operators for all types.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "jinja/compare.h"
#include "jinja/format.h"
#include "jinja/number.h"
#include "jinja/runtime.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;

const char* NameOf(Arithmetic operation) {
  static constexpr const char* kNames[] = {"+", "-", "*", "/", "//", "%", "**"};
  return kNames[static_cast<size_t>(operation)];
}

Value Concatenate(Runtime* runtime, Value a, const Value& b) {
  if (a.is_string()) {
    const bool markup = a.is_markup() || b.is_markup();
    const size_t size = a.AsText().size() + b.AsText().size();
    runtime->ChargeText(size);
    Text* sole = markup || a.AsText().empty() ? nullptr : a.SoleText();
    if (sole != nullptr) {
      sole->Append(b.AsText());
      return a;
    }
    Text text(std::string(), a.AsText().empty() ? b.origin() : a.origin());
    text.reserve(size);
    text.Append(markup ? EscapeHtml(runtime, a) : a.AsText());
    text.Append(markup ? EscapeHtml(runtime, b) : b.AsText());
    return markup ? Value::Markup(std::move(text))
                  : Value::String(std::move(text));
  }
  runtime->ChargeItems(a.AsItems().size() + b.AsItems().size());
  std::vector<Value> items = a.AsItems();
  items.insert(items.end(), b.AsItems().begin(), b.AsItems().end());
  const Origin origin = MergeOrigins(a.origin(), b.origin());
  return a.is_list() ? Value::List(std::move(items), origin)
                     : Value::Tuple(std::move(items), origin);
}

Value Repeat(Runtime* runtime, const Value& value, const Value& times) {
  if (times.tag() == Tag::kBigInt) Fail("an int is too large to repeat by");
  const uint64_t count =
      static_cast<uint64_t>(std::max<int64_t>(0, *ToIndex(times)));
  if (value.is_string()) {
    const Text& text = value.AsText();
    const uint64_t limit = runtime->options().limits.output_bytes;
    runtime->ChargeText(text.empty()    ? 0
                        : count > limit ? limit + 1
                                        : count * text.size());
    Text out(std::string(), text.origin());
    if (!text.empty()) {
      out.reserve(count * text.size());
      for (uint64_t i = 0; i < count; ++i) out.Append(text);
    }
    return value.is_markup() ? Value::Markup(std::move(out))
                             : Value::String(std::move(out));
  }
  const std::vector<Value>& items = value.AsItems();
  const uint64_t limit = runtime->options().limits.list_items;
  runtime->ChargeItems(items.empty()   ? 0
                       : count > limit ? limit + 1
                                       : count * items.size());
  std::vector<Value> out;
  if (!items.empty()) {
    out.reserve(count * items.size());
    for (uint64_t i = 0; i < count; ++i) {
      out.insert(out.end(), items.begin(), items.end());
    }
  }
  return value.is_list() ? Value::List(std::move(out), value.origin())
                         : Value::Tuple(std::move(out), value.origin());
}

bool IsSequence(const Value& value) {
  return value.is_string() || value.is_list() || value.is_tuple();
}

// The work of whole-number arithmetic beyond int64.
void ChargeNumbers(Runtime* runtime, Arithmetic operation, const Value& a,
                   const Value& b) {
  const bool power = operation == Arithmetic::kPow;
  if (a.tag() != Tag::kBigInt && b.tag() != Tag::kBigInt && !power) return;
  if (a.tag() == Tag::kFloat || b.tag() == Tag::kFloat) return;
  const uint64_t left = ToBigInt(a).BitLength() / 32 + 1;
  uint64_t right = ToBigInt(b).BitLength() / 32 + 1;
  if (power) {
    const int64_t exponent = std::max<int64_t>(0, *ToIndex(b));
    const uint64_t times = static_cast<uint64_t>(exponent) > BigInt::kMaxBits
                               ? 1
                               : static_cast<uint64_t>(exponent);
    // The last squarings weigh most: the size of the result, squared.
    const uint64_t limbs =
        std::min<uint64_t>(left * times, BigInt::kMaxBits / 32);
    runtime->Charge(limbs * limbs / 16 + 1);
    return;
  }
  runtime->Charge(left * right / 16 + 1);
}

}  // namespace

Value Operate(Runtime* runtime, Arithmetic operation, Value a, const Value& b) {
  if (IsNumber(a) && IsNumber(b)) {
    ChargeNumbers(runtime, operation, a, b);
    return Calculate(operation, a, b);
  }
  if (operation == Arithmetic::kMod && a.is_string()) {
    return FormatPercent(runtime, a, b);
  }
  if (a.is_undefined() || b.is_undefined()) {
    FailUndefined(a.is_undefined() ? a : b);
  }
  if (operation == Arithmetic::kAdd && IsSequence(a) && a.tag() == b.tag()) {
    return Concatenate(runtime, std::move(a), b);
  }
  if (operation == Arithmetic::kMul) {
    if (IsSequence(a) && IsInt(b)) return Repeat(runtime, a, b);
    if (IsSequence(b) && IsInt(a)) return Repeat(runtime, b, a);
  }
  Fail(std::string("'") + NameOf(operation) + "' does not go with " +
       TypeName(a) + " and " + TypeName(b));
}

Value OperateUnary(Runtime*, bool negate, const Value& value) {
  if (value.is_undefined()) FailUndefined(value);
  if (!IsNumber(value)) {
    Fail(std::string("'") + (negate ? "-" : "+") + "' does not go with " +
         TypeName(value));
  }
  if (negate) return Negate(value);
  return value.is_bool() ? Value::Int(value.AsBool(), value.origin()) : value;
}

bool CompareWith(Runtime* runtime, CompareOp op, const Value& a,
                 const Value& b) {
  switch (op) {
    case CompareOp::kEq:
      return Equal(a, b);
    case CompareOp::kNe:
      return !Equal(a, b);
    case CompareOp::kLt:
      return Compare(a, b, "<") < 0;
    case CompareOp::kLe:
      return Compare(a, b, "<=") <= 0;
    case CompareOp::kGt:
      return Compare(a, b, ">") > 0;
    case CompareOp::kGe:
      return Compare(a, b, ">=") >= 0;
    case CompareOp::kIn:
      return Contains(runtime, b, a);
    case CompareOp::kNotIn:
      break;
  }
  return !Contains(runtime, b, a);
}

}  // namespace fullstop::jinja
