// Source to tokens, with Jinja2's rules of white space: trim_blocks and
// lstrip_blocks on, "-" and "+" beside a delimiter, one final newline dropped.
#ifndef FULLSTOP_JINJA_LEXER_H_
#define FULLSTOP_JINJA_LEXER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/value.h"

namespace fullstop::jinja {

enum class TokenType : uint8_t {
  kData,
  kVariableBegin,
  kVariableEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,
  kNumber,  // an int; see also kFloat
  kFloat,
  kOperator,  // one of + - / // * % ** ~ [ ] ( ) { } == != > >= < <= = . : |
              // , ;
  kEnd,
};

struct Token {
  TokenType type;
  uint32_t at;       // byte of the source
  std::string text;  // data, name, operator, the string's value
  Value number;      // kNumber, kFloat
};

// \r\n and \r become \n and one newline at the end goes: what byte positions in
// tokens and errors refer to.
std::string NormalizeSource(std::string_view source);

// SOURCE as NormalizeSource made it. Throws Error (kTemplate) with the place.
// The last token is kEnd.
std::vector<Token> Tokenize(std::string_view source);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_LEXER_H_
