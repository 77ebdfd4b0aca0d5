#include "protocol/literal_value.h"

#include <cctype>
#include <cstdint>
#include <optional>
#include <string>

#include "base/utf8.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 64;

class LiteralReader {
 public:
  LiteralReader(SymbolView text, SymbolView quote)
      : text_(text), quote_(quote) {}

  std::optional<Json> ReadAll() {
    Json value;
    if (!Value(&value, 0)) return std::nullopt;
    SkipSpace();
    if (at_ != text_.size()) return std::nullopt;
    return value;
  }

 private:
  void SkipSpace() { at_ += LeadingSpace(text_.substr(at_)); }
  bool Take(char32_t symbol) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != symbol) return false;
    ++at_;
    return true;
  }

  bool Value(Json* value, int depth) {
    SkipSpace();
    if (at_ >= text_.size() || depth > kMaxDepth) return false;
    if (!quote_.empty() && text_.substr(at_).starts_with(quote_)) {
      return Quoted(value);
    }
    switch (text_[at_]) {
      case U'"':
      case U'\'':
        return String(value);
      case U'[':
        return List(value, U']', depth);
      case U'(':
        return List(value, U')', depth);
      case U'{':
        return Object(value, depth);
      default:
        return Word(value);
    }
  }

  bool Quoted(Json* value) {
    const size_t begin = at_ + quote_.size();
    const size_t end = text_.find(quote_, begin);
    if (end == SymbolView::npos) return false;
    *value = ReplaceInvalidUtf8(BytesOf(text_.substr(begin, end - begin)));
    at_ = end + quote_.size();
    return true;
  }

  bool String(Json* value) {
    const char32_t mark = text_[at_++];
    std::string bytes;
    while (at_ < text_.size() && text_[at_] != mark) {
      const char32_t symbol = text_[at_++];
      if (IsToken(symbol)) return false;
      if (symbol != U'\\') {
        bytes += static_cast<char>(symbol);
      } else if (!Escape(&bytes)) {
        return false;
      }
    }
    if (at_ >= text_.size()) return false;
    ++at_;
    *value = ReplaceInvalidUtf8(bytes);
    return true;
  }

  bool Escape(std::string* bytes) {
    if (at_ >= text_.size()) return false;
    const char32_t symbol = text_[at_++];
    switch (symbol) {
      case U'n':
        *bytes += '\n';
        return true;
      case U't':
        *bytes += '\t';
        return true;
      case U'r':
        *bytes += '\r';
        return true;
      case U'\\':
      case U'\'':
      case U'"':
      case U'/':
        *bytes += static_cast<char>(symbol);
        return true;
      case U'x':
        return CodePoint(2, bytes);
      case U'u':
        return CodePoint(4, bytes);
      case U'U':
        return CodePoint(8, bytes);
      default:
        if (IsToken(symbol)) return false;
        *bytes += '\\';
        *bytes += static_cast<char>(symbol);
        return true;
    }
  }

  // Two halves of a pair, as JSON escapes what 16 bits don't hold, are one.
  bool CodePoint(size_t digits, std::string* bytes) {
    constexpr uint32_t kHigh = 0xD800;
    constexpr uint32_t kLow = 0xDC00;
    constexpr uint32_t kHalves = 0x400;
    std::optional<uint32_t> code = Hex(digits);
    if (!code) return false;
    if (*code - kHigh < kHalves && text_.substr(at_).starts_with(U"\\u")) {
      const size_t behind = at_;
      at_ += 2;
      const std::optional<uint32_t> low = Hex(4);
      if (low && *low - kLow < kHalves) {
        code = 0x10000 + (*code - kHigh) * kHalves + (*low - kLow);
      } else {
        at_ = behind;
      }
    }
    const bool scalar = *code <= 0x10FFFF && *code - kHigh >= 2 * kHalves;
    AppendUtf8(scalar ? *code : U'\uFFFD', bytes);
    return true;
  }

  std::optional<uint32_t> Hex(size_t digits) {
    if (at_ + digits > text_.size()) return std::nullopt;
    uint32_t value = 0;
    for (size_t i = 0; i < digits; ++i) {
      const char32_t symbol = text_[at_++];
      if (symbol > 127 || std::isxdigit(static_cast<int>(symbol)) == 0) {
        return std::nullopt;
      }
      const std::string digit(1, static_cast<char>(symbol));
      value =
          value * 16 + static_cast<uint32_t>(std::stoul(digit, nullptr, 16));
    }
    return value;
  }

  bool List(Json* value, char32_t end, int depth) {
    ++at_;
    *value = Json::array();
    while (!Take(end)) {
      Json item;
      if (!Value(&item, depth + 1)) return false;
      value->push_back(std::move(item));
      if (Take(U',')) continue;
      return Take(end);
    }
    return true;
  }

  bool Object(Json* value, int depth) {
    ++at_;
    *value = Json::object();
    while (!Take(U'}')) {
      Json key;
      if (!Value(&key, depth + 1) || !key.is_string()) return false;
      Json item;
      if (!Take(U':') || !Value(&item, depth + 1)) return false;
      (*value)[key.get<std::string>()] = std::move(item);
      if (Take(U',')) continue;
      return Take(U'}');
    }
    return true;
  }

  // A name, a number, or a bare key.
  bool Word(Json* value) {
    std::string word;
    while (at_ < text_.size()) {
      const char32_t symbol = text_[at_];
      const bool fits = symbol < 128
                            ? std::isalnum(static_cast<int>(symbol)) != 0 ||
                                  symbol == U'_' || symbol == U'.' ||
                                  symbol == U'-' || symbol == U'+'
                            : symbol < kFirstToken;
      if (!fits) break;
      word += static_cast<char>(symbol);
      ++at_;
    }
    if (word.empty()) return false;
    SkipSpace();
    const bool is_key = at_ < text_.size() && text_[at_] == U':';
    if (is_key) {
      *value = ReplaceInvalidUtf8(word);
    } else if (word == "True" || word == "true") {
      *value = true;
    } else if (word == "False" || word == "false") {
      *value = false;
    } else if (word == "None" || word == "null") {
      *value = nullptr;
    } else {
      *value = Json::parse(word, nullptr, false);
      return value->is_number();
    }
    return true;
  }

  SymbolView text_;
  SymbolView quote_;
  size_t at_ = 0;
};

}  // namespace

std::optional<Json> LiteralToJson(SymbolView text, SymbolView quote) {
  return LiteralReader(text, quote).ReadAll();
}

}  // namespace fullstop
