#include "data/text_scan.h"

#include <algorithm>
#include <utility>

#include "data/text_damage.h"

namespace fullstop {
namespace {

constexpr size_t kLongestName = 40;
constexpr std::array<std::string_view, 5> kThoughtNames = {
    "think", "thinking", "thought", "thoughts", "reasoning"};
// Markers of templates that have no bars.
constexpr std::array<std::string_view, 6> kAngles = {
    "<<SYS>>", "<</SYS>>", "</s>", "<eos>", "<bos>", "<sop>"};
constexpr std::array<std::string_view, 7> kBrackets = {
    "[INST]",    "[/INST]",           "[TOOL_CALLS]",   "[gMASK]",
    "[/ASSIST]", "[AVAILABLE_TOOLS]", "[SYSTEM_PROMPT]"};
constexpr std::array<std::string_view, 5> kHeadings = {
    "### Instruction:", "### Response:", "### Human:", "### Assistant:",
    "### User:"};
// Speakers of logs, each with who answers.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2>
    kSpeakers = {
        {{"\nUSER:", "\nASSISTANT:"}, {"\n\nHuman:", "\n\nAssistant:"}}};

bool IsAsciiLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsNamePart(char c) {
  return IsAsciiLetter(c) || (c >= '0' && c <= '9') || c == '_' ||
         (c & 0x80) != 0;
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

template <size_t N>
std::string_view PrefixOf(std::string_view text,
                          const std::array<std::string_view, N>& strings) {
  for (const std::string_view each : strings) {
    if (text.starts_with(each)) return each;
  }
  return {};
}

// <|name|>, <｜name｜>, <|name>, <name|>, <start_of_name>: of names that are
// no operators. Empty where TEXT, which begins with <, is none.
std::string_view AngleMarker(std::string_view text) {
  if (const std::string_view known = PrefixOf(text, kAngles); !known.empty()) {
    return known;
  }
  constexpr std::string_view kWide = "｜";
  const bool wide = text.substr(1).starts_with(kWide);
  const bool bar = wide || text.substr(1).starts_with('|');
  const size_t from = 1 + (wide ? kWide.size() : bar ? 1 : 0);
  size_t end = from;
  const size_t most = std::min(text.size(), from + kLongestName);
  while (end < most &&
         (IsNamePart(text[end]) || text[end] == '-' || text[end] == '/' ||
          text[end] == ':') &&
         !text.substr(end).starts_with(kWide)) {
    ++end;
  }
  if (end < from + 2) return {};
  const std::string_view name = text.substr(from, end - from);
  std::string_view rest = text.substr(end);
  bool closed = false;
  for (const std::string_view each : {kWide, std::string_view("|")}) {
    if (!rest.starts_with(each)) continue;
    rest.remove_prefix(each.size());
    closed = true;
  }
  if (!rest.starts_with('>')) return {};
  const bool turn =
      name.starts_with("start_of_") || name.starts_with("end_of_");
  if (!(bar && closed) && !turn && !(name.size() > 2 && (bar || closed))) {
    return {};
  }
  return text.substr(0, text.size() - rest.size() + 1);
}

// The forms of <noinput>.
bool IsNoInput(std::string_view text) {
  std::string letters;
  for (const char c : text.substr(1, 12)) {
    if (c == '>') return letters == "noinput";
    if (IsAsciiLetter(c)) letters += Lower(c);
  }
  return false;
}

std::string_view LineAround(std::string_view text, size_t at) {
  const size_t before = text.substr(0, at).rfind('\n');
  const size_t begin = before == text.npos ? 0 : before + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

// Whether LINE, but for the part at AT, is rather a language's than a person's.
bool LooksLikeCode(std::string_view line) {
  constexpr std::string_view kSigns = "=;()<>\\|\"`$^";
  constexpr int kMost = 6;
  int signs = 0;
  for (const char c : line) signs += kSigns.find(c) != kSigns.npos ? 1 : 0;
  for (const std::string_view quote : {"(f'", "(f\"", " f'", " f\""}) {
    if (line.find(quote) != line.npos) return true;
  }
  return signs >= kMost || line.starts_with("    ") || line.starts_with('\t') ||
         line.ends_with(';') || line.ends_with('{');
}

struct Notation {
  std::string_view open;
  std::string_view close;
};
constexpr std::array kNotations = {Notation{"{{", "}}"}, Notation{"${", "}"},
                                   Notation{"#{", "}"},  Notation{"[[", "]]"},
                                   Notation{"<<", ">>"}, Notation{"<%=", "%>"},
                                   Notation{"%(", ")s"}, Notation{"{", "}"}};

// How long the name in braces at the begin of TEXT is with them; 0 where there
// is none.
size_t PlaceholderSize(std::string_view text) {
  for (const auto& [open, close] : kNotations) {
    if (!text.starts_with(open)) continue;
    size_t at = open.size();
    while (at < text.size() && text[at] == ' ') ++at;
    const size_t from = at;
    const size_t most = std::min(text.size(), from + kLongestName);
    while (at < most && (IsNamePart(text[at]) || text[at] == '.')) ++at;
    const size_t size = at - from;
    while (at < text.size() && text[at] == ' ') ++at;
    const bool is_name = size >= 2 && (text[from] < '0' || text[from] > '9');
    if (!is_name || !text.substr(at).starts_with(close)) return 0;
    return at + close.size();
  }
  return 0;
}

}  // namespace

class TextScanner::Pass {
 public:
  Pass(const TextScanner& scanner, std::string_view text, TextScan* scan)
      : scanner_(scanner), text_(text), scan_(*scan) {}

  void Run() {
    for (size_t at = 0; at < text_.size(); ++at) {
      const auto byte = static_cast<unsigned char>(text_[at]);
      if (scanner_.stops_[byte]) at = Look(at, byte);
    }
    scan_.open_fence = in_fence_;
  }

 private:
  bool InCode(size_t at) const { return in_fence_ || at < inline_end_; }

  // Returns the last place that has been looked at.
  size_t Look(size_t at, unsigned char byte) {
    if (scan_.control == TextScan::kNone && scanner_.begins_control_[byte]) {
      LookForControl(at);
    }
    switch (byte) {
      case '`':
        return LookAtTick(at);
      case '<':
        return LookAtAngle(at);
      case '[':
        if (const auto marker = PrefixOf(text_.substr(at), kBrackets);
            !marker.empty()) {
          AddMarker(at, marker);
        } else {
          LookForPlaceholder(at);
        }
        return at;
      case '#':
        if (const auto marker = PrefixOf(text_.substr(at), kHeadings);
            !marker.empty() && (at == 0 || text_[at - 1] == '\n')) {
          AddMarker(at, marker);
          return at + marker.size() - 1;
        }
        [[fallthrough]];
      case '{':
      case '$':
      case '%':
        return LookForPlaceholder(at);
      case '\n':
        LookForSpeaker(at);
        return at;
      default:
        break;
    }
    if (byte >= 0x80 && scan_.damage == TextScan::kNone &&
        IsDamage(text_, at) && !InCode(at)) {
      scan_.damage = at;
    }
    return at;
  }

  void LookForControl(size_t at) {
    const std::string_view rest = text_.substr(at);
    for (const std::string& each : scanner_.control_) {
      if (each.empty() || !rest.starts_with(each)) continue;
      scan_.control = at;
      return;
    }
  }

  size_t LookAtTick(size_t at) {
    if (text_.substr(at).starts_with("```")) {
      in_fence_ = !in_fence_;
      return at + 2;
    }
    if (InCode(at)) return at;
    const size_t close = text_.find_first_of("`\n", at + 1);
    if (close != text_.npos && text_[close] == '`') inline_end_ = close + 1;
    return at;
  }

  size_t LookAtAngle(size_t at) {
    const std::string_view rest = text_.substr(at);
    if (LookForThought(at, rest)) return at;
    if (const std::string_view marker = AngleMarker(rest); !marker.empty()) {
      // <s> and </s> strike words out in HTML.
      if (marker == "</s>" && text_.substr(0, at).rfind("<s>") != text_.npos) {
        return at;
      }
      if (scan_.control != at) AddMarker(at, marker);
      return at + marker.size() - 1;
    }
    if (scan_.no_input == TextScan::kNone && !InCode(at) && IsNoInput(rest)) {
      scan_.no_input = at;
    }
    return LookForPlaceholder(at);
  }

  bool LookForThought(size_t at, std::string_view rest) {
    const bool closes = rest.substr(1).starts_with('/');
    const size_t from = closes ? 2 : 1;
    const size_t end = rest.substr(0, from + kLongestName).find('>', from);
    if (end == rest.npos) return false;
    const auto name = rest.substr(from, end - from);
    const auto* known = std::ranges::find(kThoughtNames, name);
    if (known == kThoughtNames.end()) return false;
    scan_.thoughts.push_back(
        {.at = at,
         .size = end + 1,
         .closes = closes,
         .in_code = InCode(at),
         .name = static_cast<size_t>(known - kThoughtNames.begin())});
    return true;
  }

  void LookForSpeaker(size_t at) {
    for (const auto& [user, answerer] : kSpeakers) {
      if (!text_.substr(at).starts_with(user)) continue;
      if (text_.find(answerer, at) != text_.npos) AddMarker(at, user);
    }
  }

  void AddMarker(size_t at, std::string_view marker) {
    if (InCode(at)) {
      scan_.quoted.push_back(marker);
    } else if (scan_.marker == TextScan::kNone) {
      scan_.marker = at;
      scan_.marker_text = marker;
    }
  }

  size_t LookForPlaceholder(size_t at) {
    const size_t size = PlaceholderSize(text_.substr(at));
    if (size == 0 || scan_.placeholder != TextScan::kNone || InCode(at)) {
      // "{{" that is none is no "{" either.
      const bool twice = at + 1 < text_.size() && text_[at + 1] == text_[at];
      return size > 0 ? at + size - 1 : twice ? at + 1 : at;
    }
    // \frac{ab}, x_{ab}, name{ab}: formulas and calls.
    const char before = at == 0 ? ' ' : text_[at - 1];
    const bool single = text_[at] == '{' && text_[at + 1] != '{';
    const bool joined =
        single && (IsAsciiLetter(before) || before == '}' || before == '^' ||
                   before == '_' || before == '\\' || before == '"' ||
                   before == '\'' || before == '[');
    if (!joined && !LooksLikeCode(LineAround(text_, at))) {
      scan_.placeholder = at;
    }
    return at + size - 1;
  }

  const TextScanner& scanner_;
  std::string_view text_;
  TextScan& scan_;
  bool in_fence_ = false;
  size_t inline_end_ = 0;
};

TextScanner::TextScanner(const std::vector<std::string>& control)
    : control_(control) {
  static const std::array<bool, 256> kStops = [] {
    std::array<bool, 256> stops = {};
    for (const char c : std::string_view("`<[#{$%\n")) {
      stops[static_cast<unsigned char>(c)] = true;
    }
    for (size_t byte = 0x80; byte < 0x100; ++byte) {
      stops[byte] = MayBeDamage(static_cast<unsigned char>(byte));
    }
    return stops;
  }();
  stops_ = kStops;
  for (const std::string& each : control) {
    if (each.empty()) continue;
    const auto first = static_cast<unsigned char>(each[0]);
    stops_[first] = true;
    begins_control_[first] = true;
  }
}

void TextScanner::Scan(std::string_view text, TextScan* scan) const {
  *scan = {};
  Pass(*this, text, scan).Run();
}

}  // namespace fullstop
