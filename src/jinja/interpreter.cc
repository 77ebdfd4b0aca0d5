#include "jinja/interpreter.h"

#include <optional>

#include "base/error.h"
#include "jinja/filters.h"

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

namespace {

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

// The variable self: each block as a function.
class SelfReference : public HostObject {
 public:
  explicit SelfReference(Interpreter* interpreter)
      : interpreter_(interpreter) {}
  std::string_view type_name() const override { return "TemplateReference"; }
  void Repr(Runtime*, Text* out, Origin origin, int) const override {
    out->Append("<TemplateReference None>", origin);
  }
  bool has_items() const override { return true; }
  Value Iterate(Runtime*) override {
    return MakeGenerator({}, [](Runtime*, Generator::Held*, Value*) -> bool {
      Fail("the blocks of self have names, not numbers");
    });
  }
  Value GetItem(Runtime*, const Value& key) override {
    for (const Stmt* block : interpreter_->tree().blocks) {
      if (!key.is_string() || block->name != key.AsText().view()) continue;
      Interpreter* const interpreter = interpreter_;
      return MakeCallable(
          Value(),
          [interpreter, block](Runtime* runtime, const Value&,
                               Arguments* none) -> Value {
            if (!none->positional.empty() || !none->named.empty()) {
              Fail("a block takes no arguments");
            }
            Text text = interpreter->RunBlock(*block, nullptr);
            return runtime->autoescape ? Value::Markup(std::move(text))
                                       : Value::String(std::move(text));
          },
          "BlockReference");
    }
    return Value::Missing();
  }

 private:
  Interpreter* interpreter_;
};

}  // namespace

Interpreter::Interpreter(const Tree& tree, const Dict& context,
                         const RenderOptions& options)
    : Runtime(options), tree_(tree), context_(context) {}

Rendering Interpreter::Run() {
  Text out;
  out_ = &out;
  root_out_ = &out;
  const FrameHolder frame(this, tree_.function.slots, nullptr);
  const FrameSwitch inside(this, frame.get());
  if (tree_.self_slot) frame.get()->At(*tree_.self_slot) = MakeSelf();
  Enter(tree_.function.scope, frame.get());
  Exec(tree_.body);
  rendering_.origins = out.Spans();
  rendering_.text = out.bytes();
  return std::move(rendering_);
}

void Interpreter::Enter(const Scope& scope, Frame* frame) {
  for (const ScopeLoad& load : scope.loads) {
    switch (load.action) {
      case ScopeLoad::Action::kParameter:
        break;
      case ScopeLoad::Action::kResolve:
        frame->At(load.slot) = Resolve(load.name);
        break;
      case ScopeLoad::Action::kAlias:
        frame->At(load.slot) = frame->At(load.from);
        break;
      case ScopeLoad::Action::kMissing:
        frame->At(load.slot) = Value::Missing();
        break;
    }
  }
}

void Interpreter::Leave(const Scope& scope) {
  for (const ScopeLoad& load : scope.loads) {
    frame_->At(load.slot) = Value::Missing();
  }
}

Value Interpreter::Resolve(const Value& name) {
  const std::string_view text = name.AsText().view();
  if (in_sight_ != nullptr) {
    if (const Value* found = in_sight_->Find(text)) return *found;
  }
  if (!exports_.empty()) {
    if (const Value* found = exports_.Find(text)) return *found;
  }
  if (const Value* found = context_.Find(text)) return *found;
  return Global(text);
}

Value Interpreter::Global(std::string_view name) {
  if (!IsGlobal(name)) return Value::Missing();
  for (const auto& [known, value] : globals_) {
    if (known == name) return value;
  }
  globals_.emplace_back(name, MakeGlobal(name));
  return globals_.back().second;
}

Interpreter::Flow Interpreter::Exec(const Body& body) {
  const Nesting nesting(this);
  for (const Stmt* stmt : body) {
    const Flow flow = Exec(*stmt);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::Exec(const Stmt& stmt) {
  Charge(1);
  at_ = stmt.at;
  switch (stmt.kind) {
    case StmtKind::kData:
      ChargeText(stmt.data.AsText().size());
      LimitText(out_->size() + stmt.data.AsText().size());
      out_->Append(stmt.data.AsText());
      return Flow::kNext;
    case StmtKind::kOutput:
      for (const Expr* expr : stmt.exprs) Print(Eval(*expr));
      return Flow::kNext;
    case StmtKind::kFor:
      return ExecFor(stmt);
    case StmtKind::kIf:
      return ExecIf(stmt);
    case StmtKind::kMacro:
      Assign(*stmt.target,
             Value::Adopt(Value::Tag::kObject, new Macro(this, &stmt, frame_)));
      Export(stmt);
      return Flow::kNext;
    case StmtKind::kCallBlock:
      ExecCallBlock(stmt);
      return Flow::kNext;
    case StmtKind::kFilterBlock:
    case StmtKind::kSetBlock:
      return ExecCaptured(stmt);
    case StmtKind::kSet:
      Assign(*stmt.target, Eval(*stmt.exprs[0]));
      Export(stmt);
      return Flow::kNext;
    case StmtKind::kWith:
    case StmtKind::kAutoescape:
      return ExecScoped(stmt);
    case StmtKind::kBlock:
      ExecBlock(stmt);
      return Flow::kNext;
    case StmtKind::kGeneration:
      ExecGeneration(stmt);
      return Flow::kNext;
    case StmtKind::kInclude:
    case StmtKind::kExtends:
      Eval(*stmt.exprs[0]);
      at_ = stmt.at;
      Fail("there are no other templates to load here");
    case StmtKind::kBreak:
      return Flow::kBreak;
    case StmtKind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNext;
}

void Interpreter::Print(const Value& value) {
  if (autoescape) {
    out_->Append(EscapeHtml(this, value));
  } else {
    AppendText(this, value, out_);
  }
  LimitText(out_->size());
}

// What a call block or a filter block gave.
void Interpreter::PrintString(const Value& value) {
  if (!value.is_string()) {
    Fail("a block must give a string here, not " + TypeName(value));
  }
  AppendText(this, value, out_);
}

Interpreter::Flow Interpreter::ExecIf(const Stmt& stmt) {
  for (size_t i = 0; i < stmt.exprs.size(); ++i) {
    if (Truth(this, Eval(*stmt.exprs[i]))) return Exec(stmt.branches[i]);
  }
  return stmt.other.empty() ? Flow::kNext : Exec(stmt.other);
}

Interpreter::Flow Interpreter::ExecFor(const Stmt& stmt) {
  Value iterable = Eval(*stmt.exprs[0]);
  at_ = stmt.at;
  if (!stmt.loop->recursive) {
    return ExecTurns(stmt, std::move(iterable), 0, nullptr);
  }
  const Text text = RunRecursiveLoop(stmt, frame_, std::move(iterable), 0);
  LimitText(out_->size() + text.size());
  out_->Append(text);
  return Flow::kNext;
}

Text Interpreter::RunRecursiveLoop(const Stmt& stmt, Frame* definition,
                                   Value iterable, int64_t depth0) {
  const FrameHolder frame(this, stmt.loop->function.slots, definition);
  const FrameSwitch inside(this, frame.get());
  Text text;
  const OutputSwitch capture(this, &text);
  ExecTurns(stmt, std::move(iterable), depth0, definition);
  return text;
}

Interpreter::Flow Interpreter::ExecTurns(const Stmt& stmt, Value iterable,
                                         int64_t depth0, Frame* definition) {
  const LoopInfo& info = *stmt.loop;
  if (stmt.exprs[1] != nullptr) {
    iterable =
        Select(stmt, std::move(iterable), info.recursive ? definition : frame_);
  }
  Loop* loop = nullptr;
  Value keep;
  if (info.extended) {
    loop = new Loop(this, std::move(iterable), depth0,
                    info.recursive ? &stmt : nullptr, definition);
    keep = Value::Adopt(Value::Tag::kObject, loop);
  } else {
    keep = MakeIterator(this, iterable);
  }
  bool completed = false;
  Flow flow = Flow::kNext;
  Value item;
  while (loop != nullptr ? loop->Advance(this, &item)
                         : IteratorOf(keep)->Next(this, &item)) {
    Charge(1);
    Assign(*stmt.target, std::move(item));
    if (loop != nullptr) frame_->At(info.loop_slot) = keep;
    Enter(info.body_scope, frame_);
    flow = Exec(stmt.body);
    at_ = stmt.at;
    if (flow == Flow::kBreak) break;
    // A turn that was cut short does not count, as Jinja2 has it.
    if (flow == Flow::kNext) completed = true;
  }
  Leave(info.body_scope);
  if (completed || stmt.other.empty()) return Flow::kNext;
  Enter(info.else_scope, frame_);
  flow = Exec(stmt.other);
  Leave(info.else_scope);
  return flow;
}

// The items of ITERABLE that satisfy the loop's condition.
Value Interpreter::Select(const Stmt& stmt, Value iterable, Frame* around) {
  const FrameHolder frame(this, stmt.loop->test_function.slots, around);
  Enter(stmt.loop->test_function.scope, frame.get());
  const Value iterator = MakeIterator(this, iterable);
  return MakeGenerator(
      {iterator, frame.value()},
      [this, &stmt](Runtime*, Generator::Held* held, Value* out) {
        const FrameSwitch inside(this,
                                 static_cast<Frame*>((*held)[1].object()));
        Value item;
        while (IteratorOf((*held)[0])->Next(this, &item)) {
          Charge(1);
          Assign(*stmt.loop->test_target, item);
          if (!Truth(this, Eval(*stmt.exprs[1]))) continue;
          *out = Rebuild(*stmt.loop->test_target);
          return true;
        }
        return false;
      });
}

Value Interpreter::Rebuild(const Expr& target) {
  if (target.kind != ExprKind::kTuple) return frame_->At(target.slot);
  std::vector<Value> items;
  for (const Expr* item : target.children) items.push_back(Rebuild(*item));
  return Value::Tuple(std::move(items));
}

Interpreter::Flow Interpreter::ExecScoped(const Stmt& stmt) {
  Enter(stmt.scope, frame_);
  const bool escape = autoescape;
  if (stmt.kind == StmtKind::kAutoescape) {
    autoescape = Truth(this, Eval(*stmt.exprs[0]));
  } else {
    for (size_t i = 0; i < stmt.targets.size(); ++i) {
      Assign(*stmt.targets[i], Eval(*stmt.exprs[i]));
    }
  }
  const Flow flow = Exec(stmt.body);
  autoescape = escape;
  if (flow == Flow::kNext) Leave(stmt.scope);
  return flow;
}

// A filter block or a block set.
Interpreter::Flow Interpreter::ExecCaptured(const Stmt& stmt) {
  Enter(stmt.scope, frame_);
  Text text;
  {
    const OutputSwitch capture(this, &text);
    const Flow flow = Exec(stmt.body);
    if (flow != Flow::kNext) return flow;
  }
  Value result = autoescape ? Value::Markup(std::move(text))
                            : Value::String(std::move(text));
  at_ = stmt.at;
  if (!stmt.exprs.empty()) {
    filter_input_.swap(result);
    result = Eval(*stmt.exprs[0]);
  }
  if (stmt.kind == StmtKind::kFilterBlock) {
    PrintString(result);
  } else {
    if (autoescape && !result.is_markup()) {
      result = Value::Markup(ToText(this, result));
    }
    Assign(*stmt.target, std::move(result));
    Export(stmt);
  }
  Leave(stmt.scope);
  return Flow::kNext;
}

void Interpreter::ExecCallBlock(const Stmt& stmt) {
  const Value caller =
      Value::Adopt(Value::Tag::kObject, new Macro(this, &stmt, frame_));
  PrintString(EvalCall(*stmt.exprs[0], &caller));
}

void Interpreter::ExecGeneration(const Stmt& stmt) {
  const Value body =
      Value::Adopt(Value::Tag::kObject, new Macro(this, &stmt, frame_));
  Arguments none;
  const Value text = Call(body, &none);
  const size_t begin = out_->size();
  PrintString(text);
  if (out_ == root_out_) {
    rendering_.generations.push_back({begin, out_->size()});
  }
}

Text Interpreter::RunMacro(const Stmt& stmt, Frame* frame) {
  const FrameSwitch inside(this, frame);
  Enter(stmt.macro->function.scope, frame);
  const MacroInfo& macro = *stmt.macro;
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    Value& value = frame->At(macro.parameter_slots[i]);
    if (!value.is_missing()) continue;
    const size_t behind = macro.parameters.size() - i;
    if (behind <= macro.defaults.size()) {
      Value given = Eval(*macro.defaults[macro.defaults.size() - behind]);
      frame->At(macro.parameter_slots[i]) = std::move(given);
    } else {
      value = Value::Undefined("the parameter '" + macro.parameters[i]->name +
                               "' was not provided");
    }
  }
  Text text;
  const OutputSwitch capture(this, &text);
  Exec(stmt.body);
  return text;
}

void Interpreter::ExecBlock(const Stmt& stmt) {
  if (stmt.required) Fail("the required block '" + stmt.name + "' is missing");
  std::optional<Dict> in_sight;
  if (stmt.scoped) {
    in_sight = in_sight_ != nullptr ? *in_sight_ : exports_;
    for (const auto& [name, slot] : stmt.in_sight) {
      const Value& value = frame_->At(slot);
      if (!value.is_missing()) in_sight->Set(name, value);
    }
  }
  const Text text = RunBlock(stmt, in_sight ? &*in_sight : in_sight_);
  LimitText(out_->size() + text.size());
  out_->Append(text);
}

Text Interpreter::RunBlock(const Stmt& block, const Dict* in_sight) {
  const CallLevel level(this);
  const FrameHolder frame(this, block.function->slots, nullptr);
  const FrameSwitch inside(this, frame.get());
  const Dict* const seen = in_sight_;
  const bool escape = autoescape;
  in_sight_ = in_sight;
  autoescape = false;
  if (block.self_slot) frame.get()->At(*block.self_slot) = MakeSelf();
  Enter(block.function->scope, frame.get());
  Text text;
  const OutputSwitch capture(this, &text);
  Exec(block.body);
  in_sight_ = seen;
  autoescape = escape;
  return text;
}

Value Interpreter::MakeSelf() {
  return Value::Adopt(Value::Tag::kObject, new SelfReference(this));
}

void Interpreter::Export(const Stmt& stmt) {
  for (const auto& [name, slot] : stmt.exports) {
    exports_.Set(name, frame_->At(slot));
  }
}

void Interpreter::Assign(const Expr& target, Value value) {
  switch (target.kind) {
    case ExprKind::kName:
      frame_->At(target.slot) = std::move(value);
      return;
    case ExprKind::kNamespaceRef: {
      HostObject* host = HostOf(frame_->At(target.slot));
      auto* const space = dynamic_cast<Namespace*>(host);
      at_ = target.at;
      if (space == nullptr) {
        Fail("an attribute can be set on a namespace only, and '" +
             target.name + "' is none");
      }
      space->Set(target.constant, std::move(value));
      return;
    }
    default:
      Unpack(target, value);
  }
}

void Interpreter::Unpack(const Expr& target, const Value& value) {
  const size_t wanted = target.children.size();
  if (value.is_tuple() || value.is_list()) {
    const std::vector<Value>& items = value.AsItems();
    if (items.size() == wanted) {
      for (size_t i = 0; i < wanted; ++i) Assign(*target.children[i], items[i]);
      return;
    }
  }
  const Value iterator = MakeIterator(this, value);
  std::vector<Value> items;
  Value item;
  while (items.size() <= wanted && IteratorOf(iterator)->Next(this, &item)) {
    items.push_back(std::move(item));
  }
  if (items.size() != wanted) {
    at_ = target.at;
    Fail(std::string("too ") + (items.size() < wanted ? "few" : "many") +
         " values to unpack into " + std::to_string(wanted));
  }
  for (size_t i = 0; i < wanted; ++i) {
    Assign(*target.children[i], std::move(items[i]));
  }
}

}  // namespace fullstop::jinja
