// What stands behind an operand: subscripts, calls, filters, tests.
#include <algorithm>
#include <iterator>
#include <utility>

#include "jinja/parser.h"

namespace fullstop::jinja {
namespace {

// Those of Python that Jinja2 passes around its own code by another way, in
// which a repeated name is no error.
bool IsPythonKeyword(std::string_view name) {
  static constexpr std::string_view kKeywords[] = {
      "False",  "None",   "True",    "and",      "as",       "assert", "async",
      "await",  "break",  "class",   "continue", "def",      "del",    "elif",
      "else",   "except", "finally", "for",      "from",     "global", "if",
      "import", "in",     "is",      "lambda",   "nonlocal", "not",    "or",
      "pass",   "raise",  "return",  "try",      "while",    "with",   "yield"};
  return std::find(std::begin(kKeywords), std::end(kKeywords), name) !=
         std::end(kKeywords);
}

}  // namespace

Expr* Parser::ParsePostfix(Expr* expr) {
  while (true) {
    if (Is(".") || Is("[")) {
      expr = ParseSubscript(expr);
    } else if (Is("(")) {
      expr = ParseCall(expr);
    } else {
      return expr;
    }
  }
}

Expr* Parser::ParseFilters(Expr* expr) {
  while (true) {
    if (Is("|")) {
      expr = ParseFilter(expr);
    } else if (IsName("is")) {
      expr = ParseTest(expr);
    } else if (Is("(")) {
      expr = ParseCall(expr);
    } else {
      return expr;
    }
  }
}

Expr* Parser::ParseSubscript(Expr* object) {
  const Token token = Take();
  if (token.text == ".") {
    if (current().type == TokenType::kName) {
      Expr* expr = New(ExprKind::kGetAttr, token.at, {object});
      expr->name = Take().text;
      expr->constant = Value::String(expr->name);
      return expr;
    }
    if (current().type != TokenType::kNumber) FailHere("a name or a number");
    Expr* key = New(ExprKind::kConst, current().at);
    key->constant = Take().number;
    return New(ExprKind::kGetItem, token.at, {object, key});
  }
  std::vector<Expr*> keys;
  while (!Is("]")) {
    if (!keys.empty()) Expect(",");
    keys.push_back(ParseSubscribed());
  }
  Expect("]");
  if (keys.size() == 1 && keys[0]->kind == ExprKind::kSlice) {
    std::vector<Expr*> parts = keys[0]->children;
    parts[0] = object;
    return New(ExprKind::kSlice, token.at, std::move(parts));
  }
  for (const Expr* key : keys) {
    if (key->kind == ExprKind::kSlice) {
      Fail(key->at, "a slice can't stand among other subscripts");
    }
  }
  Expr* key = keys.size() == 1
                  ? keys[0]
                  : New(ExprKind::kTuple, token.at, std::move(keys));
  return New(ExprKind::kGetItem, token.at, {object, key});
}

Expr* Parser::ParseSubscribed() {
  const uint32_t at = current().at;
  Expr* start = nullptr;
  if (!Is(":")) {
    start = ParseExpression();
    if (!Is(":")) return start;
  }
  Take();
  const auto part = [this]() -> Expr* {
    return Is("]") || Is(",") || Is(":") ? nullptr : ParseExpression();
  };
  Expr* stop = part();
  Expr* step = nullptr;
  if (Skip(":")) step = Is("]") || Is(",") ? nullptr : ParseExpression();
  return New(ExprKind::kSlice, at, {nullptr, start, stop, step});
}

std::unique_ptr<CallArguments> Parser::ParseArguments() {
  auto arguments = std::make_unique<CallArguments>();
  const uint32_t at = Expect("(").at;
  const auto ensure = [this, at](bool good) {
    if (!good) Fail(at, "arguments of a call in an order that can't be");
  };
  bool first = true;
  bool keyword = false;
  while (!Is(")")) {
    if (!first) {
      Expect(",");
      if (Is(")")) break;
    }
    first = false;
    if (Skip("*")) {
      ensure(!arguments->star && !arguments->star_star);
      arguments->star = ParseExpression();
    } else if (Skip("**")) {
      ensure(!arguments->star_star);
      arguments->star_star = ParseExpression();
    } else if (current().type == TokenType::kName &&
               look().type == TokenType::kOperator && look().text == "=") {
      ensure(!arguments->star_star);
      const std::string name = Take().text;
      Take();
      keyword |= IsPythonKeyword(name);
      arguments->named.push_back({name, ParseExpression()});
    } else {
      ensure(!arguments->star && !arguments->star_star &&
             arguments->named.empty());
      arguments->positional.push_back(ParseExpression());
    }
  }
  Expect(")");
  for (size_t i = 0; i < arguments->named.size() && !keyword; ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (arguments->named[i].name == arguments->named[j].name) {
        Fail(at,
             "the argument '" + arguments->named[i].name + "' is given twice");
      }
    }
  }
  return arguments;
}

Expr* Parser::ParseCall(Expr* callee) {
  const uint32_t at = current().at;
  auto arguments = ParseArguments();
  return NewCall(ExprKind::kCall, at, callee, std::move(arguments));
}

std::string Parser::ParseDottedName() {
  std::string name = ExpectName().text;
  while (Skip(".")) name += "." + ExpectName().text;
  return name;
}

Expr* Parser::ParseFilter(Expr* operand, bool is_inline) {
  while (is_inline || Is("|")) {
    if (!is_inline) Take();
    is_inline = false;
    const uint32_t at = current().at;
    std::string name = ParseDottedName();
    auto arguments =
        Is("(") ? ParseArguments() : std::make_unique<CallArguments>();
    operand = NewCall(ExprKind::kFilter, at, operand, std::move(arguments));
    operand->name = std::move(name);
  }
  return operand;
}

Expr* Parser::ParseTest(Expr* operand) {
  const uint32_t at = Take().at;
  const bool negated = SkipName("not");
  std::string name = ParseDottedName();
  auto arguments = std::make_unique<CallArguments>();
  const TokenType type = current().type;
  if (Is("(")) {
    arguments = ParseArguments();
  } else if ((type == TokenType::kName || type == TokenType::kString ||
              type == TokenType::kNumber || type == TokenType::kFloat ||
              Is("[") || Is("{")) &&
             !IsNameAmong({"else", "or", "and"})) {
    if (IsName("is")) Fail(current().at, "tests with 'is' can't be chained");
    arguments->positional.push_back(ParsePostfix(ParsePrimary()));
  }
  Expr* expr = NewCall(ExprKind::kTest, at, operand, std::move(arguments));
  expr->name = std::move(name);
  return negated ? New(ExprKind::kNot, at, {expr}) : expr;
}

}  // namespace fullstop::jinja
