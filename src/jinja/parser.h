// Tokens to the syntax tree, with Jinja2's grammar and its two extensions here:
// loop controls and generation blocks.
#ifndef FULLSTOP_JINJA_PARSER_H_
#define FULLSTOP_JINJA_PARSER_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/ast.h"
#include "jinja/lexer.h"

namespace fullstop::jinja {

class Parser {
 public:
  // SOURCE (as NormalizeSource made it) must outlive the parser. DEPTH bounds
  // the nesting of expressions and of statements.
  Parser(std::string_view source, uint32_t depth);

  // Throws Error: kTemplate with the place where Jinja2 has a syntax error,
  // kLimit where it nests too deep.
  std::unique_ptr<Tree> Parse();

 private:
  // Counts nesting while it lives.
  class Level {
   public:
    explicit Level(Parser* parser);
    ~Level() { --parser_->level_; }

   private:
    Parser* parser_;
  };

  const Token& current() const { return tokens_[next_]; }
  const Token& look() const;
  Token Take();
  bool Is(std::string_view op) const;
  bool IsName(std::string_view name) const;
  bool IsNameAmong(std::initializer_list<std::string_view> names) const;
  bool Skip(std::string_view op);
  bool SkipName(std::string_view name);
  Token Expect(std::string_view op);
  Token ExpectName();
  void ExpectName(std::string_view name);
  void ExpectType(TokenType type, const char* what);
  [[noreturn]] void FailHere(const std::string& expected) const;
  [[noreturn]] void Fail(uint32_t at, const std::string& message) const;

  // Statements, parser_statements.cc.
  using EndNames = std::initializer_list<std::string_view>;
  Body ParseBody(EndNames ends);
  Body ParseBlockBody(EndNames ends);  // behind a tag: up to one of ENDS
  Stmt* ParseStatement();
  Stmt* ParseFor();
  Stmt* ParseIf();
  Stmt* ParseMacro();
  Stmt* ParseCallBlock();
  Stmt* ParseFilterBlock();
  Stmt* ParseSet();
  Stmt* ParseWith();
  Stmt* ParseBlock();
  Stmt* ParseAutoescape();
  Stmt* ParseGeneration();
  Stmt* ParseExtends();
  Stmt* ParseInclude();
  Stmt* ParseImport();
  Stmt* ParseFrom();
  Stmt* ParsePrint();
  Stmt* ParseLoopControl();
  void ParseSignature(MacroInfo* macro);
  void SkipContextClause();
  Expr* ParseTarget(bool with_namespace = false, std::string_view end = "");
  Expr* ParseNameTarget(NameUse use);
  void MakeTarget(Expr* target, NameUse use);

  // Expressions, parser.cc.
  Expr* New(ExprKind kind, uint32_t at, std::vector<Expr*> children = {});
  Expr* NewCall(ExprKind kind, uint32_t at, Expr* operand,
                std::unique_ptr<CallArguments> arguments);
  Expr* ParseExpression(bool with_condition = true);
  Expr* ParseCondition();
  Expr* ParseOr();
  Expr* ParseAnd();
  Expr* ParseNot();
  Expr* ParseCompare();
  Expr* ParseSum();
  Expr* ParseConcat();
  Expr* ParseProduct();
  Expr* ParsePower();
  Expr* ParseUnary(bool with_filter = true);
  Expr* ParsePrimary(bool with_namespace = false);
  Expr* ParsePostfix(Expr* expr);
  Expr* ParseFilters(Expr* expr);
  Expr* ParseSubscript(Expr* object);
  Expr* ParseSubscribed();
  Expr* ParseCall(Expr* callee);
  // Any number of "|name(…)" behind OPERAND; INLINE: the first without its "|".
  Expr* ParseFilter(Expr* operand, bool is_inline = false);
  Expr* ParseTest(Expr* operand);
  std::string ParseDottedName();
  std::unique_ptr<CallArguments> ParseArguments();
  Expr* ParseList();
  Expr* ParseDict();
  struct TupleRules {
    bool simplified = false;
    bool with_condition = true;
    bool parenthesized = false;
    bool with_namespace = false;
    std::string_view end;  // a name that ends the tuple
  };
  Expr* ParseTuple(const TupleRules& rules);
  Expr* ParseTuple() { return ParseTuple(TupleRules()); }

  std::string_view source_;
  uint32_t depth_;
  uint32_t level_ = 0;
  std::vector<Token> tokens_;
  size_t next_ = 0;
  std::unique_ptr<Tree> tree_;
};

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_PARSER_H_
