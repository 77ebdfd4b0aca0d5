#include "jinja/parser.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace fullstop::jinja {
Parser::Level::Level(Parser* parser) : parser_(parser) {
  if (parser->level_ >= parser->depth_) {
    throw Error::Limit("the template nests more than " +
                       std::to_string(parser->depth_) + " levels deep");
  }
  ++parser->level_;
}

Parser::Parser(std::string_view source, uint32_t depth)
    : source_(source),
      depth_(depth),
      tokens_(Tokenize(source)),
      tree_(std::make_unique<Tree>()) {}

const Token& Parser::look() const {
  return tokens_[std::min(next_ + 1, tokens_.size() - 1)];
}

Token Parser::Take() {
  Token token = tokens_[next_];
  if (next_ + 1 < tokens_.size()) ++next_;
  return token;
}

bool Parser::Is(std::string_view op) const {
  return current().type == TokenType::kOperator && current().text == op;
}

bool Parser::IsName(std::string_view name) const {
  return current().type == TokenType::kName && current().text == name;
}

bool Parser::IsNameAmong(std::initializer_list<std::string_view> names) const {
  return current().type == TokenType::kName &&
         std::find(names.begin(), names.end(), current().text) != names.end();
}

bool Parser::Skip(std::string_view op) {
  if (!Is(op)) return false;
  Take();
  return true;
}

bool Parser::SkipName(std::string_view name) {
  if (!IsName(name)) return false;
  Take();
  return true;
}

Token Parser::Expect(std::string_view op) {
  if (!Is(op)) FailHere("'" + std::string(op) + "'");
  return Take();
}

Token Parser::ExpectName() {
  if (current().type != TokenType::kName) FailHere("a name");
  return Take();
}

void Parser::ExpectName(std::string_view name) {
  if (!SkipName(name)) FailHere("'" + std::string(name) + "'");
}

void Parser::ExpectType(TokenType type, const char* what) {
  if (current().type != type) FailHere(what);
  Take();
}

void Parser::FailHere(const std::string& expected) const {
  std::string found;
  switch (current().type) {
    case TokenType::kEnd:
      found = "the end of the template";
      break;
    case TokenType::kData:
      found = "text";
      break;
    case TokenType::kVariableBegin:
      found = "{{";
      break;
    case TokenType::kVariableEnd:
      found = "}}";
      break;
    case TokenType::kBlockBegin:
      found = "{%";
      break;
    case TokenType::kBlockEnd:
      found = "%}";
      break;
    case TokenType::kString:
      found = "a string";
      break;
    case TokenType::kNumber:
    case TokenType::kFloat:
      found = "a number";
      break;
    case TokenType::kName:
    case TokenType::kOperator:
      found = "'" + current().text + "'";
      break;
  }
  Fail(current().at, "expected " + expected + ", found " + found);
}

void Parser::Fail(uint32_t at, const std::string& message) const {
  FailAt(source_, at, message);
}

Expr* Parser::New(ExprKind kind, uint32_t at, std::vector<Expr*> children) {
  Expr* expr = tree_->NewExpr(kind, at);
  uint32_t height = 0;
  for (const Expr* child : children) {
    if (child != nullptr) height = std::max<uint32_t>(height, child->height);
  }
  ++height;
  if (kind == ExprKind::kBinary && children[0]->kind == ExprKind::kBinary) {
    height = std::max<uint32_t>(children[0]->height, children[1]->height + 1u);
  }
  if (height > depth_) {
    throw Error::Limit("an expression nests more than " +
                       std::to_string(depth_) + " levels deep");
  }
  expr->height = static_cast<uint16_t>(height);
  expr->children = std::move(children);
  return expr;
}

Expr* Parser::NewCall(ExprKind kind, uint32_t at, Expr* operand,
                      std::unique_ptr<CallArguments> arguments) {
  std::vector<Expr*> all = arguments->positional;
  for (const Keyword& keyword : arguments->named) all.push_back(keyword.value);
  all.push_back(arguments->star);
  all.push_back(arguments->star_star);
  all.push_back(operand);
  Expr* expr = New(kind, at, std::move(all));
  expr->children = {operand};
  expr->arguments = std::move(arguments);
  return expr;
}

Expr* Parser::ParseExpression(bool with_condition) {
  const Level level(this);
  return with_condition ? ParseCondition() : ParseOr();
}

Expr* Parser::ParseCondition() {
  Expr* expr = ParseOr();
  while (IsName("if")) {
    const uint32_t at = Take().at;
    Expr* test = ParseOr();
    Expr* other = nullptr;
    if (SkipName("else")) {
      const Level level(this);
      other = ParseCondition();
    }
    expr = New(ExprKind::kCondition, at, {test, expr, other});
  }
  return expr;
}

Expr* Parser::ParseOr() {
  std::vector<Expr*> operands = {ParseAnd()};
  const uint32_t at = current().at;
  while (SkipName("or")) operands.push_back(ParseAnd());
  if (operands.size() == 1) return operands[0];
  return New(ExprKind::kOr, at, std::move(operands));
}

Expr* Parser::ParseAnd() {
  std::vector<Expr*> operands = {ParseNot()};
  const uint32_t at = current().at;
  while (SkipName("and")) operands.push_back(ParseNot());
  if (operands.size() == 1) return operands[0];
  return New(ExprKind::kAnd, at, std::move(operands));
}

Expr* Parser::ParseNot() {
  if (!IsName("not")) return ParseCompare();
  const Level level(this);
  const uint32_t at = Take().at;
  Expr* operand = ParseNot();
  return New(ExprKind::kNot, at, {operand});
}

Expr* Parser::ParseCompare() {
  static constexpr std::pair<std::string_view, CompareOp> kOperators[] = {
      {"==", CompareOp::kEq}, {"!=", CompareOp::kNe}, {"<", CompareOp::kLt},
      {"<=", CompareOp::kLe}, {">", CompareOp::kGt},  {">=", CompareOp::kGe}};
  std::vector<Expr*> operands = {ParseSum()};
  std::vector<CompareOp> comparisons;
  const uint32_t at = current().at;
  while (true) {
    const auto* known =
        std::find_if(std::begin(kOperators), std::end(kOperators),
                     [this](const auto& entry) { return Is(entry.first); });
    if (known != std::end(kOperators)) {
      Take();
      comparisons.push_back(known->second);
    } else if (SkipName("in")) {
      comparisons.push_back(CompareOp::kIn);
    } else if (IsName("not") && look().type == TokenType::kName &&
               look().text == "in") {
      Take();
      Take();
      comparisons.push_back(CompareOp::kNotIn);
    } else {
      break;
    }
    operands.push_back(ParseSum());
  }
  if (comparisons.empty()) return operands[0];
  Expr* expr = New(ExprKind::kCompare, at, std::move(operands));
  expr->comparisons = std::move(comparisons);
  return expr;
}

Expr* Parser::ParseSum() {
  Expr* left = ParseConcat();
  while (Is("+") || Is("-")) {
    const Token op = Take();
    Expr* right = ParseConcat();
    left = New(ExprKind::kBinary, op.at, {left, right});
    left->arithmetic = op.text == "+" ? Arithmetic::kAdd : Arithmetic::kSub;
  }
  return left;
}

Expr* Parser::ParseConcat() {
  std::vector<Expr*> items = {ParseProduct()};
  const uint32_t at = current().at;
  while (Skip("~")) items.push_back(ParseProduct());
  if (items.size() == 1) return items[0];
  return New(ExprKind::kConcat, at, std::move(items));
}

Expr* Parser::ParseProduct() {
  static constexpr std::pair<std::string_view, Arithmetic> kOperators[] = {
      {"*", Arithmetic::kMul},
      {"/", Arithmetic::kDiv},
      {"//", Arithmetic::kFloorDiv},
      {"%", Arithmetic::kMod}};
  Expr* left = ParsePower();
  while (true) {
    const auto* known =
        std::find_if(std::begin(kOperators), std::end(kOperators),
                     [this](const auto& entry) { return Is(entry.first); });
    if (known == std::end(kOperators)) return left;
    const uint32_t at = Take().at;
    Expr* right = ParsePower();
    left = New(ExprKind::kBinary, at, {left, right});
    left->arithmetic = known->second;
  }
}

Expr* Parser::ParsePower() {
  Expr* left = ParseUnary();
  while (Is("**")) {
    const uint32_t at = Take().at;
    Expr* right = ParseUnary();
    left = New(ExprKind::kBinary, at, {left, right});
    left->arithmetic = Arithmetic::kPow;
  }
  return left;
}

Expr* Parser::ParseUnary(bool with_filter) {
  Expr* expr = nullptr;
  if (Is("-") || Is("+")) {
    const Level level(this);
    const Token op = Take();
    Expr* operand = ParseUnary(false);
    expr = New(ExprKind::kUnary, op.at, {operand});
    expr->arithmetic = op.text == "-" ? Arithmetic::kSub : Arithmetic::kAdd;
  } else {
    expr = ParsePrimary();
  }
  expr = ParsePostfix(expr);
  return with_filter ? ParseFilters(expr) : expr;
}

Expr* Parser::ParsePrimary(bool with_namespace) {
  const uint32_t at = current().at;
  if (Is("(")) {
    Take();
    TupleRules rules;
    rules.parenthesized = true;
    Expr* expr = ParseTuple(rules);
    Expect(")");
    return expr;
  }
  if (Is("[")) return ParseList();
  if (Is("{")) return ParseDict();
  Value constant;
  switch (current().type) {
    case TokenType::kString: {
      std::string text;
      while (current().type == TokenType::kString) text += Take().text;
      constant = Value::String(std::move(text));
      break;
    }
    case TokenType::kNumber:
    case TokenType::kFloat:
      constant = Take().number;
      break;
    case TokenType::kName: {
      const std::string name = Take().text;
      if (name == "true" || name == "True") {
        constant = Value::Bool(true);
      } else if (name == "false" || name == "False") {
        constant = Value::Bool(false);
      } else if (name != "none" && name != "None") {
        const bool reference = with_namespace && Skip(".");
        Expr* expr =
            New(reference ? ExprKind::kNamespaceRef : ExprKind::kName, at);
        expr->name = name;
        expr->constant = Value::String(reference ? ExpectName().text : name);
        return expr;
      }
      break;
    }
    default:
      FailHere("an expression");
  }
  Expr* expr = New(ExprKind::kConst, at);
  expr->constant = std::move(constant);
  return expr;
}

Expr* Parser::ParseTuple(const TupleRules& rules) {
  const uint32_t at = current().at;
  std::vector<Expr*> items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) Expect(",");
    if (current().type == TokenType::kVariableEnd ||
        current().type == TokenType::kBlockEnd || Is(")") ||
        (!rules.end.empty() && IsName(rules.end))) {
      break;
    }
    items.push_back(rules.simplified ? ParsePrimary(rules.with_namespace)
                                     : ParseExpression(rules.with_condition));
    if (!Is(",")) break;
    is_tuple = true;
  }
  if (!is_tuple) {
    if (!items.empty()) return items[0];
    if (!rules.parenthesized) FailHere("an expression");
  }
  return New(ExprKind::kTuple, at, std::move(items));
}

Expr* Parser::ParseList() {
  const Level level(this);
  const uint32_t at = Expect("[").at;
  std::vector<Expr*> items;
  while (!Is("]")) {
    if (!items.empty()) Expect(",");
    if (Is("]")) break;
    items.push_back(ParseExpression());
  }
  Expect("]");
  return New(ExprKind::kList, at, std::move(items));
}

Expr* Parser::ParseDict() {
  const Level level(this);
  const uint32_t at = Expect("{").at;
  std::vector<Expr*> items;
  while (!Is("}")) {
    if (!items.empty()) Expect(",");
    if (Is("}")) break;
    items.push_back(ParseExpression());
    Expect(":");
    items.push_back(ParseExpression());
  }
  Expect("}");
  return New(ExprKind::kDict, at, std::move(items));
}

}  // namespace fullstop::jinja
