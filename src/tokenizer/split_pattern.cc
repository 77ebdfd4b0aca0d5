#include "tokenizer/split_pattern.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/unicode.h"
#include "base/utf8.h"

namespace fullstop {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsAsciiLetter(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Letters, marks, digits, letter numbers and connectors; the circled letters,
// which Unicode calls alphabetic; and the Latin-1 superscripts and fractions,
// which Oniguruma adds.
CodePointSet WordCharacters() {
  CodePointSet set({{0xB2, 0xB3},
                    {0xB9, 0xB9},
                    {0xBC, 0xBE},
                    {0x24B6, 0x24E9},
                    {0x1F130, 0x1F149},
                    {0x1F150, 0x1F169},
                    {0x1F170, 0x1F189}});
  for (const std::string_view name : {"L", "M", "Nd", "Nl", "Pc"}) {
    set = set.Union(*UnicodeProperty(name));
  }
  return set;
}

CodePointSet WithoutCase(const CodePointSet& set) {
  CodePointSet result = set;
  for (char32_t lower = 'a'; lower <= 'z'; ++lower) {
    const char32_t upper = lower - 'a' + 'A';
    CodePointSet same({{lower, lower}, {upper, upper}});
    if (lower == 's') same = same.Union({{0x17F, 0x17F}});
    if (lower == 'k') same = same.Union({{0x212A, 0x212A}});
    if (!set.Intersection(same).empty()) result = result.Union(same);
  }
  return result;
}

class Parser {
 public:
  explicit Parser(std::string_view pattern) : pattern_(pattern) {}

  std::vector<PatternPiece> Parse() {
    while (!AtEnd()) ParseItem();
    if (!caseless_.empty()) Fail("a group that is not closed");
    return std::move(pieces_);
  }

 private:
  // One character, or the set that an escape stands for.
  struct Escape {
    std::optional<char32_t> literal;
    CodePointSet set;
  };

  bool AtEnd() const { return at_ >= pattern_.size(); }
  std::string_view Rest() const { return pattern_.substr(at_); }
  bool Take(std::string_view text) {
    if (!Rest().starts_with(text)) return false;
    at_ += text.size();
    return true;
  }

  [[noreturn]] void Fail(std::string_view what) const {
    uint64_t column = 1;
    for (std::string_view before = pattern_.substr(0, at_); !before.empty();
         ++column) {
      before.remove_prefix(DecodeCodePoint(before).length);
    }
    throw Error::Unsupported("the pre-tokenizer's pattern has " +
                             std::string(what))
        .AtLine(1, column, std::string(pattern_));
  }

  void Operator(std::string_view text) {
    if (!pieces_.empty() && !pieces_.back().is_set) {
      pieces_.back().text += text;
    } else {
      pieces_.push_back({false, {}, std::string(text)});
    }
  }

  void Set(CodePointSet set) {
    if (!caseless_.empty() && caseless_.back()) set = WithoutCase(set);
    pieces_.push_back({true, std::move(set), {}});
  }

  void Literal(char32_t value) {
    if (!caseless_.empty() && caseless_.back() && value >= 0x80) {
      Fail("a caseless group with a character that is not ASCII");
    }
    Set(CodePointSet({{value, value}}));
  }

  void WordBoundary(bool negated) {
    const CodePointSet word = WordCharacters();
    const auto piece = [&](std::string_view before) {
      Operator(before);
      pieces_.push_back({true, word, {}});
    };
    piece("(?:(?<=");
    piece(negated ? ")(?=" : ")(?!");
    piece(")|(?<!");
    piece(negated ? ")(?!" : ")(?=");
    Operator("))");
  }

  char32_t TakeCharacter() {
    const CodePoint point = DecodeCodePoint(Rest());
    if (!point.valid) Fail("bytes that are not UTF-8");
    at_ += point.length;
    return point.value;
  }

  void ParseItem() {
    switch (pattern_[at_]) {
      case '\\':
        if (Take("\\b")) return WordBoundary(false);
        if (Take("\\B")) return WordBoundary(true);
        if (Take("\\G")) return Operator("\\G");
        return ParseEscapedItem();
      case '[':
        return Set(ParseClass());
      case '(':
        return ParseGroup();
      case ')':
        if (caseless_.empty()) Fail("a ) without its (");
        caseless_.pop_back();
        [[fallthrough]];
      case '|':
      case '$':
        Operator(pattern_.substr(at_, 1));
        ++at_;
        return;
      case '*':
      case '+':
      case '?':
        return ParseQuantifier();
      case '{':
        if (ParseBounds()) return;
        break;
      case '.':
        ++at_;
        return Set(CodePointSet({{'\n', '\n'}}).Complement());
      case '^':
        Fail("a ^, the start of a line");
      default:
        break;
    }
    Literal(TakeCharacter());
  }

  void ParseEscapedItem() {
    const Escape escape = ParseEscape();
    if (escape.literal) {
      Literal(*escape.literal);
    } else {
      Set(escape.set);
    }
  }

  void ParseGroup() {
    bool caseless = !caseless_.empty() && caseless_.back();
    if (Take("(?i:")) {
      caseless = true;
      Operator("(?:");
    } else if (Take("(?:")) {
      Operator("(?:");
    } else if (Take("(?=")) {
      Operator("(?=");
    } else if (Take("(?!")) {
      Operator("(?!");
    } else if (Take("(?<=")) {
      Operator("(?<=");
    } else if (Take("(?<!")) {
      Operator("(?<!");
    } else if (Take("(?>")) {
      Operator("(?>");
    } else if (Rest().starts_with("(?")) {
      Fail("a group of a kind that is not known");
    } else {
      Take("(");
      Operator("(?:");
    }
    caseless_.push_back(caseless);
  }

  void ParseQuantifier() {
    if (pieces_.empty()) Fail("a quantifier with nothing before it");
    size_t length = 1;
    const char next = Rest().size() > 1 ? Rest()[1] : '\0';
    if (next == '+' || next == '?') length = 2;
    Operator(Rest().substr(0, length));
    at_ += length;
  }

  // {n}, {n,} or {n,m}; anything else that begins with { is a literal.
  bool ParseBounds() {
    size_t end = at_ + 1;
    size_t digits = 0;
    size_t commas = 0;
    while (end < pattern_.size() &&
           (IsDigit(pattern_[end]) || pattern_[end] == ',')) {
      ++(pattern_[end] == ',' ? commas : digits);
      ++end;
    }
    const bool closed = end < pattern_.size() && pattern_[end] == '}';
    if (!closed || digits == 0) return false;
    if (commas > 1 || pattern_[at_ + 1] == ',') Fail("odd bounds");
    const char next = end + 1 < pattern_.size() ? pattern_[end + 1] : '\0';
    if (next == '+' || next == '?') {
      Fail("bounds with a suffix, which engines read differently");
    }
    Operator(pattern_.substr(at_, end + 1 - at_));
    at_ = end + 1;
    return true;
  }

  Escape ParseEscape() {
    ++at_;
    if (AtEnd()) Fail("a \\ at its end");
    const char name = pattern_[at_];
    ++at_;
    switch (name) {
      case 'p':
      case 'P':
        return {std::nullopt, ParseProperty(name == 'P')};
      case 's':
        return {std::nullopt, *UnicodeProperty("White_Space")};
      case 'S':
        return {std::nullopt, UnicodeProperty("White_Space")->Complement()};
      case 'd':
        return {std::nullopt, *UnicodeProperty("Nd")};
      case 'D':
        return {std::nullopt, UnicodeProperty("Nd")->Complement()};
      case 'w':
        return {std::nullopt, WordCharacters()};
      case 'W':
        return {std::nullopt, WordCharacters().Complement()};
      case 'r':
        return {U'\r', {}};
      case 'n':
        return {U'\n', {}};
      case 't':
        return {U'\t', {}};
      case 'f':
        return {U'\f', {}};
      case 'v':
        return {U'\v', {}};
      case 'x':
        return {Take("{") ? ParseHex(1, 6, "}") : ParseHex(2, 2, ""), {}};
      case 'u':
        return {ParseHex(4, 4, ""), {}};
      default:
        break;
    }
    if (IsAsciiLetter(static_cast<unsigned char>(name)) || IsDigit(name)) {
      --at_;
      Fail("an escape that is not known");
    }
    --at_;
    return {TakeCharacter(), {}};
  }

  char32_t ParseHex(size_t least, size_t most, std::string_view end) {
    char32_t value = 0;
    size_t digits = 0;
    for (; digits < most && !AtEnd(); ++digits, ++at_) {
      const char c = pattern_[at_];
      if (IsDigit(c)) {
        value = value * 16 + static_cast<char32_t>(c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        value = value * 16 + static_cast<char32_t>((c | 0x20) - 'a' + 10);
      } else {
        break;
      }
    }
    if (digits < least || value > 0x10FFFF || !Take(end)) {
      Fail("a code point that is not one");
    }
    return value;
  }

  CodePointSet ParseProperty(bool negated) {
    const size_t end = pattern_.find('}', at_);
    if (!Take("{") || end == std::string_view::npos) {
      Fail("a property without its name");
    }
    if (Take("^")) negated = !negated;
    const std::optional<CodePointSet> set =
        UnicodeProperty(pattern_.substr(at_, end - at_));
    if (!set) Fail("a character property that is not known");
    at_ = end + 1;
    return negated ? set->Complement() : *set;
  }

  // From [ to its ].
  CodePointSet ParseClass() {
    if (++class_depth_ > 50) Fail("classes nested too deep");
    Take("[");
    const bool negated = Take("^");
    CodePointSet set = ParseClassItems();
    while (Take("&&")) set = set.Intersection(ParseClassItems());
    if (!Take("]")) Fail("a class that is not closed");
    --class_depth_;
    return negated ? set.Complement() : set;
  }

  // Up to the && or the ] behind them.
  CodePointSet ParseClassItems() {
    CodePointSet set;
    while (!AtEnd() && pattern_[at_] != ']' && !Rest().starts_with("&&")) {
      if (Rest().starts_with("[:")) Fail("a POSIX class");
      if (pattern_[at_] == '[') {
        set = set.Union(ParseClass());
        continue;
      }
      const Escape first = ParseClassCharacter();
      if (!first.literal) {
        set = set.Union(first.set);
        continue;
      }
      char32_t last = *first.literal;
      if (Rest().starts_with("-") && !Rest().starts_with("-]")) {
        Take("-");
        const Escape end = AtEnd() ? Escape{} : ParseClassCharacter();
        if (!end.literal || *end.literal < last) Fail("a range without an end");
        last = *end.literal;
      }
      set = set.Union({{*first.literal, last}});
    }
    return set;
  }

  Escape ParseClassCharacter() {
    if (pattern_[at_] == '\\') return ParseEscape();
    return {TakeCharacter(), {}};
  }

  std::string_view pattern_;
  size_t at_ = 0;
  int class_depth_ = 0;
  // For each open group whether case counts.
  std::vector<bool> caseless_;
  std::vector<PatternPiece> pieces_;
};

}  // namespace

std::vector<PatternPiece> ParseSplitPattern(std::string_view pattern) {
  return Parser(pattern).Parse();
}

}  // namespace fullstop
