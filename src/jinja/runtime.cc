#include "jinja/runtime.h"

#include <algorithm>

#include "base/error.h"
#include "jinja/compare.h"
#include "jinja/number.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;

// Over a list or a tuple, which it keeps alive.
class SequenceIterator : public Iterator {
 public:
  explicit SequenceIterator(Value sequence) : sequence_(std::move(sequence)) {}
  std::string_view type_name() const override {
    return sequence_.is_list() ? "list_iterator" : "tuple_iterator";
  }
  bool Next(Runtime*, Value* item) override {
    const std::vector<Value>& items = sequence_.AsItems();
    if (next_ >= items.size()) return false;
    *item = items[next_++];
    return true;
  }
  void Surrender(std::vector<Value>* held) override {
    held->push_back(std::move(sequence_));
  }

 private:
  Value sequence_;
  size_t next_ = 0;
};

class KeyIterator : public Iterator {
 public:
  explicit KeyIterator(Value dict) : dict_(std::move(dict)) {}
  std::string_view type_name() const override { return "dict_keyiterator"; }
  bool Next(Runtime*, Value* item) override {
    const Dict& dict = dict_.AsDict();
    if (next_ >= dict.size()) return false;
    *item = dict.at(next_++).key;
    return true;
  }
  void Surrender(std::vector<Value>* held) override {
    held->push_back(std::move(dict_));
  }

 private:
  Value dict_;
  size_t next_ = 0;
};

// Over the code points of a string.
class LetterIterator : public Iterator {
 public:
  explicit LetterIterator(Value text) : text_(std::move(text)) {}
  std::string_view type_name() const override { return "str_iterator"; }
  bool Next(Runtime*, Value* item) override {
    const Text& text = text_.AsText();
    if (next_ >= text.size()) return false;
    const size_t end = NextCodePoint(text.view(), next_);
    *item = Value::String(text.Slice(next_, end));
    next_ = end;
    return true;
  }
  void Surrender(std::vector<Value>* held) override {
    held->push_back(std::move(text_));
  }

 private:
  Value text_;
  size_t next_ = 0;
};

}  // namespace

Runtime::~Runtime() {
  while (first_cyclic_ != nullptr) {
    Cyclic* cyclic = first_cyclic_;
    cyclic->Retain();
    const Value keep = Value::Adopt(Tag::kObject, cyclic);
    cyclic->Clear();
    first_cyclic_ = cyclic->after_;
    if (first_cyclic_ != nullptr) first_cyclic_->before_ = nullptr;
    cyclic->runtime_ = nullptr;
    cyclic->after_ = nullptr;
  }
}

Cyclic::Cyclic(Runtime* runtime)
    : runtime_(runtime), after_(runtime->first_cyclic_) {
  if (after_ != nullptr) after_->before_ = this;
  runtime->first_cyclic_ = this;
}

Cyclic::~Cyclic() {
  if (runtime_ == nullptr) return;
  if (after_ != nullptr) after_->before_ = before_;
  if (before_ != nullptr) {
    before_->after_ = after_;
  } else {
    runtime_->first_cyclic_ = after_;
  }
}

void Runtime::FailSteps() const {
  throw Error::Limit("the template takes more than " +
                     std::to_string(options_.limits.steps) + " steps");
}

void Runtime::FailText() const {
  throw Error::Limit("the template makes a text of more than " +
                     std::to_string(options_.limits.output_bytes) + " bytes");
}

void Runtime::FailItems() const {
  throw Error::Limit("the template makes a list of more than " +
                     std::to_string(options_.limits.list_items) + " items");
}

void Runtime::FailCalls() {
  throw Error::Limit("the template's calls nest too deep");
}

Value Runtime::Call(const Value& callee, Arguments* arguments) {
  if (callee.is_undefined()) FailUndefined(callee);
  HostObject* host = HostOf(callee);
  if (host == nullptr || !host->callable()) {
    Fail("a value of type " + TypeName(callee) + " can't be called");
  }
  Charge(1);
  const CallLevel level(this);
  return host->Call(this, arguments);
}

bool Generator::Next(Runtime* runtime, Value* item) {
  runtime->Charge(1);
  const Runtime::CallLevel level(runtime);
  return next_(runtime, &held_, item);
}

void Generator::Surrender(std::vector<Value>* held) {
  for (Value& value : held_) held->push_back(std::move(value));
  held_.clear();
}

Value MakeGenerator(Generator::Held held, Generator::NextFunction next,
                    std::string_view type) {
  return Value::Adopt(Tag::kObject,
                      new Generator(type, std::move(held), std::move(next)));
}

Value MakeCallable(Value self, Callable::Function function,
                   std::string_view type) {
  return Value::Adopt(Tag::kObject,
                      new Callable(type, std::move(self), std::move(function)));
}

Value Iterator::Iterate(Runtime*) { return Value::Share(this); }

std::optional<bool> Iterator::Contains(Runtime* runtime, const Value& item) {
  Value next;
  while (Next(runtime, &next)) {
    if (Identical(next, item) || Equal(next, item)) return true;
  }
  return false;
}

Value TryMakeIterator(Runtime* runtime, const Value& value) {
  switch (value.tag()) {
    case Tag::kList:
    case Tag::kTuple:
      return Value::Adopt(Tag::kObject, new SequenceIterator(value));
    case Tag::kDict:
      return Value::Adopt(Tag::kObject, new KeyIterator(value));
    case Tag::kString:
      return Value::Adopt(Tag::kObject, new LetterIterator(value));
    case Tag::kUndefined:
      return MakeGenerator(
          {}, [](Runtime*, Generator::Held*, Value*) { return false; });
    case Tag::kObject:
      return HostOf(value)->Iterate(runtime);
    default:
      return Value::Missing();
  }
}

Value MakeIterator(Runtime* runtime, const Value& value) {
  Value iterator = TryMakeIterator(runtime, value);
  if (iterator.is_missing()) {
    Fail("a value of type " + TypeName(value) + " can't be iterated over");
  }
  return iterator;
}

std::vector<Value> ToList(Runtime* runtime, const Value& value) {
  if (value.is_list() || value.is_tuple()) {
    runtime->ChargeItems(value.AsItems().size());
    return value.AsItems();
  }
  const Value iterator = MakeIterator(runtime, value);
  std::vector<Value> items;
  Value item;
  while (IteratorOf(iterator)->Next(runtime, &item)) {
    items.push_back(std::move(item));
    runtime->Charge(1);
    if (items.size() > runtime->options().limits.list_items) {
      runtime->ChargeItems(items.size());
    }
  }
  return items;
}

std::optional<int64_t> LengthOf(Runtime* runtime, const Value& value) {
  switch (value.tag()) {
    case Tag::kString:
      runtime->Charge(value.AsText().size() / 64);
      return static_cast<int64_t>(CountCodePoints(value.AsText().view()));
    case Tag::kList:
    case Tag::kTuple:
      return static_cast<int64_t>(value.AsItems().size());
    case Tag::kDict:
      return static_cast<int64_t>(value.AsDict().size());
    case Tag::kUndefined:
      return 0;
    case Tag::kObject:
      return HostOf(value)->Length(runtime);
    default:
      return std::nullopt;
  }
}

bool Truth(Runtime* runtime, const Value& value) {
  switch (value.tag()) {
    case Tag::kMissing:
    case Tag::kUndefined:
    case Tag::kNone:
      return false;
    case Tag::kBool:
      return value.AsBool();
    case Tag::kInt:
      return value.AsSmallInt() != 0;
    case Tag::kBigInt:
      return true;
    case Tag::kFloat:
      return value.AsFloat() != 0;
    case Tag::kString:
      return !value.AsText().empty();
    case Tag::kList:
    case Tag::kTuple:
      return !value.AsItems().empty();
    case Tag::kDict:
      return !value.AsDict().empty();
    case Tag::kObject:
      return HostOf(value)->Truth(runtime);
  }
  return false;
}

bool Contains(Runtime* runtime, const Value& container, const Value& item) {
  switch (container.tag()) {
    case Tag::kString:
      if (!item.is_string()) {
        Fail(
            "'in' needs a string on its left where a string is on its right, "
            "not " +
            TypeName(item));
      }
      runtime->Charge(container.AsText().size() / 64);
      return container.AsText().view().find(item.AsText().view()) !=
             std::string_view::npos;
    case Tag::kList:
    case Tag::kTuple: {
      const std::vector<Value>& items = container.AsItems();
      runtime->Charge(items.size() / 8);
      return std::any_of(items.begin(), items.end(), [&item](const Value& v) {
        return Identical(v, item) || Equal(v, item);
      });
    }
    case Tag::kDict:
      return container.AsDict().Find(item) != nullptr;
    case Tag::kUndefined:
      return false;
    case Tag::kObject:
      if (const auto found = HostOf(container)->Contains(runtime, item)) {
        return *found;
      }
      break;
    default:
      break;
  }
  Fail("a value of type " + TypeName(container) + " can't hold anything");
}

}  // namespace fullstop::jinja
