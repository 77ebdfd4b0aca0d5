#include "jinja/text_ops.h"

#include <algorithm>

namespace fullstop::jinja {
namespace {

void AppendMapped(const CaseMapping& mapping, Origin origin, Text* out) {
  std::string bytes;
  for (uint32_t i = 0; i < mapping.count; ++i) {
    AppendUtf8(mapping.letters[i], &bytes);
  }
  out->Append(bytes, origin);
}

// Whether the capital sigma at BYTE ends a word: a cased letter before, none
// behind, case-ignorable ones skipped.
bool IsFinalSigma(std::string_view text, size_t byte) {
  size_t at = byte;
  bool cased = false;
  while (at > 0) {
    at = PreviousCodePoint(text, at);
    const uint16_t flags = UnicodeFlags(CodePointAt(text, at));
    if (flags & kCaseIgnorable) continue;
    cased = (flags & kCased) != 0;
    break;
  }
  if (!cased) return false;
  for (at = NextCodePoint(text, byte); at < text.size();
       at = NextCodePoint(text, at)) {
    const uint16_t flags = UnicodeFlags(CodePointAt(text, at));
    if (flags & kCaseIgnorable) continue;
    return (flags & kCased) == 0;
  }
  return true;
}

// The code point at BYTE in another case, onto the end of OUT.
void AppendCase(const Text& text, size_t byte, Case to, Text* out) {
  const std::string_view bytes = text.view();
  const CodePoint letter = DecodeCodePoint(bytes.substr(byte));
  if (!letter.valid) {
    out->Append(text, byte, byte + letter.length);
    return;
  }
  CaseMapping mapping = MapCase(letter.value, to);
  if (letter.value == U'Σ' && to == Case::kLower && IsFinalSigma(bytes, byte)) {
    mapping.letters[0] = U'ς';
  }
  AppendMapped(mapping, text.OriginAt(byte), out);
}

// Maps each code point with WHICH(flags of the code point).
template <class Which>
Text MapLetters(const Text& text, Which which) {
  Text out(std::string(), text.origin());
  out.reserve(text.size());
  const std::string_view bytes = text.view();
  for (size_t i = 0; i < bytes.size(); i = NextCodePoint(bytes, i)) {
    AppendCase(text, i, which(i), &out);
  }
  return out;
}

bool HoldsLetter(std::string_view chars, std::string_view letter) {
  for (size_t i = 0; i < chars.size();) {
    const size_t next = NextCodePoint(chars, i);
    if (chars.substr(i, next - i) == letter) return true;
    i = next;
  }
  return false;
}

bool IsLineEnd(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 ||
         c == 0x2028 || c == 0x2029;
}

}  // namespace

Text ChangeCase(const Text& text, Case to) {
  if (text.uniform() && IsAscii(text.view())) {
    std::string bytes = text.bytes();
    const bool raise = to == Case::kUpper || to == Case::kTitle;
    for (char& c : bytes) {
      if (raise ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z') {
        c = static_cast<char>(c ^ 0x20);
      }
    }
    return Text(std::move(bytes), text.origin());
  }
  return MapLetters(text, [to](size_t) { return to; });
}

Text Capitalize(const Text& text) {
  return MapLetters(
      text, [](size_t i) { return i == 0 ? Case::kTitle : Case::kLower; });
}

Text TitleCase(const Text& text) {
  bool in_word = false;
  const std::string_view bytes = text.view();
  return MapLetters(text, [&in_word, bytes](size_t i) {
    const Case to = in_word ? Case::kLower : Case::kTitle;
    in_word = (UnicodeFlags(CodePointAt(bytes, i)) &
               (kCased | kUppercase | kLowercase | kTitlecase)) != 0;
    return to;
  });
}

Text SwapCase(const Text& text) {
  Text out(std::string(), text.origin());
  const std::string_view bytes = text.view();
  for (size_t i = 0; i < bytes.size();) {
    const size_t next = NextCodePoint(bytes, i);
    const uint16_t flags = UnicodeFlags(CodePointAt(bytes, i));
    if (flags & kUppercase) {
      AppendCase(text, i, Case::kLower, &out);
    } else if (flags & kLowercase) {
      AppendCase(text, i, Case::kUpper, &out);
    } else {
      out.Append(text, i, next);
    }
    i = next;
  }
  return out;
}

Text Strip(const Text& text, const Text* chars, bool left, bool right) {
  const std::string_view bytes = text.view();
  const auto drops = [bytes, chars](size_t begin, size_t end) {
    return chars == nullptr
               ? IsSpace(CodePointAt(bytes, begin))
               : HoldsLetter(chars->view(), bytes.substr(begin, end - begin));
  };
  size_t begin = 0;
  size_t end = bytes.size();
  while (left && begin < end) {
    const size_t next = NextCodePoint(bytes, begin);
    if (!drops(begin, next)) break;
    begin = next;
  }
  while (right && end > begin) {
    const size_t previous = PreviousCodePoint(bytes, end);
    if (!drops(previous, end)) break;
    end = previous;
  }
  return text.Slice(begin, end);
}

std::vector<Text> Split(const Text& text, const Text* separator, int64_t most) {
  std::vector<Text> parts;
  const std::string_view bytes = text.view();
  size_t begin = 0;
  if (separator != nullptr) {
    const std::string_view mark = separator->view();
    for (; most > 0; --most) {
      const size_t found = bytes.find(mark, begin);
      if (found == std::string_view::npos) break;
      parts.push_back(text.Slice(begin, found));
      begin = found + mark.size();
    }
    parts.push_back(text.Slice(begin, bytes.size()));
    return parts;
  }
  const auto skip = [bytes](size_t at, bool space) {
    while (at < bytes.size() && IsSpace(CodePointAt(bytes, at)) == space) {
      at = NextCodePoint(bytes, at);
    }
    return at;
  };
  for (begin = skip(0, true); begin < bytes.size(); --most) {
    if (most <= 0) {
      parts.push_back(text.Slice(begin, bytes.size()));
      break;
    }
    const size_t end = skip(begin, false);
    parts.push_back(text.Slice(begin, end));
    begin = skip(end, true);
  }
  return parts;
}

std::vector<Text> SplitFromRight(const Text& text, const Text* separator,
                                 int64_t most) {
  std::vector<Text> parts;
  const std::string_view bytes = text.view();
  size_t end = bytes.size();
  if (separator != nullptr) {
    const std::string_view mark = separator->view();
    for (; most > 0 && end >= mark.size(); --most) {
      const size_t found = bytes.rfind(mark, end - mark.size());
      if (found == std::string_view::npos) break;
      parts.push_back(text.Slice(found + mark.size(), end));
      end = found;
    }
    parts.push_back(text.Slice(0, end));
  } else {
    const auto skip = [bytes](size_t at, bool space) {
      while (at > 0) {
        const size_t previous = PreviousCodePoint(bytes, at);
        if (IsSpace(CodePointAt(bytes, previous)) != space) break;
        at = previous;
      }
      return at;
    };
    for (end = skip(end, true); end > 0; --most) {
      if (most <= 0) {
        parts.push_back(text.Slice(0, end));
        break;
      }
      const size_t begin = skip(end, false);
      parts.push_back(text.Slice(begin, end));
      end = skip(begin, true);
    }
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<Text> SplitLines(const Text& text, bool keep_ends) {
  std::vector<Text> lines;
  const std::string_view bytes = text.view();
  size_t begin = 0;
  for (size_t i = 0; i < bytes.size();) {
    size_t next = NextCodePoint(bytes, i);
    if (IsLineEnd(CodePointAt(bytes, i))) {
      if (bytes[i] == '\r' && next < bytes.size() && bytes[next] == '\n') {
        ++next;
      }
      lines.push_back(text.Slice(begin, keep_ends ? next : i));
      begin = next;
    }
    i = next;
  }
  if (begin < bytes.size()) lines.push_back(text.Slice(begin, bytes.size()));
  return lines;
}

size_t CountOccurrences(std::string_view text, std::string_view part) {
  if (part.empty()) return CountCodePoints(text) + 1;
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

size_t ReplacedSize(const Text& text, const Text& old, const Text& by,
                    int64_t count) {
  size_t times = CountOccurrences(text.view(), old.view());
  if (count >= 0) times = std::min(times, static_cast<size_t>(count));
  return text.size() + times * by.size();
}

Text Replace(const Text& text, const Text& old, const Text& by, int64_t count) {
  Text out(std::string(), text.origin());
  const std::string_view bytes = text.view();
  size_t done = 0;
  if (old.empty()) {
    // Between all letters and at both ends.
    for (size_t i = 0; count != 0; --count) {
      out.Append(text, done, i);
      out.Append(by);
      done = i;
      if (i >= bytes.size()) break;
      i = NextCodePoint(bytes, i);
    }
  } else {
    for (; count != 0; --count) {
      const size_t found = bytes.find(old.view(), done);
      if (found == std::string_view::npos) break;
      out.Append(text, done, found);
      out.Append(by);
      done = found + old.size();
    }
  }
  out.Append(text, done, bytes.size());
  return out;
}

Text Pad(const Text& text, int64_t left, int64_t right, const Text& fill) {
  Text out(std::string(), text.origin());
  for (int64_t i = 0; i < left; ++i) out.Append(fill);
  out.Append(text);
  for (int64_t i = 0; i < right; ++i) out.Append(fill);
  return out;
}

Text ExpandTabs(const Text& text, int64_t size) {
  Text out(std::string(), text.origin());
  const std::string_view bytes = text.view();
  int64_t column = 0;
  for (size_t i = 0; i < bytes.size();) {
    const size_t next = NextCodePoint(bytes, i);
    if (bytes[i] == '\t') {
      if (size > 0) {
        const int64_t width = size - column % size;
        out.Append(std::string(static_cast<size_t>(width), ' '),
                   text.OriginAt(i));
        column += width;
      }
    } else {
      out.Append(text, i, next);
      column = bytes[i] == '\n' || bytes[i] == '\r' ? 0 : column + 1;
    }
    i = next;
  }
  return out;
}

}  // namespace fullstop::jinja
