#include "jinja/template.h"

#include <algorithm>

#include "jinja/interpreter.h"
#include "jinja/lexer.h"
#include "jinja/parser.h"
#include "jinja/scope.h"
#include "jinja/stable_sort.h"

namespace fullstop::jinja {
namespace {

// Puts the place AT of SOURCE into ERROR.
void Locate(std::string_view source, const std::string& name, uint32_t at,
            Error* error) {
  const Place place = FindPlace(source, at);
  error->AtLine(place.line, place.column, place.text);
  error->In(name);
}

}  // namespace

struct Template::Compiled {
  std::string source;
  std::string name;
  std::unique_ptr<Tree> tree;
  std::vector<std::string> undeclared;
};

Template::Template(std::shared_ptr<const Compiled> compiled)
    : compiled_(std::move(compiled)) {}

Template Template::Parse(std::string source, std::string name,
                         const Limits& limits) {
  auto compiled = std::make_shared<Compiled>();
  compiled->source = NormalizeSource(source);
  compiled->name = std::move(name);
  try {
    compiled->tree = Parser(compiled->source, limits.depth).Parse();
    compiled->undeclared =
        ResolveScopes(compiled->source, compiled->tree.get());
  } catch (Error& error) {
    error.In(compiled->name);
    throw;
  }
  return Template(std::move(compiled));
}

Rendering Template::Render(const Dict& context,
                           const RenderOptions& options) const {
  Interpreter interpreter(*compiled_->tree, context, options);
  try {
    return interpreter.Run();
  } catch (Error& error) {
    Locate(compiled_->source, compiled_->name, interpreter.at(), &error);
    throw;
  }
}

const std::vector<std::string>& Template::undeclared() const {
  return compiled_->undeclared;
}

std::vector<std::string> Template::Literals() const {
  std::vector<std::pair<uint32_t, const Value*>> found;
  for (const Expr& expr : compiled_->tree->exprs()) {
    if (expr.kind == ExprKind::kConst && expr.constant.is_string()) {
      found.emplace_back(expr.at, &expr.constant);
    }
  }
  for (const Stmt& stmt : compiled_->tree->stmts()) {
    if (stmt.kind == StmtKind::kData) found.emplace_back(stmt.at, &stmt.data);
  }
  StableSort(&found,
             [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> literals;
  for (const auto& [at, value] : found) {
    literals.push_back(value->AsText().bytes());
  }
  return literals;
}

const std::string& Template::source() const { return compiled_->source; }

}  // namespace fullstop::jinja
