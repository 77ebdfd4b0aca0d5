#include "jinja/text_wrap.h"

#include <algorithm>

#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

// ASCII white space, all that textwrap breaks at.
bool IsBreak(char32_t c) { return (c >= 9 && c <= 13) || c == U' '; }

bool IsLetter(char32_t c) {
  return IsWord(c) && (UnicodeFlags(c) & kDecimal) == 0;
}

bool IsWordOrMark(char32_t c) {
  return IsWord(c) || c == U'!' || c == U'"' || c == U'\'' || c == U'&' ||
         c == U'.' || c == U',' || c == U'?';
}

// The code points of a text and where each begins.
struct Letters {
  explicit Letters(const Text& text) {
    const std::string_view bytes = text.view();
    for (size_t i = 0; i < bytes.size(); i = NextCodePoint(bytes, i)) {
      codes.push_back(CodePointAt(bytes, i));
      starts.push_back(i);
    }
    starts.push_back(bytes.size());
  }
  char32_t At(size_t i) const { return i < codes.size() ? codes[i] : 0; }
  size_t size() const { return codes.size(); }

  std::vector<char32_t> codes;
  std::vector<size_t> starts;
};

// A piece of the text that stays on one line: code points [begin, end).
struct Chunk {
  size_t begin;
  size_t end;
  size_t size() const { return end - begin; }
};

class Wrapper {
 public:
  Wrapper(const Text& text, size_t width, bool break_long, bool hyphens)
      : text_(text),
        letters_(text),
        width_(width),
        break_long_(break_long),
        hyphens_(hyphens) {}

  std::vector<Text> Run() {
    for (size_t at = 0; at < letters_.size();) {
      const size_t end = hyphens_ ? ChunkEnd(at) : SimpleEnd(at);
      chunks_.push_back({at, end});
      at = end;
    }
    std::reverse(chunks_.begin(), chunks_.end());
    std::vector<Text> lines;
    while (!chunks_.empty()) {
      if (IsBlank(chunks_.back()) && !lines.empty()) chunks_.pop_back();
      std::vector<Chunk> line = TakeLine();
      if (!line.empty() && IsBlank(line.back())) line.pop_back();
      if (line.empty()) continue;
      lines.push_back(text_.Slice(letters_.starts[line.front().begin],
                                  letters_.starts[line.back().end]));
    }
    return lines;
  }

 private:
  bool IsBlank(const Chunk& chunk) const {
    return std::all_of(
        letters_.codes.begin() + static_cast<ptrdiff_t>(chunk.begin),
        letters_.codes.begin() + static_cast<ptrdiff_t>(chunk.end), IsSpace);
  }

  size_t SimpleEnd(size_t at) const {
    const bool space = IsBreak(letters_.codes[at]);
    while (at < letters_.size() && IsBreak(letters_.codes[at]) == space) ++at;
    return at;
  }

  // The end of two or more dashes at AT with a word behind them, or 0.
  size_t DashesEnd(size_t at) const {
    size_t end = at;
    while (letters_.At(end) == U'-') ++end;
    return end >= at + 2 && IsWord(letters_.At(end)) ? end : 0;
  }

  // Whether a hyphen at AT joins two words, so that a line may break behind it.
  bool IsHyphen(size_t at) const {
    if (letters_.At(at) != U'-' || at < 2) return false;
    const char32_t last = letters_.At(at - 1);
    const char32_t before = letters_.At(at - 2);
    const bool joins_before =
        (IsLetter(last) && IsLetter(before)) ||
        (at >= 2 && before == U'-' && at >= 3 && IsWordOrMark(last) &&
         IsLetter(letters_.At(at - 3)));
    if (!joins_before || !IsLetter(letters_.At(at + 1))) return false;
    return IsLetter(letters_.At(at + 2)) ||
           (letters_.At(at + 2) == U'-' && IsLetter(letters_.At(at + 3)));
  }

  size_t ChunkEnd(size_t at) const {
    if (IsBreak(letters_.codes[at])) return SimpleEnd(at);
    if (at > 0 && IsWordOrMark(letters_.At(at - 1))) {
      if (const size_t end = DashesEnd(at)) return end;
    }
    for (size_t end = at + 1;; ++end) {
      if (end < letters_.size() && IsHyphen(end)) return end + 1;
      if (end >= letters_.size() || IsBreak(letters_.codes[end])) return end;
      if (IsWordOrMark(letters_.At(end - 1)) && DashesEnd(end)) return end;
    }
  }

  std::vector<Chunk> TakeLine() {
    std::vector<Chunk> line;
    size_t length = 0;
    while (!chunks_.empty() && length + chunks_.back().size() <= width_) {
      line.push_back(chunks_.back());
      length += chunks_.back().size();
      chunks_.pop_back();
    }
    if (chunks_.empty() || chunks_.back().size() <= width_) return line;
    if (break_long_) {
      Chunk& word = chunks_.back();
      const size_t cut = LongCut(word, width_ - length);
      // Even an empty piece counts as the line's last, as in Python.
      line.push_back({word.begin, word.begin + cut});
      word.begin += cut;
    } else if (line.empty()) {
      line.push_back(chunks_.back());
      chunks_.pop_back();
    }
    return line;
  }

  // How much of a WORD longer than the line goes into the SPACE left.
  size_t LongCut(const Chunk& word, size_t space) const {
    if (!hyphens_ || word.size() <= space) return space;
    for (size_t i = space; i-- > 1;) {
      if (letters_.At(word.begin + i) != U'-') continue;
      for (size_t j = 0; j < i; ++j) {
        if (letters_.At(word.begin + j) != U'-') return i + 1;
      }
      break;
    }
    return space;
  }

  const Text& text_;
  Letters letters_;
  size_t width_;
  bool break_long_;
  bool hyphens_;
  std::vector<Chunk> chunks_;
};

}  // namespace

std::vector<Text> WrapText(Runtime* runtime, const Text& text, int64_t width,
                           bool break_long_words, bool break_on_hyphens) {
  runtime->ChargeText(text.size());
  return Wrapper(text, static_cast<size_t>(width), break_long_words,
                 break_on_hyphens)
      .Run();
}

}  // namespace fullstop::jinja
