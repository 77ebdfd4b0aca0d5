// Walks the syntax tree.
#ifndef FULLSTOP_JINJA_INTERPRETER_H_
#define FULLSTOP_JINJA_INTERPRETER_H_

#include <string_view>
#include <utility>
#include <vector>

#include "jinja/ast.h"
#include "jinja/frame.h"
#include "jinja/runtime.h"

namespace fullstop::jinja {

// One rendering of one tree.
class Interpreter : public Runtime {
 public:
  // All arguments must outlive the interpreter.
  Interpreter(const Tree& tree, const Dict& context,
              const RenderOptions& options);

  // Throws Error without a place; at() says where.
  Rendering Run();
  // The byte of the source that was last worked on.
  uint32_t at() const { return at_; }

  // For macros, loops and blocks.
  Value Eval(const Expr& expr);
  // Runs BODY of a macro in FRAME, which holds its arguments.
  Text RunMacro(const Stmt& stmt, Frame* frame);
  Text RunRecursiveLoop(const Stmt& stmt, Frame* definition, Value iterable,
                        int64_t depth0);
  Text RunBlock(const Stmt& block, const Dict* in_sight);
  void Enter(const Scope& scope, Frame* frame);
  const Tree& tree() const { return tree_; }

 private:
  enum class Flow : uint8_t { kNext, kBreak, kContinue };
  class Nesting;
  class FrameSwitch;
  class OutputSwitch;

  Value Resolve(const Value& name);
  Value Global(std::string_view name);
  void Leave(const Scope& scope);

  // Statements, interpreter.cc.
  Flow Exec(const Body& body);
  Flow Exec(const Stmt& stmt);
  Flow ExecIf(const Stmt& stmt);
  Flow ExecFor(const Stmt& stmt);
  Flow ExecTurns(const Stmt& stmt, Value iterable, int64_t depth0,
                 Frame* definition);
  Flow ExecScoped(const Stmt& stmt);
  Flow ExecCaptured(const Stmt& stmt);
  void ExecCallBlock(const Stmt& stmt);
  void ExecGeneration(const Stmt& stmt);
  void ExecBlock(const Stmt& stmt);
  void Print(const Value& value);
  void PrintString(const Value& value);
  void Assign(const Expr& target, Value value);
  void Unpack(const Expr& target, const Value& value);
  void Export(const Stmt& stmt);
  Value MakeSelf();
  Value Select(const Stmt& stmt, Value iterable, Frame* around);
  Value Rebuild(const Expr& target);

  // Expressions, evaluate.cc.
  Value EvalNode(const Expr& expr);
  Value EvalName(const Expr& expr);
  Value EvalItems(const Expr& expr);
  Value EvalDict(const Expr& expr);
  Value EvalBinary(const Expr& expr);
  Value EvalLogic(const Expr& expr);
  Value EvalConcat(const Expr& expr);
  Value EvalCompare(const Expr& expr);
  Value EvalCondition(const Expr& expr);
  Value EvalSlice(const Expr& expr);
  Value EvalFilter(const Expr& expr);
  Value EvalTest(const Expr& expr);
  Value EvalCall(const Expr& expr, const Value* caller);
  void EvalArguments(const CallArguments& from, Arguments* to);
  void SpreadNamed(const Value& mapping, Arguments* to);

  const Tree& tree_;
  const Dict& context_;
  // What top-level assignments show to blocks, and what a scoped block sees on
  // top of that.
  Dict exports_;
  const Dict* in_sight_ = nullptr;
  std::vector<std::pair<std::string_view, Value>> globals_;
  Frame* frame_ = nullptr;
  Text* out_ = nullptr;
  Text* root_out_ = nullptr;
  Value filter_input_;
  Rendering rendering_;
  uint32_t at_ = 0;
  uint32_t nesting_ = 0;
};

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_INTERPRETER_H_
