#include "jinja/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "jinja/ast.h"
#include "jinja/string_escape.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsDigitOf(char c, int base) {
  const char lower = static_cast<char>(c | 0x20);
  if (base == 16) return IsDigit(c) || (lower >= 'a' && lower <= 'f');
  return c >= '0' && c < '0' + base;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> Run() {
    while (pos_ < source_.size()) Data();
    Emit(TokenType::kEnd, source_.size());
    return std::move(tokens_);
  }

 private:
  bool At(size_t at, std::string_view text) const {
    return source_.substr(std::min(at, source_.size()), text.size()) == text;
  }
  char Peek(size_t at) const { return at < source_.size() ? source_[at] : 0; }
  Token& Emit(TokenType type, size_t at) {
    tokens_.push_back({type, static_cast<uint32_t>(at), "", Value()});
    return tokens_.back();
  }
  [[noreturn]] void FailHere(size_t at, const std::string& message) const {
    FailAt(source_, static_cast<uint32_t>(at), message);
  }

  size_t SkipSpace(size_t at) const {
    while (at < source_.size() && IsSpace(CodePointAt(source_, at))) {
      at = NextCodePoint(source_, at);
    }
    return at;
  }

  // Emits [begin, end) as data, shortened as the tag behind it asks.
  void EmitData(size_t begin, size_t end, char sign, bool variable) {
    const std::string_view text = source_.substr(begin, end - begin);
    size_t keep = text.size();
    if (sign == '-') {
      while (keep > 0) {
        const size_t previous = PreviousCodePoint(text, keep);
        if (!IsSpace(CodePointAt(text, previous))) break;
        keep = previous;
      }
    } else if (sign != '+' && !variable) {
      const size_t newline = text.rfind('\n');
      const size_t line = newline == std::string_view::npos ? 0 : newline + 1;
      if ((line > 0 || line_starting_) && SkipSpace(begin + line) >= end) {
        keep = line;
      }
    }
    if (keep > 0) {
      Emit(TokenType::kData, begin).text = std::string(text.substr(0, keep));
    }
  }

  // The end of a "{% raw %}" that begins at AT, or 0.
  size_t RawBegin(size_t at) const {
    size_t i = at + 2;
    if (Peek(i) == '-' || Peek(i) == '+') ++i;
    i = SkipSpace(i);
    if (!At(i, "raw")) return 0;
    i = SkipSpace(i + 3);
    if (At(i, "-%}")) return SkipSpace(i + 3);
    return At(i, "%}") ? i + 2 : 0;
  }

  // The position behind a block's end at AT, or 0 where there is none.
  size_t BlockEnd(size_t at, std::string_view close) const {
    const std::string plus = "+" + std::string(close);
    if (At(at, plus)) return at + plus.size();
    const std::string minus = "-" + std::string(close);
    if (At(at, minus)) return SkipSpace(at + minus.size());
    if (!At(at, close)) return 0;
    at += close.size();
    return Peek(at) == '\n' ? at + 1 : at;
  }

  void MoveTo(size_t end) {
    line_starting_ = end > pos_ && source_[end - 1] == '\n';
    pos_ = end;
  }

  void Data() {
    size_t at = pos_;
    while (true) {
      at = source_.find('{', at);
      if (at == std::string_view::npos) {
        Emit(TokenType::kData, pos_).text = std::string(source_.substr(pos_));
        pos_ = source_.size();
        return;
      }
      const char next = Peek(at + 1);
      if (next == '%' || next == '#' || next == '{') break;
      ++at;
    }
    const char kind = source_[at + 1];
    const char sign = Peek(at + 2);
    EmitData(pos_, at, sign, kind == '{');
    if (kind == '%') {
      if (const size_t end = RawBegin(at)) {
        MoveTo(end);
        Raw(at);
        return;
      }
    }
    MoveTo(at + 2 + (sign == '-' || sign == '+' ? 1 : 0));
    if (kind == '#') {
      Comment(at);
      return;
    }
    const bool block = kind == '%';
    Emit(block ? TokenType::kBlockBegin : TokenType::kVariableBegin, at);
    Code(block);
  }

  void Comment(size_t begin) {
    if (pos_ >= source_.size()) return;
    size_t at = source_.find("#}", pos_);
    if (at == std::string_view::npos) {
      FailHere(begin, "a comment is never closed by #}");
    }
    if (at > pos_ && (source_[at - 1] == '-' || source_[at - 1] == '+')) --at;
    MoveTo(BlockEnd(at, "#}"));
  }

  void Raw(size_t begin) {
    if (pos_ >= source_.size()) return;
    size_t at = pos_;
    while (true) {
      at = source_.find("{%", at);
      if (at == std::string_view::npos) {
        FailHere(begin, "raw is never closed by {% endraw %}");
      }
      size_t i = at + 2;
      const char sign = Peek(i);
      if (sign == '-' || sign == '+') ++i;
      i = SkipSpace(i);
      if (At(i, "endraw")) {
        i = SkipSpace(i + 6);
        if (const size_t end = BlockEnd(i, "%}")) {
          EmitData(pos_, at, sign, false);
          MoveTo(end);
          return;
        }
      }
      ++at;
    }
  }

  // Inside {{ }} or {% %}, up to and with its end.
  void Code(bool block) {
    while (pos_ < source_.size()) {
      if (open_.empty() && EndOfCode(block)) return;
      const char32_t c = CodePointAt(source_, pos_);
      if (IsSpace(c)) {
        MoveTo(SkipSpace(pos_));
      } else if (IsDigit(source_[pos_])) {
        Number();
      } else if (IsWord(c) || (UnicodeFlags(c) & kIdentifierPart)) {
        Name();
      } else if (c == U'\'' || c == U'"') {
        String();
      } else {
        Operator();
      }
    }
  }

  bool EndOfCode(bool block) {
    size_t end = 0;
    if (block) {
      end = BlockEnd(pos_, "%}");
    } else if (At(pos_, "-}}")) {
      end = SkipSpace(pos_ + 3);
    } else if (At(pos_, "}}")) {
      end = pos_ + 2;
    }
    if (end == 0) return false;
    Emit(block ? TokenType::kBlockEnd : TokenType::kVariableEnd, pos_);
    MoveTo(end);
    return true;
  }

  // The end of digits, single underscores between them, from AT.
  size_t Digits(size_t at, int base = 10) const {
    if (!IsDigitOf(Peek(at), base)) return at;
    ++at;
    while (IsDigitOf(Peek(at), base) ||
           (Peek(at) == '_' && IsDigitOf(Peek(at + 1), base))) {
      ++at;
    }
    return at;
  }

  size_t Exponent(size_t at) const {
    if ((Peek(at) | 0x20) != 'e') return at;
    size_t i = at + 1;
    if (Peek(i) == '+' || Peek(i) == '-') ++i;
    const size_t end = Digits(i);
    return end > i ? end : at;
  }

  std::string WithoutUnderscores(size_t begin, size_t end) const {
    std::string text(source_.substr(begin, end - begin));
    text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
    return text;
  }

  void Number() {
    const size_t whole = Digits(pos_);
    if (pos_ == 0 || source_[pos_ - 1] != '.') {
      size_t end = whole;
      if (Peek(whole) == '.') {
        const size_t fraction = Digits(whole + 1);
        if (fraction > whole + 1) end = fraction;
      }
      end = std::max(end, Exponent(end));
      if (end > whole) {
        const auto value = ParseFloat(WithoutUnderscores(pos_, end));
        Emit(TokenType::kFloat, pos_).number = Value::Float(*value);
        MoveTo(end);
        return;
      }
    }
    const char letter = static_cast<char>(Peek(pos_ + 1) | 0x20);
    const int base = source_[pos_] != '0' ? 10
                     : letter == 'x'      ? 16
                     : letter == 'o'      ? 8
                     : letter == 'b'      ? 2
                                          : 10;
    size_t end = whole;
    if (base != 10) {
      size_t digits = pos_ + 2;
      if (Peek(digits) == '_') ++digits;
      end = Digits(digits, base);
      if (end == digits) end = pos_ + 1;
    } else if (source_[pos_] == '0') {
      // Zeros alone; what follows is a number of its own.
      end = pos_ + 1;
      while (Peek(end) == '0' || (Peek(end) == '_' && Peek(end + 1) == '0')) {
        ++end;
      }
    }
    const Value number =
        ParseInt(WithoutUnderscores(pos_, end), 0, kTemplateOrigin);
    if (number.is_missing()) FailHere(pos_, "an int of too many digits");
    Emit(TokenType::kNumber, pos_).number = number;
    MoveTo(end);
  }

  void Name() {
    size_t end = pos_;
    bool good = true;
    while (end < source_.size()) {
      const char32_t c = CodePointAt(source_, end);
      const uint16_t flags = UnicodeFlags(c);
      if (!IsWord(c) && !(flags & kIdentifierPart)) break;
      const uint16_t wanted = end == pos_ ? kIdentifierStart : kIdentifierPart;
      good &= c == U'_' || (flags & wanted) != 0;
      end = NextCodePoint(source_, end);
    }
    if (!good) FailHere(pos_, "a name holds a letter that names can't have");
    Emit(TokenType::kName, pos_).text =
        std::string(source_.substr(pos_, end - pos_));
    MoveTo(end);
  }

  void String() {
    const char quote = source_[pos_];
    size_t end = pos_ + 1;
    while (end < source_.size() && source_[end] != quote) {
      end += source_[end] == '\\' ? 2 : 1;
    }
    if (end >= source_.size()) FailHere(pos_, "a string is never closed");
    std::string error;
    std::string value;
    if (!DecodeEscapes(source_.substr(pos_ + 1, end - pos_ - 1), &value,
                       &error)) {
      FailHere(pos_, error);
    }
    Emit(TokenType::kString, pos_).text = std::move(value);
    MoveTo(end + 1);
  }

  void Operator() {
    static constexpr std::array<std::string_view, 6> kPairs = {
        "//", "**", "==", "!=", ">=", "<="};
    size_t length = 1;
    for (const std::string_view pair : kPairs) {
      if (At(pos_, pair)) length = 2;
    }
    const std::string_view text = source_.substr(pos_, length);
    if (length == 1 && std::string_view("+-/*%~[](){}><=.:|,;").find(text[0]) ==
                           std::string_view::npos) {
      FailHere(pos_, "a character that the language does not know");
    }
    Balance(text[0]);
    Emit(TokenType::kOperator, pos_).text = std::string(text);
    MoveTo(pos_ + length);
  }

  void Balance(char c) {
    if (c == '{') open_ += '}';
    if (c == '(') open_ += ')';
    if (c == '[') open_ += ']';
    if (c != '}' && c != ')' && c != ']') return;
    if (open_.empty()) FailHere(pos_, std::string("an unexpected ") + c);
    if (open_.back() != c) {
      FailHere(pos_, std::string("an unexpected ") + c + " where " +
                         open_.back() + " was expected");
    }
    open_.pop_back();
  }

  std::string_view source_;
  size_t pos_ = 0;
  bool line_starting_ = true;
  std::string open_;
  std::vector<Token> tokens_;
};

}  // namespace

std::string NormalizeSource(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::vector<Token> Tokenize(std::string_view source) {
  return Lexer(source).Run();
}

Place FindPlace(std::string_view source, uint32_t at) {
  const size_t place = std::min<size_t>(at, source.size());
  const size_t before =
      place == 0 ? std::string_view::npos : source.rfind('\n', place - 1);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const size_t end = std::min(source.find('\n', place), source.size());
  const auto lines = std::count(
      source.begin(), source.begin() + static_cast<ptrdiff_t>(begin), '\n');
  return {static_cast<uint64_t>(lines) + 1,
          CountCodePoints(source.substr(begin, place - begin)) + 1,
          std::string(source.substr(begin, end - begin))};
}

void FailAt(std::string_view source, uint32_t at, std::string message) {
  const Place place = FindPlace(source, at);
  throw Error::Template(std::move(message))
      .AtLine(place.line, place.column, place.text);
}

}  // namespace fullstop::jinja
