#include "data/raw_check.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "data/answer_end.h"
#include "data/answer_label.h"
#include "data/file_ends.h"
#include "data/text_scan.h"
#include "data/text_signs.h"

namespace fullstop {
namespace {

constexpr size_t kShownBytes = 60;
constexpr size_t kLeastEcho = 16;

// PART and what stands around it, cut at characters.
std::string Around(std::string_view text, size_t at) {
  const size_t begin = CharacterStart(text, at - std::min(at, kShownBytes / 2));
  std::string_view part = text.substr(begin, kShownBytes);
  part.remove_suffix(IncompleteUtf8Suffix(part));
  return std::string(part);
}

std::string Tail(std::string_view text) { return Around(text, text.size()); }

// Whether TEXT shows nothing: spaces of all kinds, and marks without a width.
bool IsBlank(std::string_view text) {
  constexpr std::array<std::string_view, 7> kBlanks = {
      "\xc2\xa0",     "\xe3\x80\x80", "\xe2\x80\x8b", "\xef\xbb\xbf",
      "\xe2\x80\x8c", "\xe2\x80\x8d", "\xe2\x81\xa0"};
  while (true) {
    text = Trimmed(text);
    if (text.empty()) return true;
    const auto* blank = std::ranges::find_if(
        kBlanks, [&](std::string_view each) { return text.starts_with(each); });
    if (blank == kBlanks.end()) return false;
    text.remove_prefix(blank->size());
  }
}

// Whether two texts are equal but for their spaces.
bool SameWords(std::string_view a, std::string_view b) {
  size_t i = 0;
  size_t j = 0;
  while (true) {
    i = std::min(a.find_first_not_of(kSpaces, i), a.size());
    j = std::min(b.find_first_not_of(kSpaces, j), b.size());
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (a[i++] != b[j++]) return false;
  }
}

// Whether a system text asks for answers that may be their prompts.
bool AsksForEchoes(std::string_view system) {
  constexpr std::array<std::string_view, 14> kWords = {
      "epeat",  "cho ",    "cho.", "orrect", "rammar", "ranslat", "roofread",
      "ewrite", "erbatim", "复述", "重复",   "翻译",   "纠正",    "改写"};
  return std::ranges::any_of(kWords, [&](std::string_view each) {
    return system.find(each) != system.npos;
  });
}

// Whether PROMPT holds a turn of UNIT: "write ha 100 times".
bool AsksForLoop(std::string_view prompt, std::string_view unit) {
  constexpr size_t kMostBytes = 40;
  constexpr std::array<std::string_view, 7> kTimes = {
      "times", "epeat", "次", "遍", "fois", "veces", "mal "};
  const bool counts = std::ranges::any_of(kTimes, [&](std::string_view each) {
    return prompt.find(each) != prompt.npos;
  });
  if (!counts) return false;
  const std::string twice = std::string(unit) + std::string(unit);
  if (Trimmed(unit).empty() || unit.size() > kMostBytes) return false;
  for (size_t at = 0; at < unit.size(); ++at) {
    const auto turned =
        Trimmed(std::string_view(twice).substr(at, unit.size()));
    if (prompt.find(turned) != prompt.npos) return true;
  }
  return false;
}

// A line of a prompt that says that there is no input.
size_t FindNoInputLine(std::string_view text) {
  constexpr size_t kLongest = 24;
  size_t begin = text.find('\n');
  while (begin != text.npos) {
    ++begin;
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (line.size() <= kLongest) {
      std::string letters;
      for (const char c : line) {
        if (c >= 'A' && c <= 'Z') {
          letters += static_cast<char>(c - 'A' + 'a');
        } else if ((c >= 'a' && c <= 'z') || (c & 0x80) != 0) {
          letters += c;
        }
      }
      if (letters == "noinput" || letters == "无输入") return begin;
    }
    begin = end == text.size() ? text.npos : end;
  }
  return text.npos;
}

// What is wrong with the tags of thoughts of a text, as a sentence; empty where
// they stand in pairs. EMPTY is where a pair without words begins.
std::string JudgeThoughts(std::string_view text,
                          const std::vector<ThoughtTag>& tags, bool with_code,
                          size_t* empty) {
  size_t opened = 0;
  size_t closed = 0;
  const ThoughtTag* open = nullptr;
  bool ordered = true;
  for (const ThoughtTag& tag : tags) {
    if (tag.in_code && !with_code) continue;
    ++(tag.closes ? closed : opened);
    if (tag.closes) {
      ordered &= open != nullptr && open->name == tag.name;
      if (open != nullptr) {
        const size_t from = open->at + open->size;
        if (IsBlank(text.substr(from, tag.at - from))) *empty = open->at;
      }
      open = nullptr;
    } else {
      ordered &= open == nullptr;
      open = &tag;
    }
  }
  if (opened != closed) {
    return std::to_string(opened) + " opened, " + std::to_string(closed) +
           " closed";
  }
  return ordered ? "" : "closed before it is opened";
}

class Checker {
 public:
  Checker(const RawRow& row, const RawChecks& checks, FileEnds* file_ends)
      : row_(row), scanner_(checks.control), file_ends_(file_ends) {}

  std::vector<RawFinding> Findings() {
    for (const std::string& fault : row_.faults) {
      Add(RawFault::kUnreadable, 0, fault);
    }
    if (row_.turns.empty()) return std::move(found_);
    CheckOrder();
    std::string_view prompt;
    std::string_view system;
    for (size_t i = 0; i < row_.turns.size(); ++i) {
      const RawTurn& turn = row_.turns[i];
      scanner_.Scan(turn.text, &scan_);
      CheckWords(i, turn);
      if (turn.role == RawRole::kAssistant) {
        CheckAnswer(i, turn, prompt, system);
      } else if (turn.role == RawRole::kUser) {
        CheckPrompt(i, turn.text);
        prompt = turn.text;
      } else if (turn.role == RawRole::kSystem) {
        system = turn.text;
      }
    }
    DropWhatIsTheTopic();
    AddEnds();
    return std::move(found_);
  }

 private:
  void Add(RawFault fault, size_t turn, std::string shown) {
    found_.push_back({fault, turn, std::move(shown)});
  }

  void CheckOrder() {
    const size_t faults = found_.size();
    bool answered = false;
    bool called = false;
    std::optional<RawRole> before;
    for (size_t i = 0; i < row_.turns.size(); ++i) {
      const RawTurn& turn = row_.turns[i];
      if (turn.rejected) continue;
      const bool answers = turn.role == RawRole::kAssistant;
      const bool first = !before || *before == RawRole::kSystem;
      const bool again = before == turn.role && turn.calls.empty() &&
                         row_.turns[i - 1].calls.empty();
      if (row_.layout != RawLayout::kText && answers && (first || again)) {
        Add(RawFault::kRoleOrder, i,
            first ? "an answer comes first" : "two answers in a row");
      }
      if (turn.role == RawRole::kUser && again) {
        Add(RawFault::kRoleOrder, i, "two prompts in a row");
      }
      if (turn.role == RawRole::kSystem && before &&
          before != RawRole::kSystem) {
        Add(RawFault::kRoleOrder, i, "a system text behind other turns");
      }
      if (turn.role == RawRole::kTool && !called) {
        Add(RawFault::kRoleOrder, i, "a tool's result that nobody called for");
      }
      answered |= answers;
      called |= answers;
      before = turn.role;
    }
    if (!answered) {
      Add(RawFault::kRoleOrder, 0, "there is no answer");
    } else if (before == RawRole::kUser && found_.size() == faults) {
      Add(RawFault::kRoleOrder, row_.turns.size() - 1,
          "the last prompt has no answer");
    }
  }

  void CheckWords(size_t i, const RawTurn& turn) {
    const std::string_view text = turn.text;
    if (row_.layout != RawLayout::kText) {
      if (scan_.control != TextScan::kNone) {
        Add(RawFault::kControlText, i, Around(text, scan_.control));
      } else if (scan_.marker != TextScan::kNone) {
        markers_.emplace_back(found_.size(), scan_.marker_text);
        Add(RawFault::kForeignMarker, i, Around(text, scan_.marker));
      }
    }
    quoted_.insert(quoted_.end(), scan_.quoted.begin(), scan_.quoted.end());
    if (scan_.damage != TextScan::kNone) {
      Add(RawFault::kEncodingDamage, i, Around(text, scan_.damage));
    }
  }

  void CheckPrompt(size_t i, std::string_view text) {
    const size_t line = FindNoInputLine(text);
    const size_t at = line == text.npos ? scan_.no_input : line;
    if (at != text.npos) Add(RawFault::kNoInput, i, Around(text, at));
  }

  // A tag may stand in code because somebody writes about it, or because a
  // fence does not end: what either reading makes right is right.
  void CheckThoughts(size_t i, const RawTurn& turn) {
    size_t empty = TextScan::kNone;
    if (!scan_.thoughts.empty()) {
      const std::string fault =
          JudgeThoughts(turn.text, scan_.thoughts, false, &empty);
      size_t other = TextScan::kNone;
      if (!fault.empty() &&
          !JudgeThoughts(turn.text, scan_.thoughts, true, &other).empty()) {
        return Add(RawFault::kOpenThought, i, fault);
      }
    }
    if (empty != TextScan::kNone) {
      Add(RawFault::kEmptyThought, i, Around(turn.text, empty));
    } else if (!turn.thought.empty() && IsBlank(turn.thought)) {
      Add(RawFault::kEmptyThought, i, "");
    }
  }

  // The answer behind its thought.
  std::string_view Said(const RawTurn& turn) const {
    if (!scan_.thoughts.empty()) {
      const ThoughtTag& last = scan_.thoughts.back();
      if (last.closes && !last.in_code && scan_.thoughts.size() % 2 == 0) {
        return std::string_view(turn.text).substr(last.at + last.size);
      }
    }
    return turn.text;
  }

  void CheckAnswer(size_t i, const RawTurn& turn, std::string_view prompt,
                   std::string_view system) {
    CheckThoughts(i, turn);
    const std::string_view whole = turn.text;
    const std::string_view text = Trimmed(Said(turn));
    if (IsBlank(text)) {
      // A call may have a turn of its own, behind that of its thought.
      const bool calls = !turn.calls.empty() ||
                         (i + 1 < row_.turns.size() &&
                          row_.turns[i + 1].role == RawRole::kAssistant &&
                          !row_.turns[i + 1].calls.empty());
      if (!calls) Add(RawFault::kEmptyAnswer, i, "");
      return;
    }
    if (const auto label = LabelOf(text); !label.empty() &&
                                          !AsksForLabel(prompt, label) &&
                                          !AsksForLabel(system, label)) {
      Add(RawFault::kLabel, i, std::string(label));
    }
    if (text.size() >= kLeastEcho && SameWords(text, prompt) &&
        !AsksForEchoes(system)) {
      return Add(RawFault::kEcho, i, Around(text, 0));
    }
    if (scan_.placeholder != TextScan::kNone &&
        !AsksForPlaceholder(whole.substr(scan_.placeholder), prompt, system)) {
      Add(RawFault::kPlaceholder, i, Around(whole, scan_.placeholder));
    }
    // A row that ends in a call is whole.
    if (turn.calls.empty()) CheckEnd(i, text, prompt);
  }

  void CheckEnd(size_t i, std::string_view text, std::string_view prompt) {
    const std::string_view loop = FindLoop(text);
    if (!loop.empty()) {
      if (AsksForLoop(prompt, UnitOfLoop(loop))) return;
      const auto end = static_cast<size_t>(loop.end() - text.begin());
      return Add(RawFault::kLoop, i, Tail(text.substr(0, end)));
    }
    // A fence of a thought ends with it.
    const bool open_fence = scan_.thoughts.empty()
                                ? scan_.open_fence
                                : CountOf(text, "```") % 2 == 1;
    const AnswerEnd end = EndOfAnswer(text, open_fence);
    if (end == AnswerEnd::kBroken) Add(RawFault::kUnfinished, i, Tail(text));
    if (file_ends_ != nullptr) ends_.push_back({text, end});
  }

  // A row of which an answer is known to break off is told of once.
  void AddEnds() {
    const bool told = std::ranges::any_of(
        ends_, [](const End& end) { return end.how == AnswerEnd::kBroken; });
    for (const auto& [text, how] : ends_) {
      file_ends_->Add(
          text, told && how != AnswerEnd::kWhole ? AnswerEnd::kBroken : how,
          row_);
    }
  }

  // A marker that the row also names in code is what it is about.
  void DropWhatIsTheTopic() {
    while (!markers_.empty()) {
      const auto [at, marker] = markers_.back();
      markers_.pop_back();
      if (std::ranges::find(quoted_, marker) != quoted_.end()) {
        found_.erase(found_.begin() + static_cast<ptrdiff_t>(at));
      }
    }
  }

  const RawRow& row_;
  const TextScanner scanner_;
  FileEnds* const file_ends_;
  TextScan scan_;
  std::vector<RawFinding> found_;
  // Findings of markers, by their place in found_.
  std::vector<std::pair<size_t, std::string_view>> markers_;
  std::vector<std::string_view> quoted_;
  struct End {
    std::string_view text;
    AnswerEnd how;
  };
  std::vector<End> ends_;
};

}  // namespace

std::vector<RawFinding> CheckRaw(const RawRow& row, const RawChecks& checks,
                                 FileEnds* ends) {
  return Checker(row, checks, ends).Findings();
}

}  // namespace fullstop
