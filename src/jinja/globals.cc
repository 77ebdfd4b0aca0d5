// The global functions: range, dict, namespace, cycler, joiner, lipsum,
// raise_exception, strftime_now.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "jinja/arguments.h"
#include "jinja/filters.h"
#include "jinja/frame.h"
#include "jinja/methods.h"
#include "jinja/strftime.h"
#include "jinja/text_ops.h"

namespace fullstop::jinja {
namespace {

// The sandbox's own bound on range().
constexpr int64_t kMaxRange = 100000;

Value MakeRangeOf(Runtime*, const Value&, Arguments* arguments) {
  const auto [a, b, c] = BindPositional<3>("range", arguments, 1);
  const int64_t start = b.is_missing() ? 0 : IntArgument("range's start", a);
  const int64_t stop = IntArgument("range's stop", b.is_missing() ? a : b);
  const int64_t step = IntArgument("range's step", c, 1);
  if (step == 0) Fail("range's step can't be zero");
  for (const Value* bound : {&a, &b, &c}) {
    if (bound->tag() == Value::Tag::kBigInt) {
      throw Error::Limit("a range beyond 64 bits");
    }
  }
  constexpr int64_t kFar = int64_t{1} << 62;
  Value range =
      MakeRange(std::clamp(start, -kFar, kFar), std::clamp(stop, -kFar, kFar),
                std::clamp(step, -kFar, kFar));
  if (*HostOf(range)->Length(nullptr) > kMaxRange) {
    Fail("a range of more than " + std::to_string(kMaxRange) + " items");
  }
  return range;
}

// A class or function of the environment, with a few attributes.
class GlobalFunction : public Callable {
 public:
  GlobalFunction(std::string_view type, std::string text, Function function)
      : Callable(type, Value(), std::move(function)), text_(std::move(text)) {}
  void Repr(Runtime*, Text* out, Origin origin, int) const override {
    out->Append(text_, origin);
  }
  Value GetAttr(Runtime*, std::string_view name) override {
    if (type_name() != "TemplateDict" || name != "fromkeys") {
      return Value::Missing();
    }
    return MakeCallable(Value(), DictFromKeys, "method");
  }

 private:
  std::string text_;
};

class Cycler : public HostObject {
 public:
  explicit Cycler(std::vector<Value> items) : items_(std::move(items)) {}
  std::string_view type_name() const override { return "Cycler"; }
  Value GetAttr(Runtime*, std::string_view name) override {
    if (name == "items") return Value::Tuple(items_);
    if (name == "pos") return Value::Int(static_cast<int64_t>(position_));
    if (name == "current") return items_[position_];
    if (name != "next" && name != "reset") return Value::Missing();
    const bool next = name == "next";
    return MakeCallable(
        Value::Share(this),
        [next](Runtime*, const Value& self, Arguments* arguments) {
          BindNothing("cycler's method", arguments);
          auto* const cycler = static_cast<Cycler*>(self.object());
          return next ? cycler->Next() : cycler->Reset();
        },
        "method");
  }
  void Surrender(std::vector<Value>* held) override {
    for (Value& item : items_) held->push_back(std::move(item));
    items_.clear();
  }

 private:
  Value Next() {
    Value item = items_[position_];
    position_ = (position_ + 1) % items_.size();
    return item;
  }
  Value Reset() {
    position_ = 0;
    return Value();
  }

  std::vector<Value> items_;
  size_t position_ = 0;
};

Value MakeCycler(Runtime*, const Value&, Arguments* arguments) {
  if (arguments->positional.empty() || !arguments->named.empty()) {
    Fail("cycler needs items, none of them named");
  }
  return Value::Adopt(Value::Tag::kObject,
                      new Cycler(std::move(arguments->positional)));
}

class Joiner : public HostObject {
 public:
  explicit Joiner(Value separator) : separator_(std::move(separator)) {}
  std::string_view type_name() const override { return "Joiner"; }
  bool callable() const override { return true; }
  Value Call(Runtime*, Arguments* arguments) override {
    BindNothing("joiner", arguments);
    if (used_) return separator_;
    used_ = true;
    return Value::String("");
  }
  Value GetAttr(Runtime*, std::string_view name) override {
    if (name == "sep") return separator_;
    if (name == "used") return Value::Bool(used_);
    return Value::Missing();
  }
  void Surrender(std::vector<Value>* held) override {
    held->push_back(std::move(separator_));
  }

 private:
  Value separator_;
  bool used_ = false;
};

Value MakeJoiner(Runtime*, const Value&, Arguments* arguments) {
  auto [sep] = Bind<1>("joiner", arguments, 0, {"sep"});
  return Value::Adopt(
      Value::Tag::kObject,
      new Joiner(sep.is_missing() ? Value::String(", ") : std::move(sep)));
}

Value MakeNamespace(Runtime* runtime, const Value&, Arguments* arguments) {
  Dict attributes = MakeDict(runtime, arguments);
  for (const Dict::Entry& entry : attributes) {
    if (entry.key.is_string() && entry.key.AsText().view().starts_with('_')) {
      Fail("a namespace takes no attribute with a leading underscore: '" +
           entry.key.AsText().bytes() + "'");
    }
  }
  return Value::Adopt(Value::Tag::kObject,
                      new Namespace(runtime, std::move(attributes)));
}

Value MakeDictOf(Runtime* runtime, const Value&, Arguments* arguments) {
  return Value::Map(MakeDict(runtime, arguments));
}

Value RaiseException(Runtime* runtime, const Value&, Arguments* arguments) {
  const auto [message] = Bind<1>("raise_exception", arguments, 1, {"message"});
  throw TemplateRefusal(Error::Kind::kTemplate,
                        ToText(runtime, message).bytes());
}

Value StrftimeNow(Runtime* runtime, const Value&, Arguments* arguments) {
  const auto [format] = Bind<1>("strftime_now", arguments, 1, {"format"});
  const Text& text = TextArgument("strftime_now's format", format);
  runtime->ChargeText(text.size() * 16);
  return Value::String(FormatTime(text, runtime->options().now()));
}

// Words in a fixed order: a rendering must be the same each time.
Value Lipsum(Runtime* runtime, const Value&, Arguments* arguments) {
  static constexpr std::array<std::string_view, 16> kWords = {
      "lorem",      "ipsum",  "dolor", "sit",  "amet",   "consectetur",
      "adipiscing", "elit",   "sed",   "do",   "tempor", "incididunt",
      "ut",         "labore", "et",    "magna"};
  const auto [n, html, min, max] =
      Bind<4>("lipsum", arguments, 0, {"n", "html", "min", "max"});
  const int64_t paragraphs = IntArgument("n", n, 5);
  const int64_t fewest = IntArgument("min", min, 20);
  const int64_t most = IntArgument("max", max, 100);
  if (paragraphs > 0 && fewest >= most) Fail("lipsum needs min below max");
  const bool tags = FlagArgument(runtime, html, true);
  std::string text;
  for (int64_t i = 0; i < paragraphs; ++i) {
    if (i > 0) text += tags ? "\n" : "\n\n";
    if (tags) text += "<p>";
    for (int64_t word = 0; word < std::max<int64_t>(1, fewest); ++word) {
      std::string next(kWords[static_cast<size_t>(word) % kWords.size()]);
      if (word == 0) next[0] = 'L';
      text += (word == 0 ? "" : " ") + next;
      runtime->Charge(1);
      runtime->LimitText(text.size());
    }
    text += tags ? ".</p>" : ".";
  }
  return tags ? Value::Markup(Text(std::move(text)))
              : Value::String(std::move(text));
}

struct GlobalEntry {
  std::string_view name;
  Value (*call)(Runtime*, const Value&, Arguments*);
  std::string_view type;
  std::string_view text;
};

constexpr GlobalEntry kGlobals[] = {
    {"cycler", MakeCycler, "type", "<class 'jinja2.utils.Cycler'>"},
    {"dict", MakeDictOf, "TemplateDict", "<TemplateDict object>"},
    {"joiner", MakeJoiner, "type", "<class 'jinja2.utils.Joiner'>"},
    {"lipsum", Lipsum, "function", "<function generate_lorem_ipsum>"},
    {"namespace", MakeNamespace, "type", "<class 'TemplateNamespace'>"},
    {"raise_exception", RaiseException, "function",
     "<function raise_exception>"},
    {"range", MakeRangeOf, "function", "<function safe_range>"},
    {"strftime_now", StrftimeNow, "function", "<function strftime_now>"},
};

const GlobalEntry* FindGlobal(std::string_view name) {
  for (const GlobalEntry& entry : kGlobals) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace

bool IsGlobal(std::string_view name) { return FindGlobal(name) != nullptr; }

Value MakeGlobal(std::string_view name) {
  const GlobalEntry* entry = FindGlobal(name);
  if (entry == nullptr) return Value::Missing();
  return Value::Adopt(
      Value::Tag::kObject,
      new GlobalFunction(entry->type, std::string(entry->text), entry->call));
}

}  // namespace fullstop::jinja
