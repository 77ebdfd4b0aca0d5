// What filters, methods and the evaluator share while one rendering runs.
#ifndef FULLSTOP_JINJA_RUNTIME_H_
#define FULLSTOP_JINJA_RUNTIME_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/ast.h"
#include "jinja/host.h"
#include "jinja/template.h"

namespace fullstop::jinja {

class Cyclic;

// One rendering's bounds and services. Belongs to one thread.
class Runtime {
 public:
  explicit Runtime(const RenderOptions& options)
      : options_(options), steps_left_(options.limits.steps) {}
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  virtual ~Runtime();

  const RenderOptions& options() const { return options_; }
  bool autoescape = false;

  // Each throws Error (kLimit) where the bound is met.
  void Charge(uint64_t steps) {
    if (steps > steps_left_) FailSteps();
    steps_left_ -= steps;
  }
  // BYTES of a string are about to be made.
  void ChargeText(uint64_t bytes) {
    LimitText(bytes);
    Charge(1 + bytes / 16);
  }
  // A string has grown to BYTES.
  void LimitText(uint64_t bytes) {
    if (bytes > options_.limits.output_bytes) FailText();
  }
  // ITEMS of a list are about to be made.
  void ChargeItems(uint64_t items) {
    if (items > options_.limits.list_items) FailItems();
    Charge(1 + items);
  }

  // Calls CALLEE; throws Error (kTemplate) where it is not callable.
  Value Call(const Value& callee, Arguments* arguments);

  // Held while a call runs; throws Error (kLimit) where calls nest too deep.
  class CallLevel {
   public:
    explicit CallLevel(Runtime* runtime) : runtime_(runtime) {
      if (++runtime->calls_ > runtime->options_.limits.depth) {
        --runtime->calls_;
        FailCalls();
      }
    }
    ~CallLevel() { --runtime_->calls_; }

   private:
    Runtime* runtime_;
  };

 private:
  friend class Cyclic;
  [[noreturn]] void FailSteps() const;
  [[noreturn]] void FailText() const;
  [[noreturn]] void FailItems() const;
  [[noreturn]] static void FailCalls();

  const RenderOptions& options_;
  uint64_t steps_left_;
  uint32_t calls_ = 0;
  Cyclic* first_cyclic_ = nullptr;
};

// What can come to hold itself, by assignment after it was made. The runtime
// empties those that are left when it ends.
class Cyclic : public HostObject {
 public:
  explicit Cyclic(Runtime* runtime);
  ~Cyclic() override;
  // Drops all values held.
  virtual void Clear() = 0;

 private:
  friend class Runtime;
  Runtime* runtime_;
  Cyclic* before_ = nullptr;
  Cyclic* after_ = nullptr;
};

// An iterator over what NEXT gives, printed as TYPE. All values that NEXT needs
// stand in HELD, where a chain of generators can be taken apart in a loop.
class Generator : public Iterator {
 public:
  using Held = std::vector<Value>;
  using NextFunction = std::function<bool(Runtime*, Held*, Value*)>;
  Generator(std::string_view type, Held held, NextFunction next)
      : type_(type), held_(std::move(held)), next_(std::move(next)) {}
  std::string_view type_name() const override { return type_; }
  bool Next(Runtime* runtime, Value* item) override;
  void Surrender(std::vector<Value>* held) override;

 private:
  std::string_view type_;
  Held held_;
  NextFunction next_;
};

Value MakeGenerator(Generator::Held held, Generator::NextFunction next,
                    std::string_view type = "generator");

// A function, or a method of SELF; printed as TYPE.
class Callable : public HostObject {
 public:
  using Function = std::function<Value(Runtime*, const Value&, Arguments*)>;
  Callable(std::string_view type, Value self, Function function)
      : type_(type), self_(std::move(self)), function_(std::move(function)) {}
  std::string_view type_name() const override { return type_; }
  bool callable() const override { return true; }
  Value Call(Runtime* runtime, Arguments* arguments) override {
    return function_(runtime, self_, arguments);
  }
  void Surrender(std::vector<Value>* held) override {
    held->push_back(std::move(self_));
  }

 private:
  std::string_view type_;
  Value self_;
  Function function_;
};

Value MakeCallable(Value self, Callable::Function function,
                   std::string_view type = "builtin_function_or_method");

// iter(VALUE). Throws Error (kTemplate) where it is not iterable.
Value MakeIterator(Runtime* runtime, const Value& value);
// As MakeIterator; missing instead of an error.
Value TryMakeIterator(Runtime* runtime, const Value& value);
inline Iterator* IteratorOf(const Value& iterator) {
  return static_cast<Iterator*>(iterator.object());
}
// list(VALUE).
std::vector<Value> ToList(Runtime* runtime, const Value& value);
// len(VALUE), or nullopt where Python raises TypeError.
std::optional<int64_t> LengthOf(Runtime* runtime, const Value& value);
bool Truth(Runtime* runtime, const Value& value);
// ITEM in CONTAINER.
bool Contains(Runtime* runtime, const Value& container, const Value& item);

// Python's str(VALUE) and repr(VALUE).
Text ToText(Runtime* runtime, const Value& value);
void AppendText(Runtime* runtime, const Value& value, Text* out);
void AppendRepr(Runtime* runtime, const Value& value, Text* out, int depth = 0);
void AppendStringRepr(const Text& text, Text* out);
// markupsafe.escape of VALUE's text; Markup passes unchanged.
Text EscapeHtml(Runtime* runtime, const Value& value);

// The environment's getattr and getitem: what a.b and a[b] mean.
Value GetAttribute(Runtime* runtime, const Value& object, const Value& name);
Value GetItem(Runtime* runtime, const Value& object, const Value& key);
Value GetSlice(Runtime* runtime, const Value& object, const Value& start,
               const Value& stop, const Value& step);

// The operators + - * / // % ** with Python's meaning for all types. A string
// that only A holds grows in its place.
Value Operate(Runtime* runtime, Arithmetic operation, Value a, const Value& b);
Value OperateUnary(Runtime* runtime, bool negate, const Value& value);
bool CompareWith(Runtime* runtime, CompareOp op, const Value& a,
                 const Value& b);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_RUNTIME_H_
