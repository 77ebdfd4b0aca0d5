// Filters over sequences and any value: list, first, join, batch, default, …
#include <algorithm>

#include "jinja/arguments.h"
#include "jinja/compare.h"
#include "jinja/filters.h"
#include "jinja/methods.h"
#include "jinja/number.h"
#include "jinja/pprint.h"
#include "jinja/text_ops.h"
#include "jinja/tojson.h"

namespace fullstop::jinja {
namespace {

using Held = Generator::Held;

// reversed(VALUE), or missing where Python raises TypeError.
Value Reversed(Runtime* runtime, const Value& value) {
  if (HostObject* host = HostOf(value)) return host->Reversed(runtime);
  if (value.is_dict()) {
    return HostOf(MakeDictView(value, DictViewKind::kKeys))->Reversed(runtime);
  }
  if (!value.is_list() && !value.is_tuple() && !value.is_string() &&
      !value.is_undefined()) {
    return Value::Missing();
  }
  std::vector<Value> items = ToList(runtime, value);
  std::reverse(items.begin(), items.end());
  return MakeIterator(runtime, Value::List(std::move(items)));
}

Value Reverse(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("reverse", arguments);
  if (input.is_string()) {
    return GetSlice(runtime, input, Value(), Value(), Value::Int(-1));
  }
  Value reversed = Reversed(runtime, input);
  if (!reversed.is_missing()) return reversed;
  std::vector<Value> items = ToList(runtime, input);
  std::reverse(items.begin(), items.end());
  return Value::List(std::move(items), input.origin());
}

Value First(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("first", arguments);
  const Value iterator = MakeIterator(runtime, input);
  Value item;
  if (IteratorOf(iterator)->Next(runtime, &item)) return item;
  return Value::Undefined("there is no first item, the sequence is empty");
}

Value Last(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("last", arguments);
  if (input.is_list() || input.is_tuple()) {
    if (!input.AsItems().empty()) return input.AsItems().back();
  } else {
    const Value iterator = Reversed(runtime, input);
    if (iterator.is_missing()) {
      Fail("a value of type " + TypeName(input) + " has no last item");
    }
    Value item;
    if (IteratorOf(iterator)->Next(runtime, &item)) return item;
  }
  return Value::Undefined("there is no last item, the sequence is empty");
}

// Always the first item: a rendering must be the same each time.
Value Random(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("random", arguments);
  const auto length = LengthOf(runtime, input);
  if (!length) {
    Fail("random needs a sequence, not " + TypeName(input));
  }
  if (*length == 0) {
    return Value::Undefined("there is no random item, the sequence is empty");
  }
  Value item = GetItem(runtime, input, Value::Int(0));
  if (item.is_undefined()) Fail("random needs a sequence");
  return item;
}

Value Length(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("length", arguments);
  const auto length = LengthOf(runtime, input);
  if (!length) Fail("a value of type " + TypeName(input) + " has no length");
  return Value::Int(*length);
}

Value List(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("list", arguments);
  return Value::List(ToList(runtime, input), input.origin());
}

Value ItemsOf(Runtime*, const Value& input, Arguments* arguments) {
  BindNothing("items", arguments);
  return MakeGenerator(
      {input, Value::Int(0)}, [](Runtime*, Held* held, Value* out) {
        const Value& dict = (*held)[0];
        if (dict.is_undefined()) return false;
        if (!dict.is_dict()) Fail("items needs a dict, not " + TypeName(dict));
        const auto next = static_cast<size_t>((*held)[1].AsSmallInt());
        if (next >= dict.AsDict().size()) return false;
        const Dict::Entry& entry = dict.AsDict().at(next);
        *out = Value::Tuple({entry.key, entry.value}, dict.origin());
        (*held)[1] = Value::Int(static_cast<int64_t>(next) + 1);
        return true;
      });
}

Value Join(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [d, attribute] = Bind<2>("join", arguments, 0, {"d", "attribute"});
  Value items = input;
  if (!attribute.is_missing() && !attribute.is_none()) {
    Arguments by;
    by.named.emplace_back("attribute", attribute);
    // As map(attribute=…), which an empty input does not even begin.
    items = FindFilter("map")->apply(runtime,
                                     Value::List(ToList(runtime, input)), &by);
  }
  Value separator = d.is_missing() ? Value::String("") : d;
  if (!runtime->autoescape) {
    return JoinText(runtime, Value::String(ToText(runtime, separator)), items,
                    true);
  }
  items = Value::List(ToList(runtime, items));
  const bool markup =
      separator.is_markup() ||
      std::any_of(items.AsItems().begin(), items.AsItems().end(),
                  [](const Value& item) { return item.is_markup(); });
  separator = markup ? Value::Markup(EscapeHtml(runtime, separator))
                     : Value::String(ToText(runtime, separator));
  return JoinText(runtime, separator, items, true);
}

Value Default(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [default_value, boolean] =
      Bind<2>("default", arguments, 0, {"default_value", "boolean"});
  if (input.is_undefined() ||
      (FlagArgument(runtime, boolean, false) && !Truth(runtime, input))) {
    return default_value.is_missing() ? Value::String("") : default_value;
  }
  return input;
}

Value Batch(Runtime*, const Value& input, Arguments* arguments) {
  const auto [linecount, fill_with] =
      Bind<2>("batch", arguments, 1, {"linecount", "fill_with"});
  const Value fill = fill_with.is_missing() ? Value() : fill_with;
  return MakeGenerator(
      {input, linecount, fill, Value::Missing()},
      [started = false](Runtime* runtime, Held* held, Value* out) mutable {
        if (!started) (*held)[0] = MakeIterator(runtime, (*held)[0]);
        started = true;
        const Value iterator = (*held)[0];
        const Value& wanted = (*held)[1];
        std::vector<Value> row;
        // The item that did not fit into the row before.
        if (!(*held)[3].is_missing()) row.push_back(std::move((*held)[3]));
        (*held)[3] = Value::Missing();
        Value item;
        while (IteratorOf(iterator)->Next(runtime, &item)) {
          runtime->ChargeItems(0);
          if (Equal(Value::Int(static_cast<int64_t>(row.size())), wanted)) {
            *out = Value::List(std::move(row));
            (*held)[3] = std::move(item);
            return true;
          }
          row.push_back(std::move(item));
        }
        if (row.empty()) return false;
        const Value size = Value::Int(static_cast<int64_t>(row.size()));
        if (!(*held)[2].is_none() && Compare(size, wanted, "<") < 0) {
          const int64_t count = IntArgument("linecount", wanted);
          runtime->ChargeItems(static_cast<uint64_t>(count));
          row.resize(static_cast<size_t>(count), (*held)[2]);
        }
        *out = Value::List(std::move(row));
        return true;
      });
}

Value SliceInto(Runtime*, const Value& input, Arguments* arguments) {
  const auto [slices, fill_with] =
      Bind<2>("slice", arguments, 1, {"slices", "fill_with"});
  const Value fill = fill_with.is_missing() ? Value() : fill_with;
  return MakeGenerator(
      {input, slices, fill},
      [number = int64_t{0}, offset = int64_t{0}](Runtime* runtime, Held* held,
                                                 Value* out) mutable {
        if (number == 0) {
          (*held)[0] = Value::List(ToList(runtime, (*held)[0]));
        }
        const int64_t count = IntArgument("slices", (*held)[1]);
        if (count == 0) Fail("division by zero");
        if (number >= count) return false;
        const std::vector<Value>& items = (*held)[0].AsItems();
        const int64_t length = static_cast<int64_t>(items.size());
        const int64_t each = length / count;
        const int64_t with_extra = length % count;
        const int64_t start = offset + number * each;
        if (number < with_extra) ++offset;
        const int64_t end = offset + (number + 1) * each;
        runtime->ChargeItems(static_cast<uint64_t>(end - start));
        std::vector<Value> part(items.begin() + start, items.begin() + end);
        if (!(*held)[2].is_none() && number >= with_extra) {
          part.push_back((*held)[2]);
        }
        ++number;
        *out = Value::List(std::move(part));
        return true;
      });
}

Value Attr(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [name] = Bind<1>("attr", arguments, 1, {"name"});
  TextArgument("attr's argument", name);
  const std::string_view text = name.AsText().view();
  if (input.is_undefined() && !text.starts_with("__")) FailUndefined(input);
  HostObject* host = HostOf(input);
  const Value found = text.starts_with('_') ? Value::Missing()
                      : host != nullptr     ? host->GetAttr(runtime, text)
                                            : FindMethod(input, text);
  return found.is_missing() ? Value::Undefined(name, TypeName(input)) : found;
}

Value ToString(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("string", arguments);
  return input.is_string() ? input : Value::String(ToText(runtime, input));
}

Value PrettyPrint(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("pprint", arguments);
  return Value::String(PrettyFormat(runtime, input));
}

}  // namespace

std::span<const FilterEntry> SequenceFilters() {
  static constexpr FilterEntry kFilters[] = {
      {"attr", Attr},       {"batch", Batch},         {"count", Length},
      {"d", Default},       {"default", Default},     {"first", First},
      {"items", ItemsOf},   {"join", Join},           {"last", Last},
      {"length", Length},   {"list", List},           {"pprint", PrettyPrint},
      {"random", Random},   {"reverse", Reverse},     {"slice", SliceInto},
      {"string", ToString}, {"tojson", ToJsonFilter},
  };
  return kFilters;
}

}  // namespace fullstop::jinja
