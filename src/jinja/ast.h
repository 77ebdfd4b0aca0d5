// The syntax tree, as the parser makes it and scope.h completes it.
#ifndef FULLSTOP_JINJA_AST_H_
#define FULLSTOP_JINJA_AST_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/number.h"
#include "jinja/value.h"

namespace fullstop::jinja {

struct FilterEntry;
struct TestEntry;

// A variable at run time: slot SLOT of the function HOPS levels out. Functions
// are the template, blocks, macros, recursive loops and loop conditions.
struct SlotRef {
  uint32_t hops = 0;
  uint32_t slot = 0;
};

enum class ExprKind : uint8_t {
  kConst,
  kName,
  kList,
  kTuple,
  kDict,
  kUnary,
  kBinary,
  kAnd,
  kOr,
  kNot,
  kConcat,
  kCompare,
  kCondition,
  kGetAttr,
  kGetItem,
  kSlice,
  kFilter,
  kTest,
  kCall,
  kNamespaceRef,  // ns.name as the target of an assignment
};

enum class NameUse : uint8_t { kLoad, kStore, kParameter };

enum class CompareOp : uint8_t { kEq, kNe, kLt, kLe, kGt, kGe, kIn, kNotIn };

struct Expr;

struct Keyword {
  std::string name;
  Expr* value;
};

// Of a call, a filter or a test.
struct CallArguments {
  std::vector<Expr*> positional;
  std::vector<Keyword> named;
  Expr* star = nullptr;
  Expr* star_star = nullptr;
};

// One expression. CHILDREN by kind:
//   kList, kTuple, kConcat  the items
//   kDict                   key, value, key, value, …
//   kUnary, kNot            the operand
//   kBinary                 left, right
//   kAnd, kOr               the operands, two or more
//   kCompare                the operands, one more than COMPARISONS
//   kCondition              test, then, else (or nullptr)
//   kGetAttr                the object; NAME is the attribute
//   kGetItem                the object, the key
//   kSlice                  object, start, stop, step (each or nullptr); the
//                           object is nullptr among several subscripts
//   kFilter, kTest          the operand (nullptr in a filter block)
//   kCall                   the callee
struct Expr {
  ExprKind kind;
  NameUse use = NameUse::kLoad;
  Arithmetic arithmetic = Arithmetic::kAdd;
  // How deep evaluation recurses; a chain of binary operators is walked in a
  // loop and counts once.
  uint16_t height = 1;
  uint32_t at = 0;   // byte of the source
  SlotRef slot;      // kName, kNamespaceRef
  Value constant;    // kConst; the name of kName, kGetAttr
  std::string name;  // of the variable, attribute, filter, test
  std::vector<Expr*> children;
  std::vector<CompareOp> comparisons;
  std::unique_ptr<CallArguments> arguments;
  const FilterEntry* filter = nullptr;
  const TestEntry* test = nullptr;
};

enum class StmtKind : uint8_t {
  kData,
  kOutput,
  kFor,
  kIf,
  kMacro,
  kCallBlock,
  kFilterBlock,
  kSet,
  kSetBlock,
  kWith,
  kBlock,
  kInclude,  // include, import, from: all need a loader, and there is none
  kExtends,
  kAutoescape,
  kGeneration,
  kBreak,
  kContinue,
};

struct Stmt;
using Body = std::vector<Stmt*>;

// How a variable begins when its scope is entered.
struct ScopeLoad {
  enum class Action : uint8_t { kParameter, kResolve, kAlias, kMissing };
  Action action;
  uint32_t slot;
  SlotRef from;  // kAlias
  Value name;    // kResolve
};

struct Scope {
  std::vector<ScopeLoad> loads;
};

// What becomes a function: a frame of SLOTS variables at run time.
struct Function {
  uint32_t slots = 0;
  Scope scope;
};

struct MacroInfo {
  std::vector<Expr*> parameters;  // names
  std::vector<Expr*> defaults;    // of the last parameters
  Function function;
  std::vector<uint32_t> parameter_slots;
  bool catches_caller = false;
  bool explicit_caller = false;  // a parameter with a default
  bool catches_kwargs = false;
  bool catches_varargs = false;
  uint32_t caller_slot = 0;
  uint32_t kwargs_slot = 0;
  uint32_t varargs_slot = 0;
};

struct LoopInfo {
  bool recursive = false;
  bool extended = false;  // the body reads loop
  uint32_t loop_slot = 0;
  Scope body_scope;
  Scope else_scope;
  Function function;            // of a recursive loop
  Function test_function;       // of a loop with a condition
  Expr* test_target = nullptr;  // the target, in the condition's function
};

// One statement. By kind:
//   kData        data
//   kOutput      exprs, each printed
//   kFor         target; exprs: the iterable, the condition or nullptr; body;
//                other: the else branch
//   kIf          exprs: the tests; branches: their bodies; other: else
//   kMacro       name, target (where it goes), macro, body
//   kCallBlock   exprs: the call; macro, body
//   kFilterBlock exprs: the filter; body
//   kSet         target; exprs: the value
//   kSetBlock    target; exprs: the filter or nothing; body
//   kWith        targets, exprs: the values; body
//   kBlock       name; function; body
//   kAutoescape  exprs: the switch; body
//   kInclude, kExtends   exprs: the name
struct Stmt {
  StmtKind kind;
  uint32_t at = 0;
  bool scoped = false;    // kBlock
  bool required = false;  // kBlock
  std::string name;
  Value data;
  Expr* target = nullptr;
  std::vector<Expr*> targets;
  std::vector<Expr*> exprs;
  Body body;
  std::vector<Body> branches;
  Body other;
  Scope scope;
  std::unique_ptr<MacroInfo> macro;
  std::unique_ptr<LoopInfo> loop;
  std::unique_ptr<Function> function;  // kBlock
  // Names to publish to the context after an assignment at the top level, for
  // blocks to see.
  std::vector<std::pair<Value, SlotRef>> exports;
  // kBlock scoped: the variables in sight.
  std::vector<std::pair<Value, SlotRef>> in_sight;
  std::optional<uint32_t> self_slot;  // kBlock
};

// Owns all nodes, flat: a deep tree is destroyed without recursion.
class Tree {
 public:
  Expr* NewExpr(ExprKind kind, uint32_t at) {
    exprs_.emplace_back();
    exprs_.back().kind = kind;
    exprs_.back().at = at;
    return &exprs_.back();
  }
  Stmt* NewStmt(StmtKind kind, uint32_t at) {
    stmts_.emplace_back();
    stmts_.back().kind = kind;
    stmts_.back().at = at;
    return &stmts_.back();
  }
  // In the order in which the source has them.
  std::deque<Expr>& exprs() { return exprs_; }
  std::deque<Stmt>& stmts() { return stmts_; }

  Body body;
  Function function;
  std::optional<uint32_t> self_slot;
  std::vector<Stmt*> blocks;

 private:
  std::deque<Expr> exprs_;
  std::deque<Stmt> stmts_;
};

// Where byte AT of SOURCE stands: the line and the column in code points, both
// from 1, and the whole line.
struct Place {
  uint64_t line;
  uint64_t column;
  std::string text;
};
Place FindPlace(std::string_view source, uint32_t at);

// Throws Error (kTemplate) of MESSAGE at byte AT of SOURCE, with the line and a
// caret.
[[noreturn]] void FailAt(std::string_view source, uint32_t at,
                         std::string message);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_AST_H_
