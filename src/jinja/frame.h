// The variables of a function at run time, and the objects a template makes
// that can come to hold themselves.
#ifndef FULLSTOP_JINJA_FRAME_H_
#define FULLSTOP_JINJA_FRAME_H_

#include <string_view>
#include <vector>

#include "jinja/ast.h"
#include "jinja/runtime.h"

namespace fullstop::jinja {

class Interpreter;

class Frame : public Cyclic {
 public:
  // PARENT is the frame of the function around, or nullptr.
  Frame(Runtime* runtime, uint32_t slots, Frame* parent);
  std::string_view type_name() const override { return "frame"; }

  Value& At(const SlotRef& ref) {
    Frame* frame = this;
    for (uint32_t i = 0; i < ref.hops; ++i) frame = frame->parent();
    return frame->slots_[ref.slot];
  }
  Value& At(uint32_t slot) { return slots_[slot]; }
  Frame* parent() const { return static_cast<Frame*>(parent_.object()); }
  void Surrender(std::vector<Value>* held) override;
  void Clear() override;

 private:
  std::vector<Value> slots_;
  Value parent_;
};

// What namespace() makes.
class Namespace : public Cyclic {
 public:
  Namespace(Runtime* runtime, Dict attributes)
      : Cyclic(runtime), attributes_(std::move(attributes)) {}
  std::string_view type_name() const override { return "Namespace"; }
  void Repr(Runtime* runtime, Text* out, Origin origin,
            int depth) const override;
  Value GetAttr(Runtime* runtime, std::string_view name) override;
  void Set(const Value& name, Value value);
  void Surrender(std::vector<Value>* held) override {
    attributes_.Surrender(held);
  }
  void Clear() override;

 private:
  Dict attributes_;
};

// The variable loop.
class Loop : public Cyclic {
 public:
  // STMT and FRAME are those of a recursive loop, else nullptr.
  Loop(Interpreter* interpreter, Value iterable, int64_t depth0,
       const Stmt* stmt, Frame* frame);
  std::string_view type_name() const override { return "LoopContext"; }
  void Repr(Runtime* runtime, Text* out, Origin origin,
            int depth) const override;
  Value GetAttr(Runtime* runtime, std::string_view name) override;
  bool callable() const override { return true; }
  Value Call(Runtime* runtime, Arguments* arguments) override;
  Value Iterate(Runtime* runtime) override;
  std::optional<int64_t> Length(Runtime* runtime) override;
  void Surrender(std::vector<Value>* held) override;
  void Clear() override;

  // The next turn; false at the end.
  bool Advance(Runtime* runtime, Value* item);

 private:
  const Value& PeekNext(Runtime* runtime);
  int64_t CountAll(Runtime* runtime);
  Value Cycle(Arguments* arguments) const;
  Value Changed(Arguments* arguments);

  Interpreter* interpreter_;
  const Stmt* stmt_;
  Value frame_;
  Value iterable_;
  Value iterator_;
  Value after_ = Value::Missing();
  Value current_ = Value::Missing();
  Value before_ = Value::Missing();
  Value changed_ = Value::Missing();
  int64_t index0_ = -1;
  int64_t depth0_;
  int64_t length_ = -1;
};

// What a macro, a call block or a generation block defines.
class Macro : public Cyclic {
 public:
  Macro(Interpreter* interpreter, const Stmt* stmt, Frame* frame);
  std::string_view type_name() const override { return "Macro"; }
  void Repr(Runtime* runtime, Text* out, Origin origin,
            int depth) const override;
  Value GetAttr(Runtime* runtime, std::string_view name) override;
  bool callable() const override { return true; }
  Value Call(Runtime* runtime, Arguments* arguments) override;
  void Surrender(std::vector<Value>* held) override;
  void Clear() override;

 private:
  void Bind(Frame* frame, Arguments* arguments) const;
  void BindSpecials(Frame* frame, Arguments* arguments,
                    bool found_caller) const;

  Interpreter* interpreter_;
  const Stmt* stmt_;
  Value frame_;
  bool autoescape_;
};

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_FRAME_H_
