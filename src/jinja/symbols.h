// The names of one scope while scope.cc works.
#ifndef FULLSTOP_JINJA_SYMBOLS_H_
#define FULLSTOP_JINJA_SYMBOLS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "jinja/ast.h"

namespace fullstop::jinja {

// A function under construction and how many functions lie around it.
struct FunctionPlan {
  Function* function;
  uint32_t depth;
  // (scope level, name) to slot: scopes side by side share slots.
  std::map<std::pair<uint32_t, std::string>, uint32_t> slots;

  uint32_t SlotFor(uint32_t level, const std::string& name);
};

struct Variable {
  FunctionPlan* owner;
  uint32_t slot;

  friend bool operator==(const Variable&, const Variable&) = default;
};

struct Load {
  ScopeLoad::Action action;
  Variable variable;
  Variable from;     // kAlias
  std::string name;  // kResolve
};

// Copied for each branch of an if, then joined.
class Symbols {
 public:
  Symbols(FunctionPlan* plan, const Symbols* parent)
      : plan_(plan),
        parent_(parent),
        level_(parent == nullptr ? 0 : parent->level_ + 1) {}

  void DeclareParameter(const std::string& name);
  void Store(const std::string& name);
  void LoadName(const std::string& name);
  void Join(const std::vector<Symbols>& branches);

  std::optional<Variable> Find(const std::string& name) const;
  const std::vector<Load>& loads() const { return loads_; }
  FunctionPlan* plan() const { return plan_; }
  // All names stored here or further out, each in its innermost meaning.
  std::map<std::string, Variable> Stored() const;

 private:
  void Define(const std::string& name, Load load);
  void SetLoad(Load load);

  FunctionPlan* plan_;
  const Symbols* parent_;
  uint32_t level_;
  std::map<std::string, Variable> names_;
  std::vector<Load> loads_;
  std::set<std::string> stores_;
};

// Fills SYMBOLS with what STMT, as seen from the outside, reads and assigns.
void Survey(const Stmt& stmt, Symbols* symbols);
void Survey(const Body& body, Symbols* symbols);
// All names that EXPR reads.
void SurveyLoads(const Expr* expr, Symbols* symbols);
// All names of a target, assigned or declared.
void SurveyTarget(const Expr& target, bool parameter, Symbols* symbols);

// Which of NAMES the body reads before it assigns them, nested scopes included.
std::set<std::string> FindUndeclared(const Body& body,
                                     std::set<std::string> names);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_SYMBOLS_H_
