#include "jinja/scope.h"

#include <algorithm>
#include <memory>

#include "jinja/filters.h"
#include "jinja/symbols.h"

namespace fullstop::jinja {
namespace {

using Action = ScopeLoad::Action;

// Where a statement stands.
struct Place {
  Symbols* symbols;
  bool top_level = false;  // of the template or of an if there
  bool soft = false;       // in an if: unknown filters fail when they run
  int loops = 0;           // around this, in the same function
};

class Resolver {
 public:
  Resolver(std::string_view source, Tree* tree)
      : source_(source), tree_(tree) {}

  std::vector<std::string> Run() {
    {
      FunctionPlan plan{&tree_->function, 0, {}};
      Symbols symbols(&plan, nullptr);
      if (FindUndeclared(tree_->body, {"self"}).contains("self")) {
        symbols.DeclareParameter("self");
        tree_->self_slot = symbols.Find("self")->slot;
      }
      jinja::Survey(tree_->body, &symbols);
      Finish(symbols, &tree_->function.scope);
      Visit(tree_->body, {&symbols, true});
    }
    for (Stmt* block : tree_->blocks) VisitBlockBody(block);
    std::sort(undeclared_.begin(), undeclared_.end());
    undeclared_.erase(std::unique(undeclared_.begin(), undeclared_.end()),
                      undeclared_.end());
    return undeclared_;
  }

 private:
  SlotRef Reach(const Symbols& from, const Variable& variable) const {
    return {from.plan()->depth - variable.owner->depth, variable.slot};
  }

  SlotRef Reach(const Symbols& from, const std::string& name,
                uint32_t at) const {
    const auto variable = from.Find(name);
    if (!variable) {
      FailAt(source_, at, "the name '" + name + "' can't be used here");
    }
    return Reach(from, *variable);
  }

  // Writes down how the variables of a scope begin.
  void Finish(const Symbols& symbols, Scope* scope) {
    scope->loads.clear();
    for (const Load& load : symbols.loads()) {
      if (load.action == Action::kParameter) continue;
      ScopeLoad out{load.action, load.variable.slot, {}, Value()};
      if (load.action == Action::kAlias) out.from = Reach(symbols, load.from);
      if (load.action == Action::kResolve) {
        out.name = Value::String(load.name);
        if (!IsGlobal(load.name)) undeclared_.push_back(load.name);
      }
      scope->loads.push_back(std::move(out));
    }
  }

  void Visit(const Body& body, const Place& place) {
    for (Stmt* stmt : body) Visit(stmt, place);
  }

  void Visit(Stmt* stmt, const Place& place) {
    switch (stmt->kind) {
      case StmtKind::kFor:
        VisitFor(stmt, place);
        return;
      case StmtKind::kIf:
        VisitIf(stmt, place);
        return;
      case StmtKind::kMacro:
        VisitMacro(stmt, place);
        Target(stmt->target, *place.symbols);
        Export(stmt, {stmt->target}, place);
        return;
      case StmtKind::kCallBlock:
      case StmtKind::kGeneration:
        VisitMacro(stmt, place);
        Exprs(stmt->exprs, place);
        return;
      case StmtKind::kFilterBlock:
      case StmtKind::kSetBlock:
      case StmtKind::kWith:
      case StmtKind::kAutoescape:
        VisitScoped(stmt, place);
        return;
      case StmtKind::kSet:
        Exprs(stmt->exprs, place);
        Target(stmt->target, *place.symbols);
        Export(stmt, {stmt->target}, place);
        return;
      case StmtKind::kExtends:
        if (!place.top_level) {
          FailAt(source_, stmt->at, "extends can stand at the top level only");
        }
        Exprs(stmt->exprs, place);
        return;
      case StmtKind::kInclude:
        for (Expr* target : stmt->targets) Target(target, *place.symbols);
        Exprs(stmt->exprs, place);
        return;
      case StmtKind::kBlock:
        if (!stmt->scoped) return;
        for (const auto& [name, variable] : place.symbols->Stored()) {
          stmt->in_sight.emplace_back(Value::String(name),
                                      Reach(*place.symbols, variable));
        }
        return;
      case StmtKind::kBreak:
      case StmtKind::kContinue:
        if (place.loops == 0) {
          FailAt(source_, stmt->at, "break and continue need a loop around");
        }
        return;
      case StmtKind::kData:
      case StmtKind::kOutput:
        Exprs(stmt->exprs, place);
        return;
    }
  }

  // What a top-level assignment of TARGETS shows to the template's blocks.
  void Export(Stmt* stmt, const std::vector<Expr*>& targets,
              const Place& place) {
    if (!place.top_level || tree_->blocks.empty()) return;
    for (Expr* target : targets) {
      if (target->kind == ExprKind::kTuple) {
        Export(stmt, target->children, place);
      } else if (target->kind == ExprKind::kName) {
        stmt->exports.emplace_back(target->constant, target->slot);
      }
    }
  }

  void VisitIf(Stmt* stmt, const Place& place) {
    Place soft = place;
    soft.soft = true;
    Exprs(stmt->exprs, soft);
    for (const Body& branch : stmt->branches) Visit(branch, soft);
    Visit(stmt->other, soft);
  }

  void VisitScoped(Stmt* stmt, const Place& place) {
    Symbols symbols(place.symbols->plan(), place.symbols);
    for (const Expr* target : stmt->targets) {
      SurveyTarget(*target, true, &symbols);
    }
    if (stmt->kind == StmtKind::kAutoescape) {
      SurveyLoads(stmt->exprs[0], &symbols);
    }
    jinja::Survey(stmt->body, &symbols);
    if (stmt->kind == StmtKind::kFilterBlock) {
      SurveyLoads(stmt->exprs[0], &symbols);
    }
    Finish(symbols, &stmt->scope);
    const Place inside{&symbols, false, false, place.loops};
    Exprs(stmt->exprs, stmt->kind == StmtKind::kWith ? place : inside);
    for (Expr* target : stmt->targets) Target(target, symbols);
    Visit(stmt->body, inside);
    if (stmt->kind == StmtKind::kSetBlock) {
      Target(stmt->target, *place.symbols);
      Export(stmt, {stmt->target}, place);
    }
  }

  void VisitMacro(Stmt* stmt, const Place& place) {
    MacroInfo* macro = stmt->macro.get();
    FunctionPlan plan{&macro->function, place.symbols->plan()->depth + 1, {}};
    Symbols symbols(&plan, place.symbols);
    const auto survey = [&]() {
      for (const Expr* name : macro->parameters) {
        symbols.DeclareParameter(name->name);
      }
      for (const Expr* value : macro->defaults) SurveyLoads(value, &symbols);
      jinja::Survey(stmt->body, &symbols);
    };
    survey();
    DeclareSpecials(stmt, &symbols);
    survey();
    Finish(symbols, &macro->function.scope);
    const Place inside{&symbols};
    for (Expr* name : macro->parameters) {
      name->slot = Reach(symbols, name->name, name->at);
      macro->parameter_slots.push_back(name->slot.slot);
    }
    Exprs(macro->defaults, inside);
    Visit(stmt->body, inside);
  }

  // caller, kwargs and varargs, where the body reads them.
  void DeclareSpecials(Stmt* stmt, Symbols* symbols) {
    MacroInfo* macro = stmt->macro.get();
    const auto undeclared =
        FindUndeclared(stmt->body, {"caller", "kwargs", "varargs"});
    const auto parameter = [macro](std::string_view name) {
      return std::find_if(
          macro->parameters.begin(), macro->parameters.end(),
          [name](const Expr* expr) { return expr->name == name; });
    };
    const auto declare = [symbols](const char* name, bool* flag,
                                   uint32_t* slot) {
      symbols->DeclareParameter(name);
      *slot = symbols->Find(name)->slot;
      *flag = true;
    };
    if (undeclared.contains("caller")) {
      const auto given = parameter("caller");
      if (given == macro->parameters.end()) {
        declare("caller", &macro->catches_caller, &macro->caller_slot);
      } else if (macro->parameters.end() - given >
                 static_cast<ptrdiff_t>(macro->defaults.size())) {
        FailAt(source_, stmt->at,
               "the special argument 'caller' must be left out or be given a "
               "default");
      } else {
        macro->explicit_caller = true;
      }
    }
    if (undeclared.contains("kwargs") &&
        parameter("kwargs") == macro->parameters.end()) {
      declare("kwargs", &macro->catches_kwargs, &macro->kwargs_slot);
    }
    if (undeclared.contains("varargs") &&
        parameter("varargs") == macro->parameters.end()) {
      declare("varargs", &macro->catches_varargs, &macro->varargs_slot);
    }
  }

  void VisitBlockBody(Stmt* block) {
    FunctionPlan plan{block->function.get(), 0, {}};
    Symbols symbols(&plan, nullptr);
    const auto undeclared = FindUndeclared(block->body, {"self", "super"});
    if (undeclared.contains("self")) {
      symbols.DeclareParameter("self");
      block->self_slot = symbols.Find("self")->slot;
    }
    if (undeclared.contains("super")) symbols.DeclareParameter("super");
    jinja::Survey(block->body, &symbols);
    Finish(symbols, &block->function->scope);
    Visit(block->body, {&symbols});
  }

  void VisitFor(Stmt* stmt, const Place& place) {
    LoopInfo* loop = stmt->loop.get();
    if (AssignsLoop(*stmt)) {
      FailAt(source_, stmt->at,
             "the special variable 'loop' can't be assigned in a loop");
    }
    FunctionPlan own{&loop->function, place.symbols->plan()->depth + 1, {}};
    FunctionPlan* plan = loop->recursive ? &own : place.symbols->plan();
    Symbols body(plan, place.symbols);
    loop->extended = loop->recursive || HasScopedBlock(stmt->body) ||
                     HasScopedBlock(stmt->other) ||
                     FindUndeclared(stmt->body, {"loop"}).contains("loop");
    if (loop->extended) {
      body.DeclareParameter("loop");
      loop->loop_slot = body.Find("loop")->slot;
    }
    SurveyTarget(*stmt->target, true, &body);
    jinja::Survey(stmt->body, &body);
    Symbols other(plan, place.symbols);
    jinja::Survey(stmt->other, &other);
    if (stmt->exprs[1] != nullptr) VisitCondition(stmt, place);
    Finish(body, &loop->body_scope);
    if (!stmt->other.empty()) Finish(other, &loop->else_scope);

    Target(stmt->target, body);
    Resolve(stmt->exprs[0], place);
    const int outside = loop->recursive ? 0 : place.loops;
    Visit(stmt->body, {&body, false, false, outside + 1});
    Visit(stmt->other, {&other, false, false, outside});
  }

  // The condition runs in a function of its own, over a copy of the target.
  void VisitCondition(Stmt* stmt, const Place& place) {
    LoopInfo* loop = stmt->loop.get();
    FunctionPlan plan{
        &loop->test_function, place.symbols->plan()->depth + 1, {}};
    Symbols symbols(&plan, place.symbols);
    SurveyTarget(*stmt->target, true, &symbols);
    SurveyLoads(stmt->exprs[1], &symbols);
    Finish(symbols, &loop->test_function.scope);
    loop->test_target = CopyTarget(*stmt->target);
    Target(loop->test_target, symbols);
    Resolve(stmt->exprs[1], {&symbols});
  }

  Expr* CopyTarget(const Expr& target) {
    Expr* copy = tree_->NewExpr(target.kind, target.at);
    copy->use = target.use;
    copy->name = target.name;
    copy->constant = target.constant;
    for (const Expr* child : target.children) {
      copy->children.push_back(CopyTarget(*child));
    }
    return copy;
  }

  static bool HasScopedBlock(const Body& body) {
    return AnyOf(body, [](const Stmt& stmt) {
      return stmt.kind == StmtKind::kBlock && stmt.scoped;
    });
  }

  // Whether some statement in BODY, at any depth, satisfies TEST.
  template <class Test>
  static bool AnyOf(const Body& body, Test test) {
    for (const Stmt* stmt : body) {
      if (test(*stmt) || AnyOf(stmt->body, test) || AnyOf(stmt->other, test)) {
        return true;
      }
      for (const Body& branch : stmt->branches) {
        if (AnyOf(branch, test)) return true;
      }
    }
    return false;
  }

  static bool StoresLoop(const Expr* target) {
    if (target == nullptr) return false;
    if (target->kind == ExprKind::kName) {
      return target->use == NameUse::kStore && target->name == "loop";
    }
    return target->kind == ExprKind::kTuple &&
           std::any_of(target->children.begin(), target->children.end(),
                       StoresLoop);
  }

  static bool AssignsLoop(const Stmt& loop) {
    const auto stores = [](const Stmt& stmt) {
      return stmt.kind != StmtKind::kMacro && StoresLoop(stmt.target);
    };
    return stores(loop) || AnyOf(loop.body, stores) ||
           AnyOf(loop.other, stores);
  }

  void Target(Expr* target, const Symbols& symbols) {
    if (target->kind == ExprKind::kTuple) {
      for (Expr* item : target->children) Target(item, symbols);
    } else {
      target->slot = Reach(symbols, target->name, target->at);
    }
  }

  void Exprs(const std::vector<Expr*>& exprs, const Place& place) {
    for (Expr* expr : exprs) Resolve(expr, place);
  }

  void Resolve(Expr* root, const Place& place) {
    std::vector<std::pair<Expr*, bool>> work = {{root, place.soft}};
    while (!work.empty()) {
      auto [expr, soft] = work.back();
      work.pop_back();
      if (expr == nullptr) continue;
      soft |= expr->kind == ExprKind::kCondition;
      if (expr->kind == ExprKind::kName) {
        expr->slot = Reach(*place.symbols, expr->name, expr->at);
      } else if (expr->kind == ExprKind::kFilter) {
        expr->filter = FindFilter(expr->name);
      } else if (expr->kind == ExprKind::kTest) {
        expr->test = FindTest(expr->name);
      }
      const bool is_filter = expr->kind == ExprKind::kFilter;
      if ((is_filter && expr->filter == nullptr) ||
          (expr->kind == ExprKind::kTest && expr->test == nullptr)) {
        if (!soft) {
          FailAt(source_, expr->at,
                 std::string("there is no ") + (is_filter ? "filter" : "test") +
                     " named '" + expr->name + "'");
        }
      }
      for (Expr* child : expr->children) work.emplace_back(child, soft);
      if (expr->arguments == nullptr) continue;
      for (Expr* value : expr->arguments->positional) {
        work.emplace_back(value, soft);
      }
      for (const Keyword& keyword : expr->arguments->named) {
        work.emplace_back(keyword.value, soft);
      }
      work.emplace_back(expr->arguments->star, soft);
      work.emplace_back(expr->arguments->star_star, soft);
    }
  }

  std::string_view source_;
  Tree* tree_;
  std::vector<std::string> undeclared_;
};

}  // namespace

std::vector<std::string> ResolveScopes(std::string_view source, Tree* tree) {
  return Resolver(source, tree).Run();
}

}  // namespace fullstop::jinja
