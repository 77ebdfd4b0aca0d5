// What the interpreter's statements hold while they run.
#ifndef FULLSTOP_JINJA_INTERPRETER_SCOPES_H_
#define FULLSTOP_JINJA_INTERPRETER_SCOPES_H_

#include "base/error.h"
#include "jinja/interpreter.h"

namespace fullstop::jinja {

// Statements within statements and expressions within expressions, over all
// calls; bounds the C++ stack.
class Interpreter::Nesting {
 public:
  explicit Nesting(Interpreter* interpreter) : interpreter_(interpreter) {
    if (++interpreter->nesting_ > 8 * interpreter->options().limits.depth) {
      --interpreter->nesting_;
      throw Error::Limit("the template nests too deep as it runs");
    }
  }
  ~Nesting() { --interpreter_->nesting_; }

 private:
  Interpreter* interpreter_;
};

// Another frame and another output while it lives.
class Interpreter::FrameSwitch {
 public:
  FrameSwitch(Interpreter* interpreter, Frame* frame)
      : interpreter_(interpreter), frame_(interpreter->frame_) {
    interpreter->frame_ = frame;
  }
  ~FrameSwitch() { interpreter_->frame_ = frame_; }

 private:
  Interpreter* interpreter_;
  Frame* frame_;
};

class Interpreter::OutputSwitch {
 public:
  OutputSwitch(Interpreter* interpreter, Text* out)
      : interpreter_(interpreter), out_(interpreter->out_) {
    interpreter->out_ = out;
  }
  ~OutputSwitch() { interpreter_->out_ = out_; }

 private:
  Interpreter* interpreter_;
  Text* out_;
};

// A frame that lives as long as this or whoever else holds it.
class FrameHolder {
 public:
  FrameHolder(Runtime* runtime, uint32_t slots, Frame* parent)
      : frame_(new Frame(runtime, slots, parent)),
        value_(Value::Adopt(Value::Tag::kObject, frame_)) {}
  Frame* get() const { return frame_; }
  const Value& value() const { return value_; }

 private:
  Frame* frame_;
  Value value_;
};

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_INTERPRETER_SCOPES_H_
