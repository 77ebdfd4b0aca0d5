#include "data/word_ends.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "data/text_signs.h"

namespace fullstop {
namespace {

enum class Letter : uint8_t {
  kNone,
  kSpaced,    // of words between spaces
  kUnspaced,  // Thai to Khmer: of words that nothing parts
  kWide       // a word by itself
};

Letter LetterOf(char32_t value) {
  if (value < 0x80) {
    const char c = static_cast<char>(value);
    return IsLower(c) || IsUpper(c) ? Letter::kSpaced : Letter::kNone;
  }
  // Stops and commas that lie among letters.
  constexpr std::array<char32_t, 6> kSigns = {0x60C, 0x61B, 0x61F,
                                              0x6D4, 0x964, 0x965};
  if (std::ranges::find(kSigns, value) != kSigns.end()) return Letter::kNone;
  if (value < 0xC0 || value == 0xD7 || value == 0xF7) return Letter::kNone;
  if ((value >= 0x0E00 && value < 0x10A0) ||
      (value >= 0x1780 && value < 0x1800)) {
    return Letter::kUnspaced;
  }
  if (value < 0x2000 || (value >= 0x2C00 && value < 0x2E00)) {
    return Letter::kSpaced;
  }
  if (value >= 0xA000 && value < 0xD7B0) return Letter::kSpaced;
  const bool wide = (value >= 0x3040 && value < 0xA000) ||
                    (value >= 0xF900 && value < 0xFB00) || value >= 0x20000;
  return wide ? Letter::kWide : Letter::kNone;
}

char32_t Folded(char32_t value) {
  return value >= 'A' && value <= 'Z' ? value - 'A' + 'a' : value;
}

// A run of letters of one kind.
class Run {
 public:
  void Add(char32_t value) {
    prefix_ = (prefix_ ^ Folded(value)) * 0x9E3779B97F4A7C15U;
    prefix_ ^= prefix_ >> 29;
    tail_ = (tail_ << 21 | Folded(value)) & ((uint64_t{1} << 63) - 1);
    ++size_;
    small_ |= value != Folded(value) ? 0 : 1;
  }
  uint64_t prefix() const { return prefix_; }
  // 0 below three letters.
  uint64_t tail() const { return size_ < 3 ? 0 : tail_; }
  size_t size() const { return size_; }
  bool has_small() const { return small_ != 0; }

 private:
  uint64_t prefix_ = 1;
  uint64_t tail_ = 0;
  size_t size_ = 0;
  int small_ = 0;
};

// Longer ones are no words.
constexpr size_t kMostLetters = 24;
// So many units tell enough.
constexpr size_t kMostUnits = 1 << 19;

}  // namespace

uint32_t WordEnds::Mark(uint64_t hash, Kind kind) {
  if (hash == 0) return 0;
  hash *= 0xD6E8FEB86659FD93U;
  hash ^= hash >> 32;
  // The kind stands in the lowest bits, of which no unit is 0.
  return static_cast<uint32_t>(hash) << 3 | 4 | kind;
}

LastUnits LastUnitsOf(std::string_view text) {
  LastUnits last;
  if (text.empty()) return last;
  const auto letter_at = [text](size_t at) {
    return DecodeCodePoint(text.substr(at)).value;
  };
  size_t begin = CharacterStart(text, text.size() - 1);
  const Letter letter = LetterOf(letter_at(begin));
  if (letter == Letter::kNone) return last;
  if (letter == Letter::kWide) {
    last.word = WordEnds::Mark(letter_at(begin), WordEnds::kCharacter);
    return last;
  }
  size_t letters = 1;
  while (begin > 0 && letters <= kMostLetters) {
    const size_t before = CharacterStart(text, begin - 1);
    if (LetterOf(letter_at(before)) != letter) break;
    begin = before;
    ++letters;
  }
  Run run;
  while (begin < text.size()) {
    const CodePoint next = DecodeCodePoint(text.substr(begin));
    run.Add(next.value);
    begin += next.length;
  }
  const uint32_t tail = WordEnds::Mark(run.tail(), WordEnds::kTail);
  if (letter == Letter::kUnspaced) {
    last.tail = tail;
    return last;
  }
  if (letters > kMostLetters) return last;
  last.prefix = WordEnds::Mark(run.prefix(), WordEnds::kPrefix);
  // "Answer: A", "Made in US".
  if (!run.has_small()) return run.size() == 1 ? last : LastUnits();
  last.word = WordEnds::Mark(run.prefix(), WordEnds::kWord);
  // Three or four letters are words too often, whatever begins with them.
  if (run.size() == 3 || run.size() == 4) last.tail = tail;
  return last;
}

// Goes through a text and counts what it knows of each unit.
class WordEnds::Scan {
 public:
  explicit Scan(WordEnds* ends) : ends_(*ends) {}

  void Next(char32_t value, char32_t after) {
    const Letter letter = LetterOf(value);
    if (letter != letter_ || letter == Letter::kWide) CloseRun(true);
    if (letter != Letter::kNone) {
      Decide(false);
      letter_ = letter;
      if (letter == Letter::kWide) {
        word_ = Mark(value, kCharacter);
      } else {
        AddToRun(value);
      }
      return;
    }
    if (value == ' ') return;
    const bool ascii_stop = value == '.' || value == '!' || value == '?';
    const bool stop = value == 0x3002 || value == 0xFF01 || value == 0xFF1F ||
                      value == 0x964 || value == 0x61F || value == 0x6D4 ||
                      value == '\n' || (ascii_stop && after <= ' ');
    if (stop) {
      Decide(true);
    } else if (value >= '0' && value <= '9') {
      Decide(false);
    } else {
      word_ = 0;
    }
  }

  void End(bool is_end) {
    CloseRun(is_end);
    if (is_end) Decide(true);
  }

 private:
  void AddToRun(char32_t value) {
    if (run_.size() > 0 && run_.size() <= kMostLetters) CountParts(false);
    run_.Add(value);
  }

  void CloseRun(bool is_end) {
    if (run_.size() > 0 && run_.size() <= kMostLetters) {
      if (is_end) CountParts(true);
      if (letter_ == Letter::kSpaced) word_ = Mark(run_.prefix(), kWord);
    }
    run_ = {};
    letter_ = Letter::kNone;
  }

  void CountParts(bool is_end) {
    if (letter_ == Letter::kSpaced) {
      Add(Mark(run_.prefix(), kPrefix), is_end);
    }
    if (run_.tail() != 0) Add(Mark(run_.tail(), kTail), is_end);
  }

  void Decide(bool is_end) {
    if (word_ != 0) Add(word_, is_end);
    word_ = 0;
  }

  void Add(uint32_t unit, bool is_end) {
    ends_.Count(unit, is_end ? 0 : 1, is_end ? 1 : 0);
  }

  WordEnds& ends_;
  Run run_;
  Letter letter_ = Letter::kNone;
  // The last word, of which it is not known what follows.
  uint32_t word_ = 0;
};

void WordEnds::Learn(std::string_view text, bool is_end) {
  Scan scan(this);
  while (!text.empty()) {
    const CodePoint here = DecodeCodePoint(text);
    text.remove_prefix(here.length);
    scan.Next(here.value,
              text.empty() ? U'\n' : static_cast<unsigned char>(text[0]));
  }
  scan.End(is_end);
}

void WordEnds::Count(uint32_t unit, uint32_t inside, uint32_t end) {
  if (2 * (taken_ + 1) > entries_.size()) Grow();
  Entry& all = all_.at(unit & 3);
  all.inside += inside;
  all.end += end;
  Entry& entry = entries_[PlaceOf(unit)];
  if (entry.unit == 0 && taken_ == kMostUnits) return;
  if (entry.unit == 0) ++taken_;
  entry.unit = unit;
  entry.inside += inside;
  entry.end += end;
}

size_t WordEnds::PlaceOf(uint32_t unit) const {
  const size_t mask = entries_.size() - 1;
  size_t at = (unit * uint64_t{0x9E3779B97F4A7C15U} >> 32) & mask;
  while (entries_[at].unit != 0 && entries_[at].unit != unit) {
    at = (at + 1) & mask;
  }
  return at;
}

void WordEnds::Grow() {
  constexpr size_t kFewest = 1024;
  const std::vector<Entry> old = std::exchange(
      entries_, std::vector<Entry>(std::max(kFewest, 2 * entries_.size())));
  for (const Entry& each : old) {
    if (each.unit != 0) entries_[PlaceOf(each.unit)] = each;
  }
}

void WordEnds::Take(WordEnds* other) {
  for (const Entry& each : other->entries_) {
    if (each.unit != 0) Count(each.unit, each.inside, each.end);
  }
  *other = {};
}

double WordEnds::Odds(uint32_t unit, bool itself) const {
  if (unit == 0 || entries_.empty()) return 0;
  const Entry& entry = entries_[PlaceOf(unit)];
  const Entry& all = all_.at(unit & 3);
  // Half of one more: what was never seen is not known to be impossible.
  const double inside = entry.inside + 0.5;
  const double end = entry.end - (itself && entry.end > 0 ? 1 : 0) + 0.5;
  return inside / end * (all.end + 0.5) / (all.inside + 0.5);
}

double WordEnds::OddsOfCut(const LastUnits& last, bool itself) const {
  if (last == LastUnits()) return 1;
  const double word = Odds(last.word, itself);
  double within = Odds(last.prefix != 0 ? last.prefix : last.tail, itself);
  if (last.prefix != 0 && last.tail != 0) {
    within = std::min(within, Odds(last.tail, itself));
  }
  return std::max(word, within);
}

}  // namespace fullstop
