#include "data/answer_end.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "data/text_signs.h"

namespace fullstop {
namespace {

// Below it nothing is said of a last line without a stop.
constexpr size_t kLongAnswer = 64;
// A line that is a sentence by its length, in bytes and in words.
constexpr size_t kWordsOfSentence = 8;
constexpr size_t kWordsOfClause = 4;
constexpr size_t kWordsOfItem = 6;
constexpr size_t kBytesOfWideSentence = 24;
// A sentence that ought to have ended, where there is no other.
constexpr size_t kWordsOfLongSentence = 18;
constexpr size_t kBytesOfLongWideSentence = 100;

// Words behind which a sentence goes on; in lower case, longest first those of
// scripts without spaces.
constexpr std::array<std::string_view, 45> kOpenWords = {
    "the",     "a",    "an",   "of",     "and",    "or",   "their", "which",
    "because", "to",   "is",   "in",     "that",   "with", "for",   "by",
    "as",      "at",   "from", "be",     "are",    "was",  "were",  "this",
    "can",     "will", "has",  "have",   "not",    "your", "its",   "his",
    "our",     "into", "than", "they",   "these",  "may",  "we",    "if",
    "but",     "when", "such", "should", "however"};
constexpr std::array<std::string_view, 16> kOpenCharacters = {
    "和", "与", "或", "及", "在", "对", "从", "把",
    "被", "将", "为", "以", "并", "而", "但", "的"};

// Whether TEXT ends with a word behind which there has to be another.
bool EndsWithOpenWord(std::string_view text) {
  constexpr size_t kLongest = 8;
  if (IsOneOf(LastCharacter(text), kOpenCharacters)) return text.size() > 12;
  const std::string_view last = LastWord(text);
  if (last.size() > kLongest) return false;
  std::string word(last);
  if (word.size() > 1 && IsUpper(word[0]))
    word[0] = static_cast<char>(word[0] - 'A' + 'a');
  return IsOneOf(word, kOpenWords);
}

// How long the mark of a list item at the begin of LINE is: "- ", "12. "; 0
// where there is none.
size_t ListMarkSize(std::string_view line) {
  for (const std::string_view mark : {"- ", "* ", "• ", "+ "}) {
    if (line.starts_with(mark)) return mark.size();
  }
  const size_t digits = line.find_first_not_of("0123456789");
  if (digits == 0 || digits > 3) return 0;
  const std::string_view rest = line.substr(std::min(digits, line.size()));
  for (const std::string_view mark : {". ", ") ", "、", "）", "．"}) {
    if (rest.starts_with(mark)) return digits + mark.size();
  }
  return 0;
}

bool IsListMarkAlone(std::string_view line) {
  if (line == "-" || line == "*" || line == "•") return true;
  const size_t digits = line.find_first_not_of("0123456789");
  if (digits == 0 || digits > 3 || digits == line.npos) return false;
  const std::string_view rest = line.substr(digits);
  return rest == "." || rest == ")" || rest == "、" || rest == "．";
}

// Whether LINE ends as a sentence does, or a title of its own.
bool IsClosed(std::string_view line) {
  if (line.empty()) return true;
  const std::string_view last = LastCharacter(line);
  return EndsSentence(last) || Closes(last);
}

// Whether a stop behind TEXT, with NEXT behind it, ends a sentence. "Mr. Hill",
// "U.S. Army", "e.g. this" are no ends.
bool EndsWithWord(std::string_view text, char next) {
  size_t size = 0;
  for (size_t at = text.size(); at > 0; --at) {
    const char c = text[at - 1];
    if (!IsLower(c) && !IsDigit(c) && !IsUpper(c) && (c & 0x80) == 0) break;
    ++size;
  }
  if (size >= 3 || size == 0) return size >= 3 || text.ends_with(')');
  const char last = text[text.size() - 1];
  return IsUpper(next) && (IsDigit(last) || (size == 2 && IsLower(last) &&
                                             IsLower(text[text.size() - 2])));
}

// What stands behind the last end of a sentence within LINE; all of it where
// there is none.
std::string_view LastSentence(std::string_view line) {
  constexpr std::array<std::string_view, 5> kWide = {"。", "！", "？", "।",
                                                     "؟"};
  size_t from = 0;
  for (const std::string_view end : kWide) {
    const size_t at = line.rfind(end);
    if (at != line.npos) from = std::max(from, at + end.size());
  }
  for (size_t at = line.size(); at-- > from + 1;) {
    if (line[at] != ' ') continue;
    size_t end = at;
    while (end > from && (line[end - 1] == '"' || line[end - 1] == ')' ||
                          line[end - 1] == '\'')) {
      --end;
    }
    if (end <= from + 3) break;
    const char stop = line[end - 1];
    if (stop != '.' && stop != '!' && stop != '?') continue;
    const std::string_view before = line.substr(from, end - 1 - from);
    if (EndsWithWord(before, line[at + 1]) && CountWords(before) > 2) {
      from = at + 1;
      break;
    }
  }
  return Trimmed(line.substr(from));
}

bool IsAddress(std::string_view word) {
  // The scripts of East Asia put no spaces before one.
  size_t wide = word.size();
  while (wide > 0 && (word[wide - 1] & 0x80) == 0) --wide;
  word.remove_prefix(wide);
  return word.find("://") != word.npos || word.starts_with("www.") ||
         word.starts_with('#') || word.find('@') != word.npos ||
         (word.find('/') != word.npos && word.find('.') != word.npos);
}

bool IsFormula(std::string_view line) {
  if (line.starts_with("    ") || line.starts_with('\t')) return true;
  std::string_view last = LastSentence(line);
  for (const std::string_view comma :
       {std::string_view("，"), std::string_view(", ")}) {
    const size_t at = last.rfind(comma);
    if (at != last.npos) last.remove_prefix(at + comma.size());
  }
  return last.find('=') != last.npos || last.find("->") != last.npos ||
         last.find('$') != last.npos || last.ends_with(';');
}

bool LacksItsOther(std::string_view line) {
  constexpr std::array<std::array<std::string_view, 2>, 7> kPairs = {
      {{"(", ")"},
       {"[", "]"},
       {"（", "）"},
       {"“", "”"},
       {"「", "」"},
       {"《", "》"},
       {"【", "】"}}};
  for (const auto& [open, close] : kPairs) {
    if (CountOf(line, open) > CountOf(line, close)) return true;
  }
  constexpr size_t kLongLine = 20;
  return CountOf(line, "**") % 2 == 1 || CountOf(line, "`") % 2 == 1 ||
         (line.size() > kLongLine && CountOf(line, "\"") % 2 == 1);
}

// JSON or markup from the first byte on that is not closed.
bool IsOpenMarkup(std::string_view text) {
  if (text.starts_with("<!DOCTYPE") || text.starts_with("<html")) {
    return !text.ends_with('>');
  }
  if (!text.starts_with("{\n") && !text.starts_with("{\"") &&
      !text.starts_with("[{")) {
    return false;
  }
  int depth = 0;
  bool quoted = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\') {
      ++at;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      depth += (c == '{' || c == '[') ? 1 : (c == '}' || c == ']') ? -1 : 0;
    }
  }
  return depth > 0;
}

// The number with which LINE begins.
size_t NumberOf(std::string_view line) {
  size_t number = 0;
  for (size_t at = 0; at < line.size() && at < 4 && IsDigit(line[at]); ++at) {
    number = 10 * number + static_cast<size_t>(line[at] - '0');
  }
  return number;
}

bool HasParts(std::string_view item) {
  constexpr std::array<std::string_view, 7> kSigns = {
      ": ", "：", " - ", " – ", " — ", " as ", " by "};
  return std::ranges::any_of(kSigns, [&](std::string_view sign) {
    return item.find(sign) != item.npos;
  });
}

// The lines of an answer before its last one.
struct Lines {
  size_t closed = 0;  // sentences that end
  size_t open = 0;    // as long, that don't
  size_t closed_items = 0;
  size_t open_items = 0;
  size_t bars = 0;    // of the line before the last
  size_t number = 0;  // of the last item that has one
  size_t parted = 0;  // items of two parts: "name: what it is"

  size_t Closed() const { return closed + closed_items; }

  explicit Lines(std::string_view before) {
    constexpr size_t kMostBytes = 4096;  // the nearest ones tell enough
    if (before.size() > kMostBytes) {
      before.remove_prefix(before.size() - kMostBytes);
    }
    bool in_code = false;
    while (!before.empty()) {
      const size_t newline = std::min(before.find('\n'), before.size());
      const std::string_view line = Trimmed(before.substr(0, newline));
      before.remove_prefix(std::min(newline + 1, before.size()));
      if (line.starts_with("```")) in_code = !in_code;
      if (line.empty() || in_code) continue;
      bars = CountOf(line, "|");
      const bool is_closed = IsClosed(line);
      if (!is_closed && (GoesOn(LastCharacter(line)) || IsFormula(line)))
        continue;
      if (ListMarkSize(line) == 0) {
        ++(is_closed ? closed : open);
        continue;
      }
      ++(is_closed ? closed_items : open_items);
      parted += HasParts(line) ? 1 : 0;
      if (IsDigit(line[0])) number = NumberOf(line);
    }
  }
};

bool IsWideSentence(std::string_view line) {
  return IsWide(LastCharacter(line)) && line.size() >= kBytesOfWideSentence;
}

bool IsBrokenItem(std::string_view item, const Lines& lines) {
  const size_t items = lines.closed_items + lines.open_items;
  if (CountWords(item) > 1 && EndsWithOpenWord(item)) return true;
  if (items >= 2 && lines.parted == items && !HasParts(item)) return true;
  if (items >= 2) return lines.closed_items * 10 >= items * 8;
  return (CountWords(item) >= kWordsOfItem || IsWideSentence(item)) &&
         lines.closed_items == items;
}

// Whether LINE ends with a dash and a name behind what was quoted.
bool NamesItsAuthor(std::string_view line) {
  constexpr std::array<std::string_view, 5> kDashes = {"-", "–", "—", "~", "―"};
  constexpr size_t kMostWords = 6;
  for (const std::string_view dash : kDashes) {
    const size_t at = line.rfind(dash);
    if (at == line.npos) continue;
    const std::string_view name = Trimmed(line.substr(at + dash.size()));
    const std::string_view before = Trimmed(line.substr(0, at));
    if (CountWords(name) > kMostWords) continue;
    if (before.empty() || IsClosed(before)) return true;
  }
  return false;
}

// Whether LINE, the last one, which ends with a letter or a digit, is a
// sentence that its author would have brought to an end.
bool IsBrokenSentence(std::string_view line, const Lines& lines) {
  const std::string_view last = LastSentence(line);
  if (last.empty()) return false;
  if (last[0] == '[' || NamesItsAuthor(line)) return false;
  if (last.size() < line.size()) return true;
  if (EndsWithOpenWord(line)) return true;
  const bool is_wide = IsWide(LastCharacter(line));
  const size_t words = CountWords(line);
  const bool is_long = is_wide ? line.size() >= kBytesOfLongWideSentence
                               : words >= kWordsOfLongSentence;
  if (is_long) return lines.open <= lines.Closed();
  const bool is_sentence =
      is_wide ? line.size() >= kBytesOfWideSentence : words >= kWordsOfSentence;
  if (is_sentence) return lines.Closed() > 2 * lines.open;
  // A few words, no title, of one who ends whatever he writes.
  const bool is_clause = line.find("，") != line.npos ||
                         (words >= kWordsOfClause &&
                          IsLower(LastWord(line)[0]) && IsUpper(line[0]));
  return is_clause && lines.Closed() > 0 && lines.open == 0;
}

}  // namespace

AnswerEnd EndOfAnswer(std::string_view text, bool open_fence) {
  if (text.empty()) return AnswerEnd::kWhole;
  if (open_fence || IsOpenMarkup(text)) return AnswerEnd::kBroken;
  const std::string_view last = LastCharacter(text);
  // Most answers: a stop behind a word, where no list's number ends.
  if (text.size() > 1 && EndsSentence(last) &&
      !IsDigit(text[text.size() - last.size() - 1])) {
    return AnswerEnd::kWhole;
  }
  const size_t newline = text.rfind('\n');
  const size_t begin = newline == text.npos ? 0 : newline + 1;
  const std::string_view line = text.substr(begin);
  const std::string_view shown = Trimmed(line);
  if (begin > 0 && IsListMarkAlone(shown) && text.size() >= kLongAnswer) {
    return AnswerEnd::kBroken;
  }
  const std::string_view end = LastWord(text);
  const bool hyphen =
      end.size() > 2 && end.ends_with('-') && IsLower(end[end.size() - 2]);
  const bool goes_on = GoesOn(last) || end == "+" || hyphen;
  if (!goes_on && (EndsSentence(last) || Closes(last))) {
    return AnswerEnd::kWhole;
  }
  if (text.size() < kLongAnswer) return AnswerEnd::kUnclear;
  const Lines lines(text.substr(0, begin));
  if (const size_t bars = CountOf(shown, "|"); bars > 0) {
    return bars < lines.bars ? AnswerEnd::kBroken : AnswerEnd::kUnclear;
  }
  const bool wide_sign = goes_on && last.size() > 1;
  if (IsFormula(line) && !wide_sign && last != "+") return AnswerEnd::kUnclear;
  if (LacksItsOther(shown)) return AnswerEnd::kBroken;
  if (goes_on) {
    // "Yours sincerely," waits for a hand to sign.
    const bool greets = begin > 0 && CountWords(shown) < 4 && last == "," &&
                        ListMarkSize(shown) == 0;
    return greets ? AnswerEnd::kUnclear : AnswerEnd::kBroken;
  }
  if (!IsWordCharacter(last) || IsAddress(LastWord(shown))) {
    return AnswerEnd::kWhole;
  }
  const bool next_number =
      shown.find_first_not_of("0123456789") == shown.npos && lines.number > 0 &&
      NumberOf(shown) == lines.number + 1;
  if (next_number) return AnswerEnd::kBroken;
  if (!HasStops(last)) return AnswerEnd::kUnclear;
  const size_t mark = ListMarkSize(shown);
  const std::string_view words = shown.substr(mark);
  const bool broken = (mark > 0 && IsBrokenItem(words, lines)) ||
                      (mark > 0 ? LastSentence(words).size() < words.size()
                                : IsBrokenSentence(words, lines));
  return broken ? AnswerEnd::kBroken : AnswerEnd::kUnclear;
}

}  // namespace fullstop
