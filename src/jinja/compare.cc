#include "jinja/compare.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "jinja/bigint.h"
#include "jinja/host.h"
#include "jinja/number.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;

std::partial_ordering CompareNumbers(const Value& a, const Value& b) {
  const bool a_float = a.tag() == Tag::kFloat;
  const bool b_float = b.tag() == Tag::kFloat;
  if (a_float && b_float) return a.AsFloat() <=> b.AsFloat();
  if (!a_float && !b_float) {
    if (a.tag() != Tag::kBigInt && b.tag() != Tag::kBigInt) {
      return SmallIntOf(a) <=> SmallIntOf(b);
    }
    return ToBigInt(a) <=> ToBigInt(b);
  }
  if (b_float) {
    const std::partial_ordering order = CompareNumbers(b, a);
    return order < 0   ? std::partial_ordering::greater
           : order > 0 ? std::partial_ordering::less
                       : order;
  }
  // A float against an int, exactly.
  const double real = a.AsFloat();
  if (std::isnan(real)) return std::partial_ordering::unordered;
  if (std::isinf(real)) return real <=> 0.0;
  constexpr int64_t kExact = int64_t{1} << 53;
  if (b.tag() != Tag::kBigInt) {
    const int64_t whole = SmallIntOf(b);
    if (whole >= -kExact && whole <= kExact) {
      return real <=> static_cast<double>(whole);
    }
  }
  const std::strong_ordering order = BigInt::FromDouble(real) <=> ToBigInt(b);
  if (order != 0) return order;
  return real - std::trunc(real) <=> 0.0;
}

bool EqualItems(const std::vector<Value>& a, const std::vector<Value>& b,
                int depth) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Identical(a[i], b[i]) && !Equal(a[i], b[i], depth + 1)) return false;
  }
  return true;
}

bool EqualDicts(const Dict& a, const Dict& b, int depth) {
  if (a.size() != b.size()) return false;
  for (const Dict::Entry& entry : a) {
    const Value* other = b.Find(entry.key);
    if (other == nullptr) return false;
    if (!Identical(entry.value, *other) &&
        !Equal(entry.value, *other, depth + 1)) {
      return false;
    }
  }
  return true;
}

uint64_t Mix(uint64_t hash) {
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33;
  return hash;
}

}  // namespace

void FailNesting() {
  throw Error::Limit("a value nested more than " + std::to_string(kMaxNesting) +
                     " levels deep");
}

uint64_t HashBytes(std::string_view bytes) {
  return std::hash<std::string_view>()(bytes);
}

bool Equal(const Value& a, const Value& b, int depth) {
  if (depth > kMaxNesting) FailNesting();
  if (IsNumber(a) && IsNumber(b)) return CompareNumbers(a, b) == 0;
  if (a.tag() != b.tag()) return false;
  switch (a.tag()) {
    case Tag::kString:
      return a.AsText().view() == b.AsText().view();
    case Tag::kList:
    case Tag::kTuple:
      return a.object() == b.object() ||
             EqualItems(a.AsItems(), b.AsItems(), depth);
    case Tag::kDict:
      return a.object() == b.object() ||
             EqualDicts(a.AsDict(), b.AsDict(), depth);
    case Tag::kObject:
      return a.object() == b.object() ||
             static_cast<const HostObject*>(a.object())->Equals(b, depth);
    default:
      return true;
  }
}

bool Identical(const Value& a, const Value& b) {
  if (a.tag() != b.tag()) return false;
  switch (a.tag()) {
    case Tag::kBool:
      return a.AsBool() == b.AsBool();
    case Tag::kInt:
      return a.AsSmallInt() == b.AsSmallInt();
    case Tag::kFloat:
      // Python's NaN equals itself where identity is asked first.
      return a.AsFloat() == b.AsFloat() ||
             (std::isnan(a.AsFloat()) && std::isnan(b.AsFloat()));
    case Tag::kString: {
      if (a.object() == b.object()) return true;
      if (a.is_markup() || b.is_markup()) return false;
      // Python keeps one object for the empty string and each Latin-1 letter.
      const std::string_view text = a.AsText().view();
      return text == b.AsText().view() &&
             (text.size() < 2 ||
              (text.size() == 2 && static_cast<unsigned char>(text[0]) < 0xC4 &&
               static_cast<unsigned char>(text[0]) >= 0xC2));
    }
    case Tag::kMissing:
    case Tag::kNone:
      return true;
    case Tag::kTuple:
      return a.object() == b.object() ||
             (a.AsItems().empty() && b.AsItems().empty());
    default:
      return a.object() == b.object();
  }
}

std::partial_ordering Compare(const Value& a, const Value& b,
                              const char* operation, int depth) {
  if (depth > kMaxNesting) FailNesting();
  if (IsNumber(a) && IsNumber(b)) return CompareNumbers(a, b);
  if (a.is_undefined() || b.is_undefined()) {
    FailUndefined(a.is_undefined() ? a : b);
  }
  if (a.is_string() && b.is_string()) {
    // UTF-8 sorts as its code points do.
    return a.AsText().view() <=> b.AsText().view();
  }
  if ((a.is_list() && b.is_list()) || (a.is_tuple() && b.is_tuple())) {
    const std::vector<Value>& left = a.AsItems();
    const std::vector<Value>& right = b.AsItems();
    for (size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
      if (Identical(left[i], right[i]) || Equal(left[i], right[i], depth + 1)) {
        continue;
      }
      return Compare(left[i], right[i], operation, depth + 1);
    }
    return left.size() <=> right.size();
  }
  if (const auto order = CompareViews(a, b)) return *order;
  throw Error::Template(std::string("'") + operation +
                        "' is not supported between " + TypeName(a) + " and " +
                        TypeName(b));
}

std::optional<uint64_t> Hash(const Value& value, int depth) {
  if (depth > kMaxNesting) FailNesting();
  switch (value.tag()) {
    case Tag::kBool:
    case Tag::kInt:
      return Mix(static_cast<uint64_t>(SmallIntOf(value)));
    case Tag::kFloat: {
      const double real = value.AsFloat();
      if (std::trunc(real) == real && std::fabs(real) < 9.2e18) {
        return Mix(static_cast<uint64_t>(static_cast<int64_t>(real)));
      }
      return std::hash<double>()(real);
    }
    case Tag::kBigInt:
      return std::hash<double>()(value.AsBigInt().ToDouble());
    case Tag::kString:
      return HashBytes(value.AsText().view());
    case Tag::kTuple: {
      uint64_t hash = 0x345678;
      for (const Value& item : value.AsItems()) {
        const auto part = Hash(item, depth + 1);
        if (!part) return std::nullopt;
        hash = Mix(hash * 1000003 ^ *part);
      }
      return hash;
    }
    case Tag::kList:
    case Tag::kDict:
      return std::nullopt;
    case Tag::kObject:
      return static_cast<const HostObject*>(value.object())->HashValue();
    default:
      return static_cast<uint64_t>(value.tag());
  }
}

}  // namespace fullstop::jinja
