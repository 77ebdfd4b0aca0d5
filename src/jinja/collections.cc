// Ranges, views of dicts and dict() itself.
#include <algorithm>

#include "jinja/arguments.h"
#include "jinja/compare.h"
#include "jinja/methods.h"
#include "jinja/number.h"

namespace fullstop::jinja {
namespace {

class Range : public HostObject {
 public:
  Range(int64_t start, int64_t stop, int64_t step)
      : start_(start), stop_(stop), step_(step) {}
  std::string_view type_name() const override { return "range"; }
  int64_t size() const {
    if (step_ > 0 ? start_ >= stop_ : start_ <= stop_) return 0;
    const uint64_t distance =
        step_ > 0
            ? static_cast<uint64_t>(stop_) - static_cast<uint64_t>(start_)
            : static_cast<uint64_t>(start_) - static_cast<uint64_t>(stop_);
    const uint64_t by = step_ > 0 ? static_cast<uint64_t>(step_)
                                  : ~static_cast<uint64_t>(step_) + 1;
    return static_cast<int64_t>((distance - 1) / by + 1);
  }
  int64_t at(int64_t index) const { return start_ + index * step_; }

  void Repr(Runtime*, Text* out, Origin origin, int) const override {
    std::string text =
        "range(" + std::to_string(start_) + ", " + std::to_string(stop_);
    if (step_ != 1) text += ", " + std::to_string(step_);
    out->Append(text + ")", origin);
  }
  Value GetAttr(Runtime*, std::string_view name) override {
    if (name == "start") return Value::Int(start_);
    if (name == "stop") return Value::Int(stop_);
    if (name == "step") return Value::Int(step_);
    if (name != "index" && name != "count") return Value::Missing();
    const bool index = name == "index";
    return MakeCallable(Value::Share(this), [index](Runtime*, const Value& self,
                                                    Arguments* arguments) {
      const auto [item] = BindPositional<1>("range's method", arguments, 1);
      const auto* range = static_cast<const Range*>(self.object());
      const auto found = range->Position(item);
      if (index && !found) Fail("the value to index is not there");
      return Value::Int(index ? *found : found.has_value());
    });
  }
  bool has_items() const override { return true; }
  Value GetItem(Runtime*, const Value& key) override {
    const auto index = ToIndex(key);
    if (!index || *index >= size() || *index < -size()) {
      return Value::Missing();
    }
    return Value::Int(at(*index < 0 ? *index + size() : *index));
  }
  Value Iterate(Runtime*) override { return From(0, 1, "range_iterator"); }
  Value Reversed(Runtime*) override {
    return From(size() - 1, -1, "range_iterator");
  }
  std::optional<int64_t> Length(Runtime*) override { return size(); }
  std::optional<bool> Contains(Runtime*, const Value& item) override {
    return Position(item).has_value();
  }
  bool Equals(const Value& other, int) const override {
    const auto* range = dynamic_cast<const Range*>(other.object());
    if (range == nullptr || range->size() != size()) return false;
    return size() == 0 ||
           (range->start_ == start_ && (size() == 1 || range->step_ == step_));
  }
  std::optional<uint64_t> HashValue() const override {
    return static_cast<uint64_t>(size() == 0 ? 0 : start_) * 31 +
           static_cast<uint64_t>(size());
  }
  Value Slice(int64_t start, int64_t stop, int64_t step) const {
    return MakeRange(at(start), at(stop), step_ * step);
  }

 private:
  std::optional<int64_t> Position(const Value& item) const {
    if (!IsNumber(item)) return std::nullopt;
    const double real = ToDouble(item);
    if (real < -9e18 || real > 9e18 ||
        real != static_cast<double>(static_cast<int64_t>(real))) {
      return std::nullopt;
    }
    const int64_t value = item.tag() == Value::Tag::kFloat
                              ? static_cast<int64_t>(real)
                              : *ToIndex(item);
    const int64_t offset = value - start_;
    if (offset % step_ != 0 || offset / step_ < 0 || offset / step_ >= size()) {
      return std::nullopt;
    }
    return offset / step_;
  }
  Value From(int64_t first, int64_t by, std::string_view type) {
    return MakeGenerator(
        {Value::Share(this), Value::Int(first)},
        [by](Runtime*, Generator::Held* held, Value* out) {
          const auto* range = static_cast<const Range*>((*held)[0].object());
          const int64_t index = (*held)[1].AsSmallInt();
          if (index < 0 || index >= range->size()) return false;
          *out = Value::Int(range->at(index));
          (*held)[1] = Value::Int(index + by);
          return true;
        },
        type);
  }

  int64_t start_;
  int64_t stop_;
  int64_t step_;
};

class DictView : public HostObject {
 public:
  DictView(Value dict, DictViewKind kind)
      : dict_(std::move(dict)), kind_(kind) {}
  std::string_view type_name() const override {
    return kind_ == DictViewKind::kKeys     ? "dict_keys"
           : kind_ == DictViewKind::kValues ? "dict_values"
                                            : "dict_items";
  }
  void Repr(Runtime* runtime, Text* out, Origin, int depth) const override {
    out->Append(std::string(type_name()) + "(", dict_.origin());
    std::vector<Value> items;
    for (size_t i = 0; i < dict_.AsDict().size(); ++i) items.push_back(At(i));
    AppendRepr(runtime, Value::List(std::move(items), dict_.origin()), out,
               depth + 1);
    out->Append(")", dict_.origin());
  }
  Value GetAttr(Runtime*, std::string_view name) override {
    if (name != "isdisjoint" || kind_ == DictViewKind::kValues) {
      return Value::Missing();
    }
    return MakeCallable(
        Value::Share(this),
        [](Runtime* runtime, const Value& self, Arguments* arguments) {
          const auto [other] = BindPositional<1>("isdisjoint", arguments, 1);
          for (const Value& item : ToList(runtime, other)) {
            if (jinja::Contains(runtime, self, item)) return Value::Bool(false);
          }
          return Value::Bool(true);
        });
  }
  Value Iterate(Runtime*) override { return From(0, 1); }
  Value Reversed(Runtime*) override {
    return From(static_cast<int64_t>(dict_.AsDict().size()) - 1, -1);
  }
  std::optional<int64_t> Length(Runtime*) override {
    return static_cast<int64_t>(dict_.AsDict().size());
  }
  std::optional<bool> Contains(Runtime* runtime, const Value& item) override {
    if (kind_ == DictViewKind::kKeys) {
      return dict_.AsDict().Find(item) != nullptr;
    }
    return HostObject::Contains(runtime, item);
  }
  bool Equals(const Value& other, int depth) const override {
    const auto* view = dynamic_cast<const DictView*>(other.object());
    if (view == nullptr || kind_ == DictViewKind::kValues ||
        view->kind_ != kind_) {
      return false;
    }
    const Dict& mine = dict_.AsDict();
    const Dict& theirs = view->dict_.AsDict();
    if (mine.size() != theirs.size()) return false;
    for (const Dict::Entry& entry : mine) {
      const Value* found = theirs.Find(entry.key);
      if (found == nullptr || (kind_ == DictViewKind::kItems &&
                               !Equal(entry.value, *found, depth + 1))) {
        return false;
      }
    }
    return true;
  }
  bool is_set() const { return kind_ != DictViewKind::kValues; }
  // Whether all items are items of OTHER.
  bool Within(const DictView& other) const {
    if (other.kind_ != kind_) return dict_.AsDict().empty();
    for (const Dict::Entry& entry : dict_.AsDict()) {
      const Value* found = other.dict_.AsDict().Find(entry.key);
      if (found == nullptr ||
          (kind_ == DictViewKind::kItems && !Equal(entry.value, *found))) {
        return false;
      }
    }
    return true;
  }
  std::optional<uint64_t> HashValue() const override {
    if (kind_ == DictViewKind::kValues) return HostObject::HashValue();
    return std::nullopt;
  }
  void Surrender(std::vector<Value>* held) override {
    held->push_back(std::move(dict_));
  }

 private:
  Value At(size_t index) const {
    const Dict::Entry& entry = dict_.AsDict().at(index);
    if (kind_ == DictViewKind::kKeys) return entry.key;
    if (kind_ == DictViewKind::kValues) return entry.value;
    return Value::Tuple({entry.key, entry.value}, dict_.origin());
  }
  Value From(int64_t first, int64_t by) {
    return MakeGenerator(
        {Value::Share(this), Value::Int(first)},
        [by](Runtime*, Generator::Held* held, Value* out) {
          const auto* view = static_cast<const DictView*>((*held)[0].object());
          const int64_t index = (*held)[1].AsSmallInt();
          if (index < 0 ||
              index >= static_cast<int64_t>(view->dict_.AsDict().size())) {
            return false;
          }
          *out = view->At(static_cast<size_t>(index));
          (*held)[1] = Value::Int(index + by);
          return true;
        },
        "dict_itemiterator");
  }

  Value dict_;
  DictViewKind kind_;
};

}  // namespace

std::optional<std::partial_ordering> CompareViews(const Value& a,
                                                  const Value& b) {
  const auto* left = dynamic_cast<const DictView*>(HostOf(a));
  const auto* right = dynamic_cast<const DictView*>(HostOf(b));
  if (left == nullptr || right == nullptr || !left->is_set() ||
      !right->is_set()) {
    return std::nullopt;
  }
  const bool within = left->Within(*right);
  const bool around = right->Within(*left);
  return within && around ? std::partial_ordering::equivalent
         : within         ? std::partial_ordering::less
         : around         ? std::partial_ordering::greater
                          : std::partial_ordering::unordered;
}

Value MakeDictView(Value dict, DictViewKind kind) {
  return Value::Adopt(Value::Tag::kObject, new DictView(std::move(dict), kind));
}

Value MakeRange(int64_t start, int64_t stop, int64_t step) {
  return Value::Adopt(Value::Tag::kObject, new Range(start, stop, step));
}

Value SliceOfRange(const Value& range, int64_t start, int64_t stop,
                   int64_t step) {
  return static_cast<const Range*>(range.object())->Slice(start, stop, step);
}

Value DictFromKeys(Runtime* runtime, const Value&, Arguments* arguments) {
  const auto [keys, value] = BindPositional<2>("fromkeys", arguments, 1);
  Dict dict;
  for (const Value& key : ToList(runtime, keys)) {
    dict.Set(key, value.is_missing() ? Value() : value);
  }
  return Value::Map(std::move(dict));
}

Dict MakeDict(Runtime* runtime, Arguments* arguments) {
  if (arguments->positional.size() > 1) Fail("dict() takes one argument");
  Dict dict;
  if (!arguments->positional.empty()) {
    const Value& from = arguments->positional[0];
    if (from.is_dict()) {
      runtime->ChargeItems(from.AsDict().size());
      dict = from.AsDict();
    } else {
      for (const Value& pair : ToList(runtime, from)) {
        std::vector<Value> parts = ToList(runtime, pair);
        if (parts.size() != 2) Fail("dict() needs pairs of key and value");
        dict.Set(parts[0], parts[1]);
      }
    }
  }
  for (auto& [name, value] : arguments->named) {
    dict.Set(name, std::move(value));
  }
  return dict;
}

}  // namespace fullstop::jinja
