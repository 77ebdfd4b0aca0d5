// Statements whose output is kept: set and filter blocks, macros, call blocks,
// generation blocks, named blocks.
#include <optional>

#include "jinja/interpreter.h"
#include "jinja/interpreter_scopes.h"

namespace fullstop::jinja {
namespace {

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

}  // namespace fullstop::jinja
