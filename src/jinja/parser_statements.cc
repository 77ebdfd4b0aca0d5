#include <algorithm>
#include <utility>

#include "jinja/parser.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

std::string Join(std::initializer_list<std::string_view> names) {
  std::string joined;
  for (const std::string_view name : names) {
    if (!joined.empty()) joined += " or ";
    joined += "{% " + std::string(name) + " %}";
  }
  return joined;
}

bool IsBlank(const Value& data) {
  const std::string_view text = data.AsText().view();
  for (size_t i = 0; i < text.size(); i = NextCodePoint(text, i)) {
    if (!IsSpace(CodePointAt(text, i))) return false;
  }
  return !text.empty();
}

}  // namespace

std::unique_ptr<Tree> Parser::Parse() {
  tree_->body = ParseBody({});
  return std::move(tree_);
}

Body Parser::ParseBody(EndNames ends) {
  const Level level(this);
  Body body;
  while (true) {
    switch (current().type) {
      case TokenType::kEnd:
        if (ends.size() != 0) FailHere(Join(ends));
        return body;
      case TokenType::kData: {
        const Token token = Take();
        Stmt* stmt = tree_->NewStmt(StmtKind::kData, token.at);
        stmt->data = Value::String(token.text);
        body.push_back(stmt);
        break;
      }
      case TokenType::kVariableBegin: {
        Stmt* stmt = tree_->NewStmt(StmtKind::kOutput, Take().at);
        stmt->exprs.push_back(ParseTuple());
        ExpectType(TokenType::kVariableEnd, "}}");
        body.push_back(stmt);
        break;
      }
      default:
        Take();
        if (IsNameAmong(ends)) return body;
        body.push_back(ParseStatement());
        ExpectType(TokenType::kBlockEnd, "%}");
    }
  }
}

Body Parser::ParseBlockBody(EndNames ends) {
  Skip(":");
  ExpectType(TokenType::kBlockEnd, "%}");
  return ParseBody(ends);
}

Stmt* Parser::ParseStatement() {
  static constexpr std::pair<std::string_view, Stmt* (Parser::*)()> kTags[] = {
      {"for", &Parser::ParseFor},
      {"if", &Parser::ParseIf},
      {"set", &Parser::ParseSet},
      {"macro", &Parser::ParseMacro},
      {"call", &Parser::ParseCallBlock},
      {"filter", &Parser::ParseFilterBlock},
      {"with", &Parser::ParseWith},
      {"block", &Parser::ParseBlock},
      {"autoescape", &Parser::ParseAutoescape},
      {"generation", &Parser::ParseGeneration},
      {"extends", &Parser::ParseExtends},
      {"include", &Parser::ParseInclude},
      {"import", &Parser::ParseImport},
      {"from", &Parser::ParseFrom},
      {"print", &Parser::ParsePrint},
      {"break", &Parser::ParseLoopControl},
      {"continue", &Parser::ParseLoopControl}};
  if (current().type != TokenType::kName) FailHere("the name of a tag");
  for (const auto& [name, parse] : kTags) {
    if (current().text == name) return (this->*parse)();
  }
  Fail(current().at, "an unknown tag '" + current().text +
                         "', or one that closes nothing here");
}

void Parser::MakeTarget(Expr* target, NameUse use) {
  target->use = use;
  switch (target->kind) {
    case ExprKind::kName:
    case ExprKind::kNamespaceRef:
      return;
    case ExprKind::kTuple:
      for (Expr* item : target->children) MakeTarget(item, use);
      return;
    default:
      Fail(target->at, "an expression that can't be assigned to");
  }
}

Expr* Parser::ParseTarget(bool with_namespace, std::string_view end) {
  TupleRules rules;
  rules.simplified = true;
  rules.with_namespace = with_namespace;
  rules.end = end;
  Expr* target = ParseTuple(rules);
  MakeTarget(target, NameUse::kStore);
  return target;
}

Expr* Parser::ParseNameTarget(NameUse use) {
  const Token token = ExpectName();
  static constexpr std::string_view kReserved[] = {"true", "false", "none",
                                                   "True", "False", "None"};
  if (std::find(std::begin(kReserved), std::end(kReserved), token.text) !=
      std::end(kReserved)) {
    Fail(token.at, "'" + token.text + "' can't be assigned to");
  }
  Expr* name = New(ExprKind::kName, token.at);
  name->name = token.text;
  name->constant = Value::String(token.text);
  name->use = use;
  return name;
}

Stmt* Parser::ParseFor() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kFor, Take().at);
  stmt->loop = std::make_unique<LoopInfo>();
  stmt->target = ParseTarget(false, "in");
  ExpectName("in");
  TupleRules rules;
  rules.with_condition = false;
  rules.end = "recursive";
  stmt->exprs.push_back(ParseTuple(rules));
  stmt->exprs.push_back(SkipName("if") ? ParseExpression() : nullptr);
  stmt->loop->recursive = SkipName("recursive");
  stmt->body = ParseBlockBody({"endfor", "else"});
  if (Take().text == "else") {
    stmt->other = ParseBlockBody({"endfor"});
    Take();
  }
  return stmt;
}

Stmt* Parser::ParseIf() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kIf, Take().at);
  TupleRules rules;
  rules.with_condition = false;
  while (true) {
    stmt->exprs.push_back(ParseTuple(rules));
    stmt->branches.push_back(ParseBlockBody({"elif", "else", "endif"}));
    const Token token = Take();
    if (token.text == "elif") continue;
    if (token.text == "else") {
      stmt->other = ParseBlockBody({"endif"});
      Take();
    }
    return stmt;
  }
}

void Parser::ParseSignature(MacroInfo* macro) {
  Expect("(");
  while (!Is(")")) {
    if (!macro->parameters.empty()) Expect(",");
    Expr* parameter = ParseNameTarget(NameUse::kParameter);
    for (const Expr* other : macro->parameters) {
      if (other->name == parameter->name) {
        Fail(parameter->at,
             "the parameter '" + parameter->name + "' stands twice");
      }
    }
    if (Skip("=")) {
      macro->defaults.push_back(ParseExpression());
    } else if (!macro->defaults.empty()) {
      FailHere("a default, as the parameter before has one");
    }
    macro->parameters.push_back(parameter);
  }
  Expect(")");
}

Stmt* Parser::ParseMacro() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kMacro, Take().at);
  stmt->target = ParseNameTarget(NameUse::kStore);
  stmt->name = stmt->target->name;
  stmt->macro = std::make_unique<MacroInfo>();
  ParseSignature(stmt->macro.get());
  stmt->body = ParseBlockBody({"endmacro"});
  Take();
  return stmt;
}

Stmt* Parser::ParseCallBlock() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kCallBlock, Take().at);
  stmt->macro = std::make_unique<MacroInfo>();
  if (Is("(")) ParseSignature(stmt->macro.get());
  const uint32_t at = current().at;
  Expr* call = ParseExpression();
  if (call->kind != ExprKind::kCall) Fail(at, "a call was expected here");
  stmt->exprs.push_back(call);
  stmt->body = ParseBlockBody({"endcall"});
  Take();
  return stmt;
}

Stmt* Parser::ParseGeneration() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kGeneration, Take().at);
  stmt->macro = std::make_unique<MacroInfo>();
  stmt->body = ParseBlockBody({"endgeneration"});
  Take();
  return stmt;
}

Stmt* Parser::ParseFilterBlock() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kFilterBlock, Take().at);
  stmt->exprs.push_back(ParseFilter(nullptr, true));
  stmt->body = ParseBlockBody({"endfilter"});
  Take();
  return stmt;
}

Stmt* Parser::ParseSet() {
  const uint32_t at = Take().at;
  Expr* target = ParseTarget(true);
  if (Skip("=")) {
    Stmt* stmt = tree_->NewStmt(StmtKind::kSet, at);
    stmt->target = target;
    stmt->exprs.push_back(ParseTuple());
    return stmt;
  }
  Stmt* stmt = tree_->NewStmt(StmtKind::kSetBlock, at);
  stmt->target = target;
  if (Expr* filter = ParseFilter(nullptr)) stmt->exprs.push_back(filter);
  stmt->body = ParseBlockBody({"endset"});
  Take();
  return stmt;
}

Stmt* Parser::ParseWith() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kWith, Take().at);
  while (current().type != TokenType::kBlockEnd) {
    if (!stmt->targets.empty()) Expect(",");
    stmt->targets.push_back(ParseTarget());
    MakeTarget(stmt->targets.back(), NameUse::kParameter);
    Expect("=");
    stmt->exprs.push_back(ParseExpression());
  }
  stmt->body = ParseBlockBody({"endwith"});
  Take();
  return stmt;
}

Stmt* Parser::ParseAutoescape() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kAutoescape, Take().at);
  stmt->exprs.push_back(ParseExpression());
  stmt->body = ParseBlockBody({"endautoescape"});
  Take();
  return stmt;
}

Stmt* Parser::ParseBlock() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kBlock, Take().at);
  stmt->name = ExpectName().text;
  stmt->scoped = SkipName("scoped");
  stmt->required = SkipName("required");
  stmt->function = std::make_unique<Function>();
  stmt->body = ParseBlockBody({"endblock"});
  Take();
  for (const Stmt* inner : stmt->body) {
    if (stmt->required &&
        (inner->kind != StmtKind::kData || !IsBlank(inner->data))) {
      Fail(inner->at, "a required block may hold white space only");
    }
  }
  SkipName(stmt->name);
  for (const Stmt* other : tree_->blocks) {
    if (other->name == stmt->name) {
      Fail(stmt->at, "the block '" + stmt->name + "' is defined twice");
    }
  }
  tree_->blocks.push_back(stmt);
  return stmt;
}

Stmt* Parser::ParseExtends() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kExtends, Take().at);
  stmt->exprs.push_back(ParseExpression());
  return stmt;
}

void Parser::SkipContextClause() {
  if (IsNameAmong({"with", "without"}) && look().type == TokenType::kName &&
      look().text == "context") {
    Take();
    Take();
  }
}

Stmt* Parser::ParseInclude() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kInclude, Take().at);
  stmt->exprs.push_back(ParseExpression());
  if (IsName("ignore") && look().type == TokenType::kName &&
      look().text == "missing") {
    Take();
    Take();
  }
  SkipContextClause();
  return stmt;
}

Stmt* Parser::ParseImport() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kInclude, Take().at);
  stmt->exprs.push_back(ParseExpression());
  ExpectName("as");
  stmt->targets.push_back(ParseNameTarget(NameUse::kStore));
  SkipContextClause();
  return stmt;
}

Stmt* Parser::ParseFrom() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kInclude, Take().at);
  stmt->exprs.push_back(ParseExpression());
  ExpectName("import");
  while (true) {
    if (!stmt->targets.empty()) Expect(",");
    const size_t before = next_;
    SkipContextClause();
    if (next_ != before) break;
    Expr* name = ParseNameTarget(NameUse::kStore);
    if (name->name[0] == '_') {
      Fail(name->at, "a name with a leading underscore can't be imported");
    }
    if (SkipName("as")) name = ParseNameTarget(NameUse::kStore);
    stmt->targets.push_back(name);
    const size_t behind = next_;
    SkipContextClause();
    if (next_ != behind || !Is(",")) break;
  }
  return stmt;
}

Stmt* Parser::ParsePrint() {
  Stmt* stmt = tree_->NewStmt(StmtKind::kOutput, Take().at);
  while (current().type != TokenType::kBlockEnd) {
    if (!stmt->exprs.empty()) Expect(",");
    stmt->exprs.push_back(ParseExpression());
  }
  return stmt;
}

Stmt* Parser::ParseLoopControl() {
  const Token token = Take();
  return tree_->NewStmt(
      token.text == "break" ? StmtKind::kBreak : StmtKind::kContinue, token.at);
}

}  // namespace fullstop::jinja
