#include "data/raw_check.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "base/utf8.h"

namespace fullstop {
namespace {

constexpr size_t kShownBytes = 60;
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kFence = "```";
constexpr std::string_view kOpenThought = "<think>";
constexpr std::string_view kCloseThought = "</think>";

// Texts that belong to a template and to nobody's words.
constexpr std::array<std::string_view, 8> kForeign = {
    "[INST]",        "[/INST]",   "<<SYS>>",          "<start_of_turn>",
    "<end_of_turn>", "[/ASSIST]", "### Instruction:", "### Response:"};
// What an answer begins with where a label was taken for a part of it.
constexpr std::array<std::string_view, 8> kLabels = {
    "Output:",    "输出：",     "输出:", "Response:",
    "Assistant:", "ASSISTANT:", "AI:",   "GPT:"};
// Words behind which a sentence goes on.
constexpr std::array<std::string_view, 9> kOpenWords = {
    "the", "a", "an", "of", "and", "or", "their", "which", "because"};
// What UTF-8 looks like once it was read as something else.
constexpr std::array<std::string_view, 7> kMojibake = {
    "\xef\xbf\xbd", "â€", "Ã©", "Ã¨", "Ã¼", "锟斤拷", "ï»¿"};
// A loop that a reader would call one: so many times, so many bytes.
constexpr size_t kLoopTimes = 5;
constexpr size_t kLoopBytes = 200;
constexpr size_t kLongestPeriod = 400;
constexpr size_t kLeastEcho = 12;
constexpr size_t kLongAnswer = 200;

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

// PART and what stands around it, cut at characters.
std::string Around(std::string_view text, size_t at) {
  size_t begin = at > kShownBytes / 2 ? at - kShownBytes / 2 : 0;
  while (begin > 0 && (text[begin] & 0xC0) == 0x80) --begin;
  std::string_view part = text.substr(begin, kShownBytes);
  part.remove_suffix(IncompleteUtf8Suffix(part));
  return std::string(part);
}

std::string Tail(std::string_view text) { return Around(text, text.size()); }

size_t CountOf(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

// Whether place AT of TEXT lies within a fenced block of code.
bool InCode(std::string_view text, size_t at) {
  return CountOf(text.substr(0, at), kFence) % 2 == 1;
}

// Where a text of the form <|name|> begins, in either kind of bar.
size_t FindBarMarker(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2>
      kForms = {{{"<|", "|>"}, {"<｜", "｜>"}}};
  constexpr size_t kLongest = 40;
  for (const auto& [open, close] : kForms) {
    for (size_t at = text.find(open); at != text.npos;
         at = text.find(open, at + 1)) {
      const size_t from = at + open.size();
      const size_t end = text.substr(0, from + kLongest).find(close, from);
      if (end == text.npos || end == from) continue;
      const std::string_view name = text.substr(from, end - from);
      if (name.find_first_of(" \n\t") == name.npos) return at;
    }
  }
  return text.npos;
}

// The first of STRINGS in TEXT.
size_t FindAny(std::string_view text, const std::vector<std::string>& strings) {
  std::string firsts;
  for (const std::string& each : strings) firsts += each.substr(0, 1);
  for (size_t at = text.find_first_of(firsts); at != text.npos;
       at = text.find_first_of(firsts, at + 1)) {
    const std::string_view rest = text.substr(at);
    const bool stands =
        std::ranges::any_of(strings, [rest](const std::string& each) {
          return !each.empty() && rest.starts_with(each);
        });
    if (stands) return at;
  }
  return text.npos;
}

// The period of the repetition at the end of TEXT; 0 where there is none.
size_t LoopPeriod(std::string_view text) {
  if (text.size() < kLoopBytes) return 0;
  const size_t longest = std::min(kLongestPeriod, text.size() / kLoopTimes);
  for (size_t period = 2; period <= longest; ++period) {
    const size_t span = std::max(kLoopTimes * period, kLoopBytes);
    if (span > text.size()) break;
    const std::string_view tail = text.substr(text.size() - span);
    if (std::memcmp(tail.data(), tail.data() + period, span - period) != 0) {
      continue;
    }
    const std::string_view once = tail.substr(0, period);
    if (std::ranges::any_of(once, IsLetter)) return period;
  }
  return 0;
}

std::string_view LastLine(std::string_view text) {
  const size_t newline = text.rfind('\n');
  return newline == text.npos ? text : text.substr(newline + 1);
}

bool IsListMarkerAlone(std::string_view line) {
  if (line == "-" || line == "*") return true;
  const size_t digits = line.find_first_not_of("0123456789");
  return digits != 0 && digits != line.npos && digits + 1 == line.size() &&
         (line[digits] == '.' || line[digits] == ')');
}

bool EndsWithOpenWord(std::string_view text) {
  const size_t space = text.find_last_of(kSpace);
  if (space == text.npos) return false;
  return std::ranges::find(kOpenWords, text.substr(space + 1)) !=
         kOpenWords.end();
}

// Whether TEXT, trimmed, breaks off.
bool BreaksOff(std::string_view text) {
  if (CountOf(text, kFence) % 2 == 1) return true;
  if (text.size() < kLongAnswer) return false;
  if (text.find('\n') != text.npos &&
      IsListMarkerAlone(Trimmed(LastLine(text)))) {
    return true;
  }
  return text.ends_with(',') || text.ends_with("，") || text.ends_with("、") ||
         text.ends_with('(') || EndsWithOpenWord(text);
}

// A name in two braces that is neither code nor the prompt's.
size_t FindPlaceholder(std::string_view text, std::string_view prompt) {
  for (size_t at = text.find("{{"); at != text.npos;
       at = text.find("{{", at + 2)) {
    const size_t end = text.find("}}", at);
    if (end == text.npos) break;
    const std::string_view whole = text.substr(at, end + 2 - at);
    const std::string_view name = Trimmed(whole.substr(2, whole.size() - 4));
    const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
      return IsLetter(c) || c == '_' || (c >= '0' && c <= '9');
    });
    if (is_name && prompt.find("{{") == prompt.npos && !InCode(text, at)) {
      return at;
    }
  }
  return text.npos;
}

class Checker {
 public:
  Checker(const RawRow& row, const RawChecks& checks)
      : row_(row), checks_(checks) {}

  std::vector<RawFinding> Findings() {
    for (const std::string& fault : row_.faults) {
      Add(RawFault::kUnreadable, 0, fault);
    }
    if (row_.turns.empty()) return std::move(found_);
    CheckOrder();
    std::string_view prompt;
    for (size_t i = 0; i < row_.turns.size(); ++i) {
      const RawTurn& turn = row_.turns[i];
      if (row_.layout != RawLayout::kText) CheckMarkers(i, turn.text);
      CheckDamage(i, turn.text);
      if (turn.role == RawRole::kAssistant) {
        CheckAnswer(i, turn, prompt);
      } else if (turn.role == RawRole::kUser) {
        CheckPrompt(i, turn.text);
        prompt = turn.text;
      }
    }
    return std::move(found_);
  }

 private:
  void Add(RawFault fault, size_t turn, std::string shown) {
    found_.push_back({fault, turn, std::move(shown)});
  }

  void CheckOrder() {
    bool answered = false;
    std::optional<RawRole> before;
    for (size_t i = 0; i < row_.turns.size(); ++i) {
      const RawTurn& turn = row_.turns[i];
      if (turn.rejected) continue;
      const bool answers = turn.role == RawRole::kAssistant;
      const bool first = !before || *before == RawRole::kSystem;
      // Calls may be told apart from the words beside them.
      const bool twice = answers && before == RawRole::kAssistant &&
                         turn.calls.empty() && row_.turns[i - 1].calls.empty();
      if (row_.layout != RawLayout::kText && answers && (first || twice)) {
        Add(RawFault::kRoleOrder, i,
            first ? "an answer comes first" : "two answers in a row");
      }
      if (turn.role == RawRole::kSystem && before &&
          before != RawRole::kSystem) {
        Add(RawFault::kRoleOrder, i, "a system text behind other turns");
      }
      answered |= answers;
      before = turn.role;
    }
    if (!answered) Add(RawFault::kRoleOrder, 0, "there is no answer");
  }

  void CheckMarkers(size_t i, std::string_view text) {
    const size_t control = FindAny(text, checks_.control);
    if (control != text.npos) {
      Add(RawFault::kControlText, i, Around(text, control));
      return;
    }
    size_t foreign = FindBarMarker(text);
    for (const std::string_view marker : kForeign) {
      foreign = std::min(foreign, text.find(marker));
    }
    if (foreign != text.npos && !InCode(text, foreign)) {
      Add(RawFault::kForeignMarker, i, Around(text, foreign));
    }
  }

  void CheckDamage(size_t i, std::string_view text) {
    size_t at = text.npos;
    for (const std::string_view damage : kMojibake) {
      at = std::min(at, text.find(damage));
    }
    if (at != text.npos) Add(RawFault::kEncodingDamage, i, Around(text, at));
  }

  void CheckPrompt(size_t i, std::string_view text) {
    for (const char* none : {"<noinput>", "<no input>", "<NOINPUT>"}) {
      const size_t at = text.find(none);
      if (at == text.npos) continue;
      Add(RawFault::kNoInput, i, Around(text, at));
      break;
    }
  }

  void CheckThoughts(size_t i, std::string_view text) {
    const size_t opened = CountOf(text, kOpenThought);
    const size_t closed = CountOf(text, kCloseThought);
    if (opened != closed) {
      Add(RawFault::kOpenThought, i,
          std::to_string(opened) + " opened, " + std::to_string(closed) +
              " closed");
      return;
    }
    const size_t at = text.find(kOpenThought);
    if (at == text.npos) return;
    const size_t from = at + kOpenThought.size();
    const size_t end = text.find(kCloseThought);
    if (end < from) {
      Add(RawFault::kOpenThought, i, "closed before it is opened");
    } else if (Trimmed(text.substr(from, end - from)).empty()) {
      Add(RawFault::kEmptyThought, i, Around(text, at));
    }
  }

  void CheckAnswer(size_t i, const RawTurn& turn, std::string_view prompt) {
    const std::string_view text = Trimmed(turn.text);
    CheckThoughts(i, text);
    if (text.empty()) {
      if (turn.calls.empty()) Add(RawFault::kEmptyAnswer, i, "");
      return;
    }
    for (const std::string_view label : kLabels) {
      if (!text.starts_with(label)) continue;
      Add(RawFault::kLabel, i, std::string(label));
      break;
    }
    if (text.size() >= kLeastEcho && text == Trimmed(prompt)) {
      Add(RawFault::kEcho, i, Around(text, 0));
    }
    if (const size_t at = FindPlaceholder(text, prompt); at != text.npos) {
      Add(RawFault::kPlaceholder, i, Around(text, at));
    }
    // A row that ends in a call is whole.
    if (!turn.calls.empty()) return;
    if (const size_t period = LoopPeriod(text); period > 0) {
      Add(RawFault::kLoop, i, Tail(text));
    } else if (BreaksOff(text)) {
      Add(RawFault::kUnfinished, i, Tail(text));
    }
  }

  const RawRow& row_;
  const RawChecks& checks_;
  std::vector<RawFinding> found_;
};

// One step of a 64-bit mix (the finaliser of MurmurHash3 by A. Appleby).
uint64_t Mix(uint64_t value) {
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdULL;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53ULL;
  return value ^ (value >> 33);
}

void Add(std::string_view text, uint64_t* state) {
  *state = Mix(*state ^ text.size());
  while (!text.empty()) {
    uint64_t word = 0;
    const size_t size = std::min(text.size(), sizeof(word));
    std::memcpy(&word, text.data(), size);
    *state = Mix(*state + word);
    text.remove_prefix(size);
  }
}

}  // namespace

std::vector<RawFinding> CheckRaw(const RawRow& row, const RawChecks& checks) {
  return Checker(row, checks).Findings();
}

ConversationHash HashOf(const RawRow& row) {
  ConversationHash hash{1, 2};
  for (const RawTurn& turn : row.turns) {
    for (uint64_t* state : {&hash.high, &hash.low}) {
      Add(RawRoleName(turn.role), state);
      Add(Trimmed(turn.text), state);
      for (const std::string& call : turn.calls) Add(call, state);
    }
  }
  return hash;
}

}  // namespace fullstop
