#include "jinja/frame.h"

#include <algorithm>

#include "jinja/arguments.h"
#include "jinja/compare.h"
#include "jinja/interpreter.h"

namespace fullstop::jinja {

Frame::Frame(Runtime* runtime, uint32_t slots, Frame* parent)
    : Cyclic(runtime), slots_(slots, Value::Missing()) {
  if (parent != nullptr) parent_ = Value::Share(parent);
}

void Frame::Surrender(std::vector<Value>* held) {
  for (Value& value : slots_) value.SurrenderTo(held);
  parent_.SurrenderTo(held);
  slots_.clear();
}

void Frame::Clear() {
  std::vector<Value> held;
  Surrender(&held);
}

void Namespace::Repr(Runtime* runtime, Text* out, Origin origin,
                     int depth) const {
  if (depth > kMaxNesting) FailNesting();
  out->Append("<Namespace {", origin);
  bool first = true;
  for (const Dict::Entry& entry : attributes_) {
    if (!first) out->Append(", ", origin);
    first = false;
    AppendRepr(runtime, entry.key, out, depth + 1);
    out->Append(": ", origin);
    AppendRepr(runtime, entry.value, out, depth + 1);
  }
  out->Append("}>", origin);
}

Value Namespace::GetAttr(Runtime*, std::string_view name) {
  const Value* found = attributes_.Find(name);
  return found == nullptr ? Value::Missing() : *found;
}

void Namespace::Set(const Value& name, Value value) {
  if (name.AsText().view().starts_with('_')) {
    Fail("a namespace takes no attribute with a leading underscore: '" +
         name.AsText().bytes() + "'");
  }
  attributes_.Set(name, std::move(value));
}

void Namespace::Clear() {
  std::vector<Value> held;
  Surrender(&held);
}

Loop::Loop(Interpreter* interpreter, Value iterable, int64_t depth0,
           const Stmt* stmt, Frame* frame)
    : Cyclic(interpreter),
      interpreter_(interpreter),
      stmt_(stmt),
      iterable_(std::move(iterable)),
      iterator_(MakeIterator(interpreter, iterable_)),
      depth0_(depth0) {
  if (frame != nullptr) frame_ = Value::Share(frame);
}

void Loop::Surrender(std::vector<Value>* held) {
  for (Value* value : {&frame_, &iterable_, &iterator_, &after_, &current_,
                       &before_, &changed_}) {
    value->SurrenderTo(held);
  }
}

void Loop::Clear() {
  std::vector<Value> held;
  Surrender(&held);
}

bool Loop::Advance(Runtime* runtime, Value* item) {
  Value next;
  if (!after_.is_missing()) {
    next = std::move(after_);
    after_ = Value::Missing();
  } else if (!IteratorOf(iterator_)->Next(runtime, &next)) {
    return false;
  }
  ++index0_;
  before_ = std::move(current_);
  current_ = next;
  *item = std::move(next);
  return true;
}

const Value& Loop::PeekNext(Runtime* runtime) {
  if (after_.is_missing()) {
    Value next;
    if (IteratorOf(iterator_)->Next(runtime, &next)) after_ = std::move(next);
  }
  return after_;
}

int64_t Loop::CountAll(Runtime* runtime) {
  if (length_ >= 0) return length_;
  if (const auto known = LengthOf(runtime, iterable_)) {
    length_ = *known;
  } else {
    std::vector<Value> rest = ToList(runtime, iterator_);
    length_ = static_cast<int64_t>(rest.size()) + index0_ + 1 +
              (after_.is_missing() ? 0 : 1);
    iterator_ = MakeIterator(runtime, Value::List(std::move(rest)));
  }
  return length_;
}

std::optional<int64_t> Loop::Length(Runtime* runtime) {
  return CountAll(runtime);
}

void Loop::Repr(Runtime* runtime, Text* out, Origin origin, int) const {
  const int64_t length = const_cast<Loop*>(this)->CountAll(runtime);
  out->Append("<LoopContext " + std::to_string(index0_ + 1) + "/" +
                  std::to_string(length) + ">",
              origin);
}

Value Loop::GetAttr(Runtime* runtime, std::string_view name) {
  if (name == "index") return Value::Int(index0_ + 1);
  if (name == "index0") return Value::Int(index0_);
  if (name == "first") return Value::Bool(index0_ == 0);
  if (name == "last") return Value::Bool(PeekNext(runtime).is_missing());
  if (name == "length") return Value::Int(CountAll(runtime));
  if (name == "revindex") return Value::Int(CountAll(runtime) - index0_);
  if (name == "revindex0") return Value::Int(CountAll(runtime) - index0_ - 1);
  if (name == "depth") return Value::Int(depth0_ + 1);
  if (name == "depth0") return Value::Int(depth0_);
  if (name == "previtem") {
    if (index0_ != 0) return before_;
    return Value::Undefined("there is no previous item");
  }
  if (name == "nextitem") {
    const Value& next = PeekNext(runtime);
    if (!next.is_missing()) return next;
    return Value::Undefined("there is no next item");
  }
  if (name == "cycle") {
    return MakeCallable(
        Value::Share(this),
        [](Runtime*, const Value& self, Arguments* arguments) {
          return static_cast<Loop*>(self.object())->Cycle(arguments);
        },
        "method");
  }
  if (name == "changed") {
    return MakeCallable(
        Value::Share(this),
        [](Runtime*, const Value& self, Arguments* arguments) {
          return static_cast<Loop*>(self.object())->Changed(arguments);
        },
        "method");
  }
  return Value::Missing();
}

Value Loop::Cycle(Arguments* arguments) const {
  if (arguments->positional.empty() || !arguments->named.empty()) {
    Fail("loop.cycle needs items, none of them named");
  }
  return arguments
      ->positional[static_cast<size_t>(index0_) % arguments->positional.size()];
}

Value Loop::Changed(Arguments* arguments) {
  if (!arguments->named.empty()) Fail("loop.changed takes no named arguments");
  Value now = Value::Tuple(std::move(arguments->positional));
  const bool same = !changed_.is_missing() && Equal(changed_, now);
  if (!same) changed_ = std::move(now);
  return Value::Bool(!same);
}

Value Loop::Call(Runtime* runtime, Arguments* arguments) {
  if (stmt_ == nullptr) {
    Fail("a loop must be marked 'recursive' to be called");
  }
  auto [iterable] = Bind<1>("loop", arguments, 1, {"iterable"});
  Text text = interpreter_->RunRecursiveLoop(
      *stmt_, static_cast<Frame*>(frame_.object()), std::move(iterable),
      depth0_ + 1);
  return runtime->autoescape ? Value::Markup(std::move(text))
                             : Value::String(std::move(text));
}

Value Loop::Iterate(Runtime*) {
  return MakeGenerator(
      {Value::Share(this)},
      [](Runtime* runtime, Generator::Held* held, Value* out) {
        // The loop lives while it runs, whatever happens to its generator.
        // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
        const Value self = (*held)[0];
        Value item;
        if (!static_cast<Loop*>(self.object())->Advance(runtime, &item)) {
          return false;
        }
        *out = Value::Tuple({item, self});
        return true;
      },
      "LoopContext");
}

Macro::Macro(Interpreter* interpreter, const Stmt* stmt, Frame* frame)
    : Cyclic(interpreter),
      interpreter_(interpreter),
      stmt_(stmt),
      frame_(Value::Share(frame)),
      autoescape_(interpreter->autoescape) {}

void Macro::Surrender(std::vector<Value>* held) {
  held->push_back(std::move(frame_));
}

void Macro::Clear() { frame_ = Value(); }

void Macro::Repr(Runtime*, Text* out, Origin origin, int) const {
  out->Append(stmt_->kind == StmtKind::kMacro
                  ? "<Macro '" + stmt_->name + "'>"
                  : std::string("<Macro anonymous>"),
              origin);
}

Value Macro::GetAttr(Runtime*, std::string_view name) {
  const MacroInfo& info = *stmt_->macro;
  if (name == "name") {
    return stmt_->kind == StmtKind::kMacro ? stmt_->target->constant : Value();
  }
  if (name == "arguments") {
    std::vector<Value> names;
    for (const Expr* parameter : info.parameters) {
      names.push_back(parameter->constant);
    }
    return Value::Tuple(std::move(names));
  }
  if (name == "catch_kwargs") return Value::Bool(info.catches_kwargs);
  if (name == "catch_varargs") return Value::Bool(info.catches_varargs);
  if (name == "caller") {
    return Value::Bool(info.catches_caller || info.explicit_caller);
  }
  if (name == "explicit_caller") {
    return Value::Bool(std::any_of(
        info.parameters.begin(), info.parameters.end(),
        [](const Expr* parameter) { return parameter->name == "caller"; }));
  }
  return Value::Missing();
}

Value Macro::Call(Runtime* runtime, Arguments* arguments) {
  const MacroInfo& info = *stmt_->macro;
  auto* const frame = new Frame(runtime, info.function.slots,
                                static_cast<Frame*>(frame_.object()));
  const Value keep = Value::Adopt(Value::Tag::kObject, frame);
  Bind(frame, arguments);
  const bool escape = runtime->autoescape;
  runtime->autoescape = autoescape_;
  Text text = interpreter_->RunMacro(*stmt_, frame);
  runtime->autoescape = escape;
  return escape ? Value::Markup(std::move(text))
                : Value::String(std::move(text));
}

void Macro::Bind(Frame* frame, Arguments* arguments) const {
  const MacroInfo& info = *stmt_->macro;
  const size_t count = info.parameters.size();
  const size_t given = std::min(count, arguments->positional.size());
  bool found_caller = false;
  for (size_t i = 0; i < count; ++i) {
    Value& slot = frame->At(info.parameter_slots[i]);
    const std::string& name = info.parameters[i]->name;
    found_caller |= name == "caller";
    if (i < given) {
      slot = std::move(arguments->positional[i]);
      continue;
    }
    const auto named = std::find_if(
        arguments->named.begin(), arguments->named.end(),
        [&name](const auto& entry) { return entry.first == name; });
    if (named == arguments->named.end()) continue;
    slot = std::move(named->second);
    arguments->named.erase(named);
  }
  BindSpecials(frame, arguments, found_caller);
}

void Macro::BindSpecials(Frame* frame, Arguments* arguments,
                         bool found_caller) const {
  const MacroInfo& info = *stmt_->macro;
  const std::string title = stmt_->kind == StmtKind::kMacro
                                ? "the macro '" + stmt_->name + "'"
                                : std::string("the block");
  if (info.catches_caller && !found_caller) {
    Value& slot = frame->At(info.caller_slot);
    const auto named =
        std::find_if(arguments->named.begin(), arguments->named.end(),
                     [](const auto& entry) { return entry.first == "caller"; });
    const bool is_given =
        named != arguments->named.end() && !named->second.is_none();
    slot = is_given ? named->second : Value::Undefined("no caller is defined");
    if (named != arguments->named.end()) arguments->named.erase(named);
  }
  if (info.catches_kwargs) {
    Dict kwargs;
    for (auto& [name, value] : arguments->named) {
      kwargs.Set(name, std::move(value));
    }
    frame->At(info.kwargs_slot) = Value::Map(std::move(kwargs));
  } else if (!arguments->named.empty()) {
    Fail(title + " takes no argument named '" + arguments->named[0].first +
         "'");
  }
  const size_t count = info.parameters.size();
  if (info.catches_varargs) {
    std::vector<Value> rest;
    for (size_t i = count; i < arguments->positional.size(); ++i) {
      rest.push_back(std::move(arguments->positional[i]));
    }
    frame->At(info.varargs_slot) = Value::Tuple(std::move(rest));
  } else if (arguments->positional.size() > count) {
    Fail(title + " takes at most " + std::to_string(count) +
         " arguments, not " + std::to_string(arguments->positional.size()));
  }
}

}  // namespace fullstop::jinja
