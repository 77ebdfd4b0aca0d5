// What a.b, a[b] and a[b:c] mean under the sandbox.
#include <algorithm>
#include <array>

#include "jinja/compare.h"
#include "jinja/methods.h"
#include "jinja/number.h"
#include "jinja/runtime.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;

// Attributes that every Python object has and no template may see.
bool IsUniversal(std::string_view name) {
  static constexpr std::array<std::string_view, 24> kNames = {
      "__class__",
      "__delattr__",
      "__dir__",
      "__doc__",
      "__eq__",
      "__format__",
      "__ge__",
      "__getattribute__",
      "__getstate__",
      "__gt__",
      "__hash__",
      "__init__",
      "__init_subclass__",
      "__le__",
      "__lt__",
      "__ne__",
      "__new__",
      "__reduce__",
      "__reduce_ex__",
      "__repr__",
      "__setattr__",
      "__sizeof__",
      "__str__",
      "__subclasshook__"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// The attribute, an unsafe undefined, or missing.
Value FindAttribute(Runtime* runtime, const Value& object,
                    std::string_view name) {
  if (object.is_undefined() && !IsUniversal(name)) FailUndefined(object);
  if (name.starts_with('_')) {
    if (!IsUniversal(name)) return Value::Missing();
    return Value::Undefined("access to attribute '" + std::string(name) +
                            "' is unsafe");
  }
  if (HostObject* host = HostOf(object)) return host->GetAttr(runtime, name);
  return FindMethod(object, name);
}

// obj[key]; missing where Python raises TypeError or LookupError.
Value Subscript(Runtime* runtime, const Value& object, const Value& key) {
  switch (object.tag()) {
    case Tag::kUndefined:
      FailUndefined(object);
    case Tag::kDict: {
      if (!key.is_string() && !Hash(key)) return Value::Missing();
      const Value* found = object.AsDict().Find(key);
      return found == nullptr ? Value::Missing() : *found;
    }
    case Tag::kList:
    case Tag::kTuple: {
      const auto index = ToIndex(key);
      if (!index) return Value::Missing();
      const std::vector<Value>& items = object.AsItems();
      const int64_t size = static_cast<int64_t>(items.size());
      if (*index >= size || *index < -size) return Value::Missing();
      return items[static_cast<size_t>(*index < 0 ? *index + size : *index)];
    }
    case Tag::kString: {
      const auto index = ToIndex(key);
      if (!index) return Value::Missing();
      const Text& text = object.AsText();
      const int64_t length = *LengthOf(runtime, object);
      if (*index >= length || *index < -length) return Value::Missing();
      const size_t begin = ByteOfCodePoint(
          text.view(),
          static_cast<size_t>(*index < 0 ? *index + length : *index));
      Text letter = text.Slice(begin, NextCodePoint(text.view(), begin));
      return object.is_markup() ? Value::Markup(std::move(letter))
                                : Value::String(std::move(letter));
    }
    case Tag::kObject:
      return HostOf(object)->GetItem(runtime, key);
    default:
      return Value::Missing();
  }
}

// The bounds of a slice over LENGTH items, as Python's slice.indices.
struct Range {
  int64_t start;
  int64_t stop;
  int64_t step;
};

int64_t SliceBound(const Value& value, int64_t length, int64_t low,
                   int64_t high) {
  const auto index = ToIndex(value);
  if (!index) {
    if (value.is_undefined()) FailUndefined(value);
    Fail("a slice needs ints or none, not " + TypeName(value));
  }
  int64_t at = *index;
  if (at < 0) at = at < -length ? low : std::max(at + length, low);
  return std::min(at, high);
}

Range SliceRange(const Value& start, const Value& stop, const Value& step,
                 int64_t length) {
  Range range{0, 0, 1};
  if (!step.is_none()) {
    const auto by = ToIndex(step);
    if (!by) Fail("a slice needs ints or none, not " + TypeName(step));
    if (*by == 0) Fail("a slice's step can't be zero");
    range.step = std::clamp<int64_t>(*by, -length - 1, length + 1);
  }
  const bool back = range.step < 0;
  const int64_t low = back ? -1 : 0;
  const int64_t high = back ? length - 1 : length;
  range.start = start.is_none() ? (back ? high : low)
                                : SliceBound(start, length, low, high);
  range.stop = stop.is_none() ? (back ? low : high)
                              : SliceBound(stop, length, low, high);
  return range;
}

Value SliceString(Runtime* runtime, const Value& object, const Range& range) {
  const Text& text = object.AsText();
  const std::string_view bytes = text.view();
  runtime->ChargeText(text.size());
  Text out(std::string(), text.origin());
  const bool ascii = IsAscii(bytes);
  if (range.step == 1) {
    if (range.start < range.stop) {
      const size_t begin =
          ascii ? static_cast<size_t>(range.start)
                : ByteOfCodePoint(bytes, static_cast<size_t>(range.start));
      const size_t length = static_cast<size_t>(range.stop - range.start);
      const size_t end =
          ascii ? begin + length
                : begin + ByteOfCodePoint(bytes.substr(begin), length);
      out = text.Slice(begin, end);
    }
  } else {
    std::vector<size_t> starts;
    for (size_t i = 0; i < bytes.size(); i = NextCodePoint(bytes, i)) {
      starts.push_back(i);
    }
    starts.push_back(bytes.size());
    for (int64_t i = range.start;
         range.step > 0 ? i < range.stop : i > range.stop; i += range.step) {
      out.Append(text, starts[static_cast<size_t>(i)],
                 starts[static_cast<size_t>(i) + 1]);
    }
  }
  return object.is_markup() ? Value::Markup(std::move(out))
                            : Value::String(std::move(out));
}

}  // namespace

Value GetAttribute(Runtime* runtime, const Value& object, const Value& name) {
  // The usual case first: a key of a dict that is no method of dict.
  Value found = FindAttribute(runtime, object, name.AsText().view());
  if (!found.is_missing()) return found;
  found = Subscript(runtime, object, name);
  if (!found.is_missing()) return found;
  return Value::Undefined(name, TypeName(object));
}

Value GetItem(Runtime* runtime, const Value& object, const Value& key) {
  Value found = Subscript(runtime, object, key);
  if (!found.is_missing()) return found;
  if (key.is_string()) {
    found = FindAttribute(runtime, object, key.AsText().view());
    if (!found.is_missing()) return found;
  }
  return Value::Undefined(key, TypeName(object));
}

Value GetSlice(Runtime* runtime, const Value& object, const Value& start,
               const Value& stop, const Value& step) {
  if (object.is_undefined()) FailUndefined(object);
  HostObject* host = HostOf(object);
  const bool sliceable = object.is_string() || object.is_list() ||
                         object.is_tuple() ||
                         (host != nullptr && host->type_name() == "range");
  if (!sliceable) {
    Fail("a value of type " + TypeName(object) + " can't be sliced");
  }
  const int64_t length = *LengthOf(runtime, object);
  const Range range = SliceRange(start, stop, step, length);
  if (object.is_string()) return SliceString(runtime, object, range);
  if (host != nullptr) {
    return SliceOfRange(object, range.start, range.stop, range.step);
  }
  const std::vector<Value>& items = object.AsItems();
  runtime->ChargeItems(items.size());
  std::vector<Value> out;
  for (int64_t i = range.start;
       range.step > 0 ? i < range.stop : i > range.stop; i += range.step) {
    out.push_back(items[static_cast<size_t>(i)]);
  }
  return object.is_list() ? Value::List(std::move(out), object.origin())
                          : Value::Tuple(std::move(out), object.origin());
}

}  // namespace fullstop::jinja
