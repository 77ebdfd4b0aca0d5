// Filters that pick, order and group items by a key.
#include <algorithm>
#include <memory>
#include <unordered_map>

#include "jinja/arguments.h"
#include "jinja/compare.h"
#include "jinja/filters.h"
#include "jinja/number.h"
#include "jinja/stable_sort.h"
#include "jinja/text_ops.h"

namespace fullstop::jinja {
namespace {

using Held = Generator::Held;

// The path of an attribute argument: "a.0.b" to its parts.
std::vector<Value> PathOf(const Value& attribute) {
  if (attribute.is_none() || attribute.is_missing()) return {};
  if (!attribute.is_string()) return {attribute};
  std::vector<Value> path;
  const Text dot(".");
  for (Text& part : Split(attribute.AsText(), &dot, kUnlimited)) {
    bool digits = !part.empty();
    for (size_t i = 0; i < part.size(); i = NextCodePoint(part.view(), i)) {
      digits &= (UnicodeFlags(CodePointAt(part.view(), i)) & kDigit) != 0;
    }
    if (!digits) {
      path.push_back(Value::String(std::move(part)));
      continue;
    }
    path.push_back(ParseInt(part.view(), 10, kTemplateOrigin));
    if (path.back().is_missing()) Fail("an attribute path with a bad number");
  }
  return path;
}

Value Follow(Runtime* runtime, Value item, const std::vector<Value>& path,
             const Value& fallback = Value()) {
  for (const Value& part : path) {
    item = GetItem(runtime, item, part);
    if (!fallback.is_none() && item.is_undefined()) item = fallback;
  }
  return item;
}

Value IgnoreCase(Runtime* runtime, const Value& value) {
  if (!value.is_string()) return value;
  runtime->ChargeText(value.AsText().size());
  Text lower = ChangeCase(value.AsText(), Case::kLower);
  return value.is_markup() ? Value::Markup(std::move(lower))
                           : Value::String(std::move(lower));
}

// What to compare of each item.
class Key {
 public:
  Key(Runtime* runtime, const Value& attribute, bool case_sensitive,
      Value fallback = Value())
      : runtime_(runtime),
        path_(PathOf(attribute)),
        case_sensitive_(case_sensitive),
        fallback_(std::move(fallback)) {}
  Value operator()(const Value& item) const {
    Value key = Follow(runtime_, item, path_, fallback_);
    return case_sensitive_ ? key : IgnoreCase(runtime_, key);
  }

 private:
  Runtime* runtime_;
  std::vector<Value> path_;
  bool case_sensitive_;
  Value fallback_;
};

struct Keyed {
  Value key;
  Value item;
};

void SortKeyed(Runtime* runtime, std::vector<Keyed>* items, bool reverse) {
  StableSort(items, [runtime, reverse](const Keyed& a, const Keyed& b) {
    runtime->Charge(1);
    return reverse ? Compare(b.key, a.key, "<") < 0
                   : Compare(a.key, b.key, "<") < 0;
  });
}

// Python refuses to order what can't be ordered only where it compares; one
// item alone is never compared.
std::vector<Value> Items(std::vector<Keyed> keyed) {
  std::vector<Value> items;
  items.reserve(keyed.size());
  for (Keyed& entry : keyed) items.push_back(std::move(entry.item));
  return items;
}

Value Sort(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [reverse, case_sensitive, attribute] =
      Bind<3>("sort", arguments, 0, {"reverse", "case_sensitive", "attribute"});
  const bool exact = FlagArgument(runtime, case_sensitive, false);
  std::vector<Key> keys;
  if (attribute.is_string()) {
    const Text comma(",");
    for (Text& part : Split(attribute.AsText(), &comma, kUnlimited)) {
      keys.emplace_back(runtime, Value::String(std::move(part)), exact);
    }
  } else {
    keys.emplace_back(runtime, attribute, exact);
  }
  std::vector<Keyed> items;
  for (Value& item : ToList(runtime, input)) {
    std::vector<Value> parts;
    for (const Key& key : keys) parts.push_back(key(item));
    items.push_back({Value::List(std::move(parts)), std::move(item)});
  }
  SortKeyed(runtime, &items, FlagArgument(runtime, reverse, false));
  return Value::List(Items(std::move(items)), input.origin());
}

Value DictSort(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [case_sensitive, by, reverse] =
      Bind<3>("dictsort", arguments, 0, {"case_sensitive", "by", "reverse"});
  const std::string side = by.is_missing()  ? "key"
                           : by.is_string() ? by.AsText().bytes()
                                            : "";
  if (side != "key" && side != "value") {
    Fail("dictsort sorts by 'key' or by 'value'");
  }
  if (input.is_undefined()) FailUndefined(input);
  if (!input.is_dict()) Fail("dictsort needs a dict, not " + TypeName(input));
  const bool exact = FlagArgument(runtime, case_sensitive, false);
  std::vector<Keyed> items;
  runtime->ChargeItems(input.AsDict().size());
  for (const Dict::Entry& entry : input.AsDict()) {
    Value key = side == "key" ? entry.key : entry.value;
    if (!exact) key = IgnoreCase(runtime, key);
    items.push_back({std::move(key),
                     Value::Tuple({entry.key, entry.value}, input.origin())});
  }
  SortKeyed(runtime, &items, FlagArgument(runtime, reverse, false));
  return Value::List(Items(std::move(items)), input.origin());
}

Value GroupBy(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [attribute, fallback, case_sensitive] = Bind<3>(
      "groupby", arguments, 1, {"attribute", "default", "case_sensitive"});
  const bool exact = FlagArgument(runtime, case_sensitive, false);
  const Value other = fallback.is_missing() ? Value() : fallback;
  const Key key(runtime, attribute, exact, other);
  const Key plain(runtime, attribute, true, other);
  std::vector<Keyed> items;
  for (Value& item : ToList(runtime, input)) {
    Value by = key(item);
    items.push_back({std::move(by), std::move(item)});
  }
  SortKeyed(runtime, &items, false);
  std::vector<Value> groups;
  for (size_t i = 0; i < items.size();) {
    std::vector<Value> members;
    const size_t first = i;
    for (; i < items.size() && Equal(items[i].key, items[first].key); ++i) {
      members.push_back(items[i].item);
    }
    if (members.empty()) members.push_back(items[i++].item);  // NaN
    Value grouper = plain(members[0]);
    groups.push_back(
        Value::Group(std::move(grouper), Value::List(std::move(members))));
  }
  return Value::List(std::move(groups), input.origin());
}

Value Unique(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [case_sensitive, attribute] =
      Bind<2>("unique", arguments, 0, {"case_sensitive", "attribute"});
  const bool exact = FlagArgument(runtime, case_sensitive, false);
  // By hash: which of the held keys have it.
  auto seen = std::make_shared<std::unordered_multimap<uint64_t, size_t>>();
  return MakeGenerator(
      {input, attribute}, [exact, seen, started = false](
                              Runtime* rt, Held* held, Value* out) mutable {
        if (!started) (*held)[0] = MakeIterator(rt, (*held)[0]);
        started = true;
        const Key key(rt, (*held)[1], exact);
        const Value iterator = (*held)[0];
        Value item;
        while (IteratorOf(iterator)->Next(rt, &item)) {
          rt->Charge(1);
          Value wanted = key(item);
          const auto hash = Hash(wanted);
          if (!hash) Fail("unique needs items that can be keys of a dict");
          const auto [begin, end] = seen->equal_range(*hash);
          if (std::any_of(begin, end, [&](const auto& entry) {
                const Value& other = (*held)[entry.second];
                return Identical(other, wanted) || Equal(other, wanted);
              })) {
            continue;
          }
          seen->emplace(*hash, held->size());
          held->push_back(std::move(wanted));
          *out = std::move(item);
          return true;
        }
        return false;
      });
}

Value Extreme(Runtime* runtime, const Value& input, Arguments* arguments,
              bool largest) {
  const auto [case_sensitive, attribute] = Bind<2>(
      largest ? "max" : "min", arguments, 0, {"case_sensitive", "attribute"});
  const Value iterator = MakeIterator(runtime, input);
  const Key key(runtime, attribute,
                FlagArgument(runtime, case_sensitive, false));
  Value best;
  if (!IteratorOf(iterator)->Next(runtime, &best)) {
    return Value::Undefined("there is no item to pick from");
  }
  Value best_key = key(best);
  Value item;
  while (IteratorOf(iterator)->Next(runtime, &item)) {
    Value item_key = key(item);
    const bool better = largest ? Compare(item_key, best_key, ">") > 0
                                : Compare(item_key, best_key, "<") < 0;
    if (!better) continue;
    best = item;
    best_key = std::move(item_key);
  }
  return best;
}

Value Min(Runtime* runtime, const Value& input, Arguments* arguments) {
  return Extreme(runtime, input, arguments, false);
}

Value Max(Runtime* runtime, const Value& input, Arguments* arguments) {
  return Extreme(runtime, input, arguments, true);
}

Value Sum(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [attribute, start] =
      Bind<2>("sum", arguments, 0, {"attribute", "start"});
  const std::vector<Value> path = PathOf(attribute);
  const Value iterator = MakeIterator(runtime, input);
  Value sum = start.is_missing() ? Value::Int(0) : start;
  if (sum.is_string()) Fail("sum can't add strings; use join");
  Value item;
  while (IteratorOf(iterator)->Next(runtime, &item)) {
    sum = Operate(runtime, Arithmetic::kAdd, std::move(sum),
                  Follow(runtime, item, path));
  }
  return sum;
}

// Arguments that a generator keeps until it runs: VALUES[from…], then the named
// ones with their names.
struct KeptArguments {
  size_t first = 0;
  size_t positional = 0;
  std::vector<std::string> names;

  static KeptArguments Keep(const Arguments& arguments, size_t skip,
                            Held* held) {
    KeptArguments kept;
    kept.first = held->size();
    for (size_t i = skip; i < arguments.positional.size(); ++i) {
      held->push_back(arguments.positional[i]);
      ++kept.positional;
    }
    for (const auto& [name, value] : arguments.named) {
      kept.names.push_back(name);
      held->push_back(value);
    }
    return kept;
  }
  Arguments Get(const Held& held) const {
    Arguments arguments;
    for (size_t i = 0; i < positional; ++i) {
      arguments.positional.push_back(held[first + i]);
    }
    for (size_t i = 0; i < names.size(); ++i) {
      arguments.named.emplace_back(names[i], held[first + positional + i]);
    }
    return arguments;
  }
};

// Replaces the input in HELD[0] by its iterator; false where it is empty.
bool Start(Runtime* runtime, Held* held) {
  if (!Truth(runtime, (*held)[0])) return false;
  (*held)[0] = MakeIterator(runtime, (*held)[0]);
  return true;
}

Value MapAttribute(const Value& input, Arguments* arguments) {
  const auto [attribute, fallback] =
      Bind<2>("map", arguments, 1, {"attribute", "default"});
  const Value other = fallback.is_missing() ? Value() : fallback;
  return MakeGenerator(
      {input, attribute, other},
      [state = 0](Runtime* rt, Held* held, Value* out) mutable {
        if (state == 0) state = Start(rt, held) ? 1 : 2;
        Value item;
        const Value iterator = (*held)[0];
        if (state == 2 || !IteratorOf(iterator)->Next(rt, &item)) return false;
        *out = Follow(rt, std::move(item), PathOf((*held)[1]), (*held)[2]);
        return true;
      });
}

Value Map(Runtime* runtime, const Value& input, Arguments* arguments) {
  const bool by_attribute =
      std::any_of(arguments->named.begin(), arguments->named.end(),
                  [](const auto& entry) { return entry.first == "attribute"; });
  if (arguments->positional.empty() && by_attribute) {
    for (const auto& [name, value] : arguments->named) {
      if (name == "attribute" || name == "default" || !Truth(runtime, input)) {
        continue;
      }
      // Said when the generator runs, as Jinja2 does.
      return MakeGenerator({}, [](Runtime*, Held*, Value*) -> bool {
        Fail("map was given an argument it does not know");
      });
    }
    return MapAttribute(input, arguments);
  }
  Held held = {input};
  if (!arguments->positional.empty()) held.push_back(arguments->positional[0]);
  const bool has_name = held.size() > 1;
  const KeptArguments kept = KeptArguments::Keep(*arguments, 1, &held);
  return MakeGenerator(
      std::move(held), [kept, has_name, state = 0](Runtime* rt, Held* kept_held,
                                                   Value* out) mutable {
        if (state == 0) {
          state = Start(rt, kept_held) ? 1 : 2;
          if (state == 1 && !has_name) Fail("map needs the name of a filter");
        }
        Value item;
        const Value iterator = (*kept_held)[0];
        if (state == 2 || !IteratorOf(iterator)->Next(rt, &item)) return false;
        Arguments given = kept.Get(*kept_held);
        *out = ApplyFilter(rt, (*kept_held)[1], item, &given);
        return true;
      });
}

// select, reject, selectattr, rejectattr.
template <bool kWanted, bool kByAttribute>
Value Select(Runtime*, const Value& input, Arguments* arguments) {
  constexpr size_t kFirst = kByAttribute ? 1 : 0;
  Held held = {input};
  const size_t count = arguments->positional.size();
  for (size_t i = 0; i < std::min(count, kFirst + 1); ++i) {
    held.push_back(arguments->positional[i]);
  }
  const bool has_test = count > kFirst;
  const KeptArguments kept =
      KeptArguments::Keep(*arguments, std::min(count, kFirst + 1), &held);
  const bool complete = count >= kFirst;
  return MakeGenerator(
      std::move(held),
      [=, state = 0](Runtime* rt, Held* kept_held, Value* out) mutable {
        if (state == 0) {
          state = Start(rt, kept_held) ? 1 : 2;
          if (state == 1 && !complete) Fail("the attribute's name is missing");
        }
        if (state == 2) return false;
        const Value iterator = (*kept_held)[0];
        std::vector<Value> path;
        if (kByAttribute) path = PathOf((*kept_held)[1]);
        Value item;
        while (IteratorOf(iterator)->Next(rt, &item)) {
          rt->Charge(1);
          const Value subject = Follow(rt, item, path);
          bool holds = false;
          if (has_test) {
            Arguments given = kept.Get(*kept_held);
            holds = ApplyTest(rt, (*kept_held)[kFirst + 1], subject, &given);
          } else {
            holds = Truth(rt, subject);
          }
          if (holds != kWanted) continue;
          *out = std::move(item);
          return true;
        }
        return false;
      });
}

}  // namespace

std::span<const FilterEntry> SelectionFilters() {
  static constexpr FilterEntry kFilters[] = {
      {"dictsort", DictSort},
      {"groupby", GroupBy},
      {"map", Map},
      {"max", Max},
      {"min", Min},
      {"reject", Select<false, false>},
      {"rejectattr", Select<false, true>},
      {"select", Select<true, false>},
      {"selectattr", Select<true, true>},
      {"sort", Sort},
      {"sum", Sum},
      {"unique", Unique},
  };
  return kFilters;
}

}  // namespace fullstop::jinja
