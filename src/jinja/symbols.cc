#include "jinja/symbols.h"

#include <algorithm>

namespace fullstop::jinja {

using Action = ScopeLoad::Action;

uint32_t FunctionPlan::SlotFor(uint32_t level, const std::string& name) {
  const auto [entry, is_new] =
      slots.try_emplace({level, name}, function->slots);
  if (is_new) ++function->slots;
  return entry->second;
}

void Symbols::SetLoad(Load load) {
  for (Load& old : loads_) {
    if (old.variable == load.variable) {
      old = std::move(load);
      return;
    }
  }
  loads_.push_back(std::move(load));
}

void Symbols::Define(const std::string& name, Load load) {
  load.variable = {plan_, plan_->SlotFor(level_, name)};
  names_[name] = load.variable;
  SetLoad(std::move(load));
}

std::optional<Variable> Symbols::Find(const std::string& name) const {
  for (const Symbols* scope = this; scope != nullptr; scope = scope->parent_) {
    const auto found = scope->names_.find(name);
    if (found != scope->names_.end()) return found->second;
  }
  return std::nullopt;
}

void Symbols::DeclareParameter(const std::string& name) {
  stores_.insert(name);
  Define(name, {Action::kParameter, {}, {}, ""});
}

void Symbols::Store(const std::string& name) {
  stores_.insert(name);
  if (names_.contains(name)) return;
  if (parent_ != nullptr) {
    if (const auto outer = parent_->Find(name)) {
      Define(name, {Action::kAlias, {}, *outer, ""});
      return;
    }
  }
  Define(name, {Action::kMissing, {}, {}, ""});
}

void Symbols::LoadName(const std::string& name) {
  if (!Find(name)) Define(name, {Action::kResolve, {}, {}, name});
}

void Symbols::Join(const std::vector<Symbols>& branches) {
  std::set<std::string> stored;
  for (const Symbols& branch : branches) {
    for (const std::string& name : branch.stores_) {
      if (!stores_.contains(name)) stored.insert(name);
    }
  }
  for (const Symbols& branch : branches) {
    for (const auto& [name, variable] : branch.names_) names_[name] = variable;
    for (const Load& load : branch.loads_) SetLoad(load);
    stores_.insert(branch.stores_.begin(), branch.stores_.end());
  }
  // What one branch assigns keeps its outer meaning where that was not taken.
  for (const std::string& name : stored) {
    const Variable variable = *Find(name);
    const auto outer = parent_ ? parent_->Find(name) : std::nullopt;
    if (outer) {
      SetLoad({Action::kAlias, variable, *outer, ""});
    } else {
      SetLoad({Action::kResolve, variable, {}, name});
    }
  }
}

std::map<std::string, Variable> Symbols::Stored() const {
  std::map<std::string, Variable> stored;
  for (const Symbols* scope = this; scope != nullptr; scope = scope->parent_) {
    for (const std::string& name : scope->stores_) {
      if (!stored.contains(name)) stored[name] = *Find(name);
    }
  }
  return stored;
}

void SurveyLoads(const Expr* expr, Symbols* symbols) {
  std::vector<const Expr*> work = {expr};
  while (!work.empty()) {
    const Expr* next = work.back();
    work.pop_back();
    if (next == nullptr) continue;
    if (next->kind == ExprKind::kName) symbols->LoadName(next->name);
    work.insert(work.end(), next->children.begin(), next->children.end());
    if (next->arguments == nullptr) continue;
    const CallArguments& arguments = *next->arguments;
    work.insert(work.end(), arguments.positional.begin(),
                arguments.positional.end());
    for (const Keyword& keyword : arguments.named)
      work.push_back(keyword.value);
    work.push_back(arguments.star);
    work.push_back(arguments.star_star);
  }
}

void SurveyTarget(const Expr& target, bool parameter, Symbols* symbols) {
  if (target.kind == ExprKind::kNamespaceRef) {
    symbols->LoadName(target.name);
  } else if (target.kind == ExprKind::kTuple) {
    for (const Expr* item : target.children) {
      SurveyTarget(*item, parameter, symbols);
    }
  } else if (parameter) {
    symbols->DeclareParameter(target.name);
  } else {
    symbols->Store(target.name);
  }
}

namespace {

void SurveyIf(const Stmt& stmt, Symbols* symbols) {
  SurveyLoads(stmt.exprs[0], symbols);
  std::vector<Symbols> branches(3, *symbols);
  Survey(stmt.branches[0], &branches[0]);
  for (size_t i = 1; i < stmt.branches.size(); ++i) {
    // Each elif is an if of its own, with one branch.
    SurveyLoads(stmt.exprs[i], &branches[1]);
    std::vector<Symbols> inner(1, branches[1]);
    Survey(stmt.branches[i], &inner[0]);
    branches[1].Join(inner);
  }
  Survey(stmt.other, &branches[2]);
  symbols->Join(branches);
}

}  // namespace

void Survey(const Stmt& stmt, Symbols* symbols) {
  switch (stmt.kind) {
    case StmtKind::kFor:
      SurveyLoads(stmt.exprs[0], symbols);
      break;
    case StmtKind::kIf:
      SurveyIf(stmt, symbols);
      break;
    case StmtKind::kMacro:
      symbols->Store(stmt.name);
      break;
    case StmtKind::kSet:
      SurveyLoads(stmt.exprs[0], symbols);
      SurveyTarget(*stmt.target, false, symbols);
      break;
    case StmtKind::kSetBlock:
      SurveyTarget(*stmt.target, false, symbols);
      break;
    case StmtKind::kInclude:
      SurveyLoads(stmt.exprs[0], symbols);
      for (const Expr* target : stmt.targets) symbols->Store(target->name);
      break;
    case StmtKind::kOutput:
    case StmtKind::kCallBlock:
    case StmtKind::kFilterBlock:
    case StmtKind::kWith:
    case StmtKind::kExtends:
      for (const Expr* expr : stmt.exprs) SurveyLoads(expr, symbols);
      break;
    case StmtKind::kData:
    case StmtKind::kBlock:
    case StmtKind::kAutoescape:
    case StmtKind::kGeneration:
    case StmtKind::kBreak:
    case StmtKind::kContinue:
      break;
  }
}

void Survey(const Body& body, Symbols* symbols) {
  for (const Stmt* stmt : body) Survey(*stmt, symbols);
}

namespace {

class UndeclaredFinder {
 public:
  explicit UndeclaredFinder(std::set<std::string> names)
      : names_(std::move(names)) {}

  void Visit(const Body& body) {
    for (const Stmt* stmt : body) Visit(*stmt);
  }
  std::set<std::string> found() const { return found_; }

 private:
  void Visit(const Expr* expr) {
    if (expr == nullptr) return;
    if (expr->kind == ExprKind::kName) {
      if (expr->use == NameUse::kLoad && names_.contains(expr->name)) {
        found_.insert(expr->name);
      } else {
        names_.erase(expr->name);
      }
    }
    for (const Expr* child : expr->children) Visit(child);
    if (expr->arguments == nullptr) return;
    for (const Expr* argument : expr->arguments->positional) Visit(argument);
    for (const Keyword& argument : expr->arguments->named) {
      Visit(argument.value);
    }
    Visit(expr->arguments->star);
    Visit(expr->arguments->star_star);
  }

  // In the order in which Jinja2's nodes list their parts, since a name counts
  // as declared from its first assignment on.
  void Visit(const Stmt& stmt) {
    switch (stmt.kind) {
      case StmtKind::kBlock:
        return;
      case StmtKind::kFor:
        Visit(stmt.target);
        Visit(stmt.exprs[0]);
        Visit(stmt.body);
        Visit(stmt.other);
        Visit(stmt.exprs[1]);
        return;
      case StmtKind::kIf:
        for (size_t i = 0; i < stmt.exprs.size(); ++i) {
          Visit(stmt.exprs[i]);
          Visit(stmt.branches[i]);
        }
        Visit(stmt.other);
        return;
      case StmtKind::kMacro:
      case StmtKind::kCallBlock:
      case StmtKind::kGeneration:
        for (const Expr* expr : stmt.exprs) Visit(expr);
        for (const Expr* expr : stmt.macro->parameters) Visit(expr);
        for (const Expr* expr : stmt.macro->defaults) Visit(expr);
        Visit(stmt.body);
        return;
      case StmtKind::kFilterBlock:
        Visit(stmt.body);
        Visit(stmt.exprs[0]);
        return;
      default:
        break;
    }
    if (stmt.kind == StmtKind::kInclude) {
      Visit(stmt.exprs[0]);
      return;
    }
    Visit(stmt.target);
    for (const Expr* target : stmt.targets) Visit(target);
    for (const Expr* expr : stmt.exprs) Visit(expr);
    Visit(stmt.body);
  }

  std::set<std::string> names_;
  std::set<std::string> found_;
};

}  // namespace

std::set<std::string> FindUndeclared(const Body& body,
                                     std::set<std::string> names) {
  UndeclaredFinder finder(std::move(names));
  finder.Visit(body);
  return finder.found();
}

}  // namespace fullstop::jinja
