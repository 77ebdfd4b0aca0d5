// Names, loops and assignments of the interpreter.
#include "jinja/interpreter.h"

#include "jinja/filters.h"
#include "jinja/interpreter_scopes.h"

namespace fullstop::jinja {

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
  rendering_.text = out.Take();
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
