#include "data/answer_end.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/utf8.h"
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
constexpr size_t kWordsOfLongSentence = 15;
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
  // Below it a mark may stand for inches.
  constexpr size_t kLongLine = 20;
  return CountOf(line, "**") % 2 == 1 || CountOf(line, "`") % 2 == 1 ||
         ((line.size() > kLongLine || line.starts_with('"')) &&
          CountOf(line, "\"") % 2 == 1);
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

// What the marks of a list share: "1", or the bullet's first byte.
char KindOfMark(std::string_view line) {
  return IsDigit(line[0]) ? '1' : line[0];
}

std::vector<std::string_view> WordsOf(std::string_view text) {
  std::vector<std::string_view> words;
  while (!(text = Trimmed(text)).empty()) {
    const size_t end = std::min(text.find_first_of(kSpaces), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

bool HasParts(std::string_view item) {
  constexpr std::array<std::string_view, 7> kSigns = {
      ": ", "：", " - ", " – ", " — ", " as ", " by "};
  return std::ranges::any_of(kSigns, [&](std::string_view sign) {
    return item.find(sign) != item.npos;
  });
}

// "Yours sincerely," waits for a hand to sign.
bool IsGreeting(std::string_view line) {
  return line.ends_with(',') && CountWords(line) < 4 && ListMarkSize(line) == 0;
}

// The items of one list, without their marks.
struct Items {
  std::vector<std::string_view> all = {};
  size_t closed = 0;  // sentences that end
  size_t open = 0;    // that don't; formulas are neither
  size_t parted = 0;  // of two parts: "name: what it is"

  void Add(std::string_view item, bool is_closed, bool is_open) {
    all.push_back(item);
    closed += is_closed ? 1 : 0;
    open += is_open ? 1 : 0;
    parted += HasParts(item) ? 1 : 0;
  }

  size_t FewestWords() const {
    size_t fewest = std::numeric_limits<size_t>::max();
    for (const std::string_view item : all) {
      fewest = std::min(fewest, CountWords(item));
    }
    return fewest;
  }

  size_t MostWords() const {
    size_t most = 0;
    for (const std::string_view item : all) {
      most = std::max(most, CountWords(item));
    }
    return most;
  }

  // Words of each item that stand neither first nor last in it.
  std::vector<std::string_view> SharedWords() const {
    std::vector<std::string_view> shared;
    for (const std::string_view item : all) {
      std::vector<std::string_view> words = WordsOf(item);
      if (words.size() < 3) return {};
      words = {words.begin() + 1, words.end() - 1};
      if (item.data() == all[0].data()) shared = words;
      std::erase_if(shared, [&](std::string_view word) {
        return std::ranges::find(words, word) == words.end();
      });
    }
    return shared;
  }
};

// The lines of an answer before its last one.
struct Lines {
  size_t closed = 0;        // sentences that end
  size_t open = 0;          // as long, that don't
  size_t closed_items = 0;  // of all lists
  size_t signed_lines = 0;  // that end with any sign
  size_t commas = 0;        // with one behind which something follows
  size_t unsigned_lines = 0;
  bool greets = false;  // the last one: "Yours sincerely,"
  size_t bars = 0;      // of the line before the last
  size_t number = 0;    // of the last item that has one
  // By their mark: those that the last line might go on with.
  std::map<char, Items> lists;

  size_t Closed() const { return closed + closed_items; }

  // The list that LINE, an item, goes on with.
  Items ListOf(std::string_view line) const {
    const bool first = IsDigit(line[0]) && NumberOf(line) <= number;
    const auto found = lists.find(KindOfMark(line));
    return first || found == lists.end() ? Items() : found->second;
  }

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
      const bool is_fence = line.starts_with("```");
      if (is_fence) in_code = !in_code;
      if (!line.empty() && !in_code && !is_fence) Add(line);
    }
  }

 private:
  void Add(std::string_view line) {
    bars = CountOf(line, "|");
    const bool is_closed = IsClosed(line);
    const bool goes_on = GoesOn(LastCharacter(line));
    ++(is_closed || goes_on ? signed_lines : unsigned_lines);
    commas += goes_on ? 1 : 0;
    greets = IsGreeting(line);
    const size_t mark = ListMarkSize(line);
    if (mark > 0 && IsDigit(line[0])) {
      if (NumberOf(line) <= number) lists.erase(KindOfMark(line));
      number = NumberOf(line);
    }
    const bool is_open = !is_closed && !goes_on && !IsFormula(line);
    if (mark > 0) {
      closed_items += is_closed ? 1 : 0;
      lists[KindOfMark(line)].Add(line.substr(mark), is_closed, is_open);
      return;
    }
    open += is_open ? 1 : 0;
    // Who ends the sentences within a line ends others too.
    const bool ends_some = goes_on && LastSentence(line).size() < line.size();
    closed += is_closed || ends_some ? 1 : 0;
  }
};

// Whether most of LINE is of East Asia.
bool IsWideLine(std::string_view line) {
  size_t wide = 0;
  for (size_t at = 0; at < line.size();) {
    const size_t size = DecodeCodePoint(line.substr(at)).length;
    if (IsWide(line.substr(at, size))) wide += size;
    at += size;
  }
  return 2 * wide >= line.size();
}

bool IsWideSentence(std::string_view line) {
  return line.size() >= kBytesOfWideSentence && IsWideLine(line);
}

// Whether ITEM lacks what the others of its list have.
bool LacksItsPart(std::string_view item, const Items& list) {
  constexpr size_t kMany = 4;
  if (list.all.size() < 2) return false;
  if (list.parted == list.all.size() && !HasParts(item)) return true;
  // "Dive" behind "Dive mask" and "Dive knife".
  const auto longer = std::ranges::count_if(list.all, [&](auto other) {
    return other.size() > item.size() && other.starts_with(item) &&
           other[item.size()] == ' ';
  });
  if (longer >= 2) return true;
  const std::vector<std::string_view> words = WordsOf(item);
  const std::vector<std::string_view> shared = list.SharedWords();
  if (std::ranges::find(shared, words.back()) != shared.end()) return true;
  // Where the others are about as long as each other.
  const size_t fewest = list.FewestWords();
  const bool many = list.all.size() >= kMany;
  const size_t times = many || fewest > kWordsOfClause ? 2 : 5;
  if (fewest >= times * words.size() && list.MostWords() < 2 * fewest) {
    return true;
  }
  return many && std::ranges::any_of(shared, [&](std::string_view word) {
           return std::ranges::find(words, word) == words.end();
         });
}

bool IsBrokenItem(std::string_view item, const Items& list,
                  size_t closed_items) {
  if (CountWords(item) > 1 && EndsWithOpenWord(item)) return true;
  if (LacksItsPart(item, list)) return true;
  const size_t judged = list.closed + list.open;
  // One that is a sentence tells as much as two.
  const bool ends_sentence = list.closed == 1 && list.all.size() == 1 &&
                             (CountWords(list.all[0]) >= kWordsOfSentence ||
                              IsWideSentence(list.all[0]));
  if (judged >= 2 || ends_sentence) return list.closed * 10 >= judged * 8;
  return (CountWords(item) >= kWordsOfItem || IsWideSentence(item)) &&
         closed_items == judged;
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

// How LINE, the last one, ends, which ends with a letter or a digit and is no
// item.
AnswerEnd EndOfSentence(std::string_view line, const Lines& lines) {
  const std::string_view last = LastSentence(line);
  if (last.empty() || last[0] == '[' || NamesItsAuthor(line)) {
    return AnswerEnd::kUnclear;
  }
  if (last.size() < line.size()) return AnswerEnd::kBroken;
  if (EndsWithOpenWord(line)) return AnswerEnd::kBroken;
  const bool is_wide = IsWideLine(line);
  const size_t words = CountWords(line);
  const bool is_long = is_wide ? line.size() >= kBytesOfLongWideSentence
                               : words >= kWordsOfLongSentence;
  const bool is_sentence =
      is_wide ? line.size() >= kBytesOfWideSentence : words >= kWordsOfSentence;
  // A few words, no title, of one who ends whatever he writes.
  const bool is_clause = line.find("，") != line.npos ||
                         (words >= kWordsOfClause &&
                          IsLower(LastWord(line)[0]) && IsUpper(line[0]));
  const bool ends_others = lines.Closed() > 2 * lines.open;
  const bool broken = is_long ? lines.open <= lines.Closed()
                      : is_sentence
                          ? ends_others
                          : is_clause && lines.Closed() > 0 && lines.open == 0;
  if (broken) return AnswerEnd::kBroken;
  if (lines.greets && words <= kWordsOfClause) return AnswerEnd::kWhole;
  // "Answer: stone".
  const bool is_entry =
      line.find(": ") != line.npos || line.find("：") != line.npos;
  const bool doubtful =
      !is_entry && (ends_others || (is_sentence && lines.open == 0) ||
                    (lines.signed_lines > 0 && lines.unsigned_lines == 0));
  return doubtful ? AnswerEnd::kDoubtful : AnswerEnd::kUnclear;
}

// The same of an item, behind its mark, of LIST.
AnswerEnd EndOfItem(std::string_view item, const Items& list,
                    const Lines& lines) {
  if (IsBrokenItem(item, list, lines.closed_items) ||
      LastSentence(item).size() < item.size()) {
    return AnswerEnd::kBroken;
  }
  const bool doubtful =
      list.all.size() >= 2 && CountWords(item) < list.FewestWords();
  return doubtful ? AnswerEnd::kDoubtful : AnswerEnd::kUnclear;
}

// Whether TEXT ends with an apostrophe behind which letters have to follow.
bool EndsWithinWord(std::string_view line) {
  if (line.ends_with("’")) return line.find("‘") == line.npos;
  if (line.size() < 2 || !line.ends_with('\'')) return false;
  return IsLower(line[line.size() - 2]) && !line.starts_with('\'') &&
         line.find(" '") == line.npos && line.find("('") == line.npos;
}

// Whether LINE ends with a sign that stands between two words or numbers.
bool EndsWithOperator(std::string_view line) {
  const std::string_view word = LastWord(line);
  if (IsOneOf(word, std::array<std::string_view, 2>{"+", "="})) return true;
  for (const std::string_view dash : {"——", "—"}) {
    if (!word.ends_with(dash) || word.size() == dash.size()) continue;
    return IsWordCharacter(
        LastCharacter(word.substr(0, word.size() - dash.size())));
  }
  if (word.size() < 3) return false;
  const char before = word[word.size() - 2];
  if (word.ends_with('-')) return IsLower(before);
  // "and/", but not "src/".
  return word.ends_with('/') && (IsLower(before) || IsDigit(before)) &&
         word.find('/') == word.size() - 1 &&
         (CountWords(line) >= kWordsOfItem || IsWideSentence(line));
}

// Whether LINE ends in a script that ends no sentence with a sign.
bool LacksStops(std::string_view line) {
  while (!line.empty()) {
    const std::string_view last = LastCharacter(line);
    if (last.size() > 1) return !HasStops(last);
    if (IsLower(last[0]) || IsUpper(last[0])) return false;
    line.remove_suffix(1);
  }
  return false;
}

// Whether each line before ends with a sign, as those of verse that has them.
bool SignsEachLine(const Lines& lines) {
  return lines.unsigned_lines == 0 && lines.commas >= 3 &&
         lines.signed_lines >= 5;
}

}  // namespace

AnswerEnd EndOfAnswer(std::string_view text, bool open_fence) {
  if (text.empty()) return AnswerEnd::kWhole;
  if (open_fence || IsOpenMarkup(text)) return AnswerEnd::kBroken;
  const std::string_view last = LastCharacter(text);
  // Most answers: a stop behind a word, where no list's number ends.
  if (text.size() > last.size() && EndsSentence(last) &&
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
  const bool has_operator = EndsWithOperator(shown);
  const bool goes_on = GoesOn(last) || has_operator || EndsWithinWord(shown);
  if (!goes_on && (EndsSentence(last) || Closes(last))) {
    return AnswerEnd::kWhole;
  }
  if (text.size() < kLongAnswer) return AnswerEnd::kUnclear;
  const Lines lines(text.substr(0, begin));
  if (const size_t bars = CountOf(shown, "|"); bars > 0) {
    // What begins with a bar ends with one.
    const bool broken = bars < lines.bars || shown.starts_with('|');
    return broken ? AnswerEnd::kBroken : AnswerEnd::kUnclear;
  }
  const size_t mark = ListMarkSize(shown);
  if (mark > 0 && CountOf(shown, "`") % 2 == 1) return AnswerEnd::kBroken;
  const bool wide_sign = goes_on && last.size() > 1;
  if (IsFormula(mark > 0 ? shown : line) && !wide_sign && !has_operator) {
    return AnswerEnd::kUnclear;
  }
  if (LacksItsOther(shown)) return AnswerEnd::kBroken;
  if (goes_on) {
    return begin > 0 && IsGreeting(shown) && !SignsEachLine(lines)
               ? AnswerEnd::kUnclear
               : AnswerEnd::kBroken;
  }
  if (!IsWordCharacter(last) || IsAddress(LastWord(shown))) {
    return AnswerEnd::kWhole;
  }
  const bool next_number =
      shown.find_first_not_of("0123456789") == shown.npos && lines.number > 0 &&
      NumberOf(shown) == lines.number + 1;
  if (next_number || SignsEachLine(lines)) return AnswerEnd::kBroken;
  if (LacksStops(shown)) return AnswerEnd::kUnclear;
  if (mark == 0) return EndOfSentence(shown, lines);
  return EndOfItem(shown.substr(mark), lines.ListOf(shown), lines);
}

}  // namespace fullstop
