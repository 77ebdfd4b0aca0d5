#include "protocol/derive_markers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace fullstop {
namespace {

using nlohmann::ordered_json;

constexpr size_t kMaxMarker = 64;
constexpr std::array<std::string_view, 3> kThoughtFields = {
    "reasoning_content", "reasoning", "thinking"};

size_t CommonPrefix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

// BYTE, or the start of the control token or the bracketed word that it cuts.
size_t BackToBorder(const Probe& probe, size_t byte) {
  for (const ProbePart& part : probe.parts) {
    if (part.id && part.begin < byte && byte < part.end) return part.begin;
  }
  const std::string_view before = std::string_view(probe.text).substr(0, byte);
  const size_t open = before.find_last_of("<[");
  if (open == std::string_view::npos || byte - open > kMaxMarker) return byte;
  const std::string_view word = before.substr(open);
  const bool is_cut =
      word.find_first_of(">] \t\n\"{") == std::string_view::npos;
  return is_cut ? open : byte;
}

// The first word in TEXT that is bracketed as markup: <…> or […], with no white
// space within. Empty where there is none.
std::string_view FirstTag(std::string_view text) {
  for (size_t at = text.find_first_of("<["); at != std::string_view::npos;
       at = text.find_first_of("<[", at + 1)) {
    const size_t end = text.find_first_of("<>[] \t\n\"{}", at + 1);
    if (end == std::string_view::npos) break;
    const bool closes = text[end] == (text[at] == '<' ? '>' : ']');
    const bool has_letter =
        std::any_of(text.begin() + at, text.begin() + end,
                    [](unsigned char c) { return std::isalpha(c) != 0; });
    if (closes && has_letter) return text.substr(at, end + 1 - at);
  }
  return {};
}

// A marker found in bytes [BEGIN, END) of a probe: the first control token that
// SKIP does not name, else the first bracketed word. Empty where there is none.
std::string FirstMarker(const Probe& probe, size_t begin, size_t end,
                        const std::vector<std::string>& skip) {
  const auto skipped = [&](std::string_view text) {
    return std::find(skip.begin(), skip.end(), text) != skip.end();
  };
  const std::string_view text = probe.text;
  for (const ProbePart& part : probe.parts) {
    if (!part.id || part.begin < begin || part.end > end) continue;
    const std::string_view token =
        text.substr(part.begin, part.end - part.begin);
    if (!skipped(token)) return std::string(token);
  }
  std::string_view rest = text.substr(begin, end - begin);
  while (true) {
    const std::string_view tag = FirstTag(rest);
    if (tag.empty() || !skipped(tag)) return std::string(tag);
    rest.remove_prefix(
        static_cast<size_t>(tag.data() + tag.size() - rest.data()));
  }
}

bool IsMarkerLike(std::string_view text) {
  const auto bracket = [](unsigned char c) { return std::ispunct(c) != 0; };
  return text.size() >= 3 && text.size() <= kMaxMarker &&
         bracket(text.front()) && bracket(text.back()) &&
         std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalpha(c) != 0; });
}

// "<x>" for "</x>", "[x]" for "[/x]"; empty for anything else.
std::string OpeningOf(std::string_view closing) {
  if (closing.size() < 3 || closing[1] != '/') return "";
  return std::string(1, closing[0]) + std::string(closing.substr(2));
}

class MarkerDeriver {
 public:
  MarkerDeriver(Prober* prober, const std::set<TokenId>& ends)
      : prober_(*prober), ends_(ends) {}

  DerivedMarkers Derive() {
    const std::vector<ProbeSetup> setups = ProbeSetups(prober_.compiled());
    for (const ProbeSetup& setup : setups) {
      if (FindBase(setup)) break;
    }
    if (!answer_) return {};
    FromField();
    if (markers_.thought_closing.empty()) FromCut();
    if (markers_.thought_closing.empty()) FromEmptyThought(setups);
    if (!markers_.thought_closing.empty()) {
      OpeningFromPrompts(setups);
      FindAnswerOpening();
    }
    FindCalls(setups);
    return markers_;
  }

 private:
  ordered_json Conversation(std::initializer_list<ordered_json> turns) const {
    ordered_json messages = ordered_json::array();
    if (system_first_) messages.push_back(ProbeSystem(as_parts_));
    messages.push_back(ProbeUser(as_parts_));
    for (const ordered_json& turn : turns) messages.push_back(turn);
    return messages;
  }
  size_t Reply() const { return system_first_ ? 2 : 1; }

  // The first setup in which the template writes an answer.
  bool FindBase(const ProbeSetup& setup) {
    for (const bool as_parts : {false, true}) {
      for (const bool system_first : {false, true}) {
        as_parts_ = as_parts;
        system_first_ = system_first;
        answer_ = prober_.Try(Conversation({ProbeAnswer(as_parts)}), setup);
        if (answer_ && answer_->Find(Reply(), "content")) {
          base_ = setup;
          prompt_ = prober_.Try(Conversation({}), setup, true);
          return true;
        }
      }
    }
    answer_.reset();
    return false;
  }

  // Where the reply begins in PROBE: behind all that it shares with the prompt
  // and with a plain answer.
  size_t HeaderEnd(const Probe& probe) const {
    size_t end = CommonPrefix(probe.text, answer_->text);
    if (prompt_) end = std::min(end, CommonPrefix(probe.text, prompt_->text));
    return BackToBorder(probe, end);
  }

  void FromField() {
    std::vector<ordered_json> turns = {ProbeThoughtfulAnswer(as_parts_)};
    for (const CallContent content :
         {CallContent::kNull, CallContent::kEmpty, CallContent::kAbsent}) {
      turns.push_back(
          ProbeCalls(1, {CallArguments::kObject, content}, true, as_parts_));
    }
    for (const ordered_json& turn : turns) {
      const std::optional<Probe> probe =
          prober_.Try(Conversation({turn}), base_);
      if (!probe) continue;
      for (const std::string_view field : kThoughtFields) {
        const auto at = probe->Find(Reply(), field);
        if (!at) continue;
        const size_t next = probe->ContentBehind(*at);
        const ProbePart& thought = probe->parts[*at];
        const size_t end = next < probe->parts.size() ? probe->parts[next].begin
                                                      : probe->text.size();
        if (ReadThought(*probe, thought, end)) {
          markers_.thought_field = field;
          return;
        }
      }
    }
  }

  bool ReadThought(const Probe& probe, const ProbePart& thought, size_t end) {
    const std::string_view text = probe.text;
    const std::string_view between =
        Strip(text.substr(thought.end, end - thought.end));
    if (between.empty()) return false;
    std::string closing = FirstMarker(probe, thought.end, end, {});
    const std::string_view line = between.substr(0, between.find('\n'));
    if (closing.empty() || !between.starts_with(closing)) {
      closing = Strip(line);
    }
    markers_.thought_closing = closing;
    const size_t header = std::min(HeaderEnd(probe), thought.begin);
    markers_.thought_opening =
        Strip(text.substr(header, thought.begin - header));
    return true;
  }

  // A constant of the template at which it cuts past answers in two; the
  // shortest, since a longer one may hold it.
  void FromCut() {
    std::set<std::string> tried;
    for (const std::string& literal : prober_.compiled().Literals()) {
      const std::string cut(Strip(literal));
      std::string& best = markers_.thought_closing;
      if (!IsMarkerLike(cut) || !tried.insert(cut).second ||
          (!best.empty() && best.size() <= cut.size())) {
        continue;
      }
      if (Cuts(cut)) best = cut;
    }
  }

  bool Cuts(const std::string& cut) {
    ordered_json turn = ProbeAnswer(false);
    const std::string answer = turn["content"];
    turn["content"] = "let me see" + cut + answer;
    const std::optional<Probe> probe =
        prober_.Try(Conversation({turn, ProbeUser(as_parts_)}), base_);
    if (!probe) return false;
    const auto at = probe->Find(Reply(), "content");
    if (!at) return false;
    const ProbePart& part = probe->parts[*at];
    return probe->text.substr(part.begin, part.end - part.begin) == answer;
  }

  // What stands behind the user's turn.
  std::string_view Tail(const Probe& probe) const {
    const auto user = probe.Find(Reply() - 1, "content");
    return std::string_view(probe.text)
        .substr(user ? probe.parts[*user].end : probe.text.size());
  }

  // What a prompt holds behind the header of the reply, without white space.
  // Only what follows the user's turn is compared: variables may change what
  // stands before.
  std::string Prefilled(const ProbeSetup& setup) {
    const std::optional<Probe> prompt =
        prober_.Try(Conversation({}), setup, true);
    if (!prompt) return "";
    const std::string_view tail = Tail(*prompt);
    size_t header = CommonPrefix(tail, Tail(*answer_));
    if (prompt_) header = std::min(header, CommonPrefix(tail, Tail(*prompt_)));
    const size_t before = prompt->text.size() - tail.size();
    header = BackToBorder(*prompt, before + header);
    return std::string(
        Strip(std::string_view(prompt->text).substr(std::max(header, before))));
  }

  // <x> and </x> with nothing between, in any prompt.
  void FromEmptyThought(const std::vector<ProbeSetup>& setups) {
    for (const ProbeSetup& setup : setups) {
      const std::string prefilled = Prefilled(setup);
      const std::string_view opening = FirstTag(prefilled);
      if (opening.empty() || !prefilled.starts_with(opening)) continue;
      const std::string_view rest =
          Strip(std::string_view(prefilled).substr(opening.size()));
      if (FirstTag(rest) != rest || OpeningOf(rest) != opening) continue;
      markers_.thought_opening = opening;
      markers_.thought_closing = rest;
      return;
    }
  }

  void OpeningFromPrompts(const std::vector<ProbeSetup>& setups) {
    const std::string& closing = markers_.thought_closing;
    const std::string usual = Prefilled(base_);
    if (markers_.thought_opening.empty()) {
      for (size_t i = 0; i <= setups.size(); ++i) {
        const std::string prefilled = i == 0 ? usual : Prefilled(setups[i - 1]);
        const std::string_view before = Strip(
            std::string_view(prefilled).substr(0, prefilled.find(closing)));
        if (before.empty() || before.size() > kMaxMarker) continue;
        markers_.thought_opening = before;
        break;
      }
    }
    if (markers_.thought_opening.empty()) {
      markers_.thought_opening = OpeningOf(closing);
    }
    markers_.thought_prefilled = !markers_.thought_opening.empty() &&
                                 usual.ends_with(markers_.thought_opening);
  }

  // What an answer without a thought opens with, if that is no empty thought.
  void FindAnswerOpening() {
    const auto at = answer_->Find(Reply(), "content");
    const size_t header = HeaderEnd(*answer_);
    const size_t begin = answer_->parts[*at].begin;
    if (header >= begin) return;
    const std::string_view opening =
        Strip(std::string_view(answer_->text).substr(header, begin - header));
    if (opening.find(markers_.thought_closing) == std::string_view::npos &&
        opening != markers_.thought_opening && opening.size() <= kMaxMarker) {
      markers_.answer_opening = opening;
    }
  }

  void FindCalls(const std::vector<ProbeSetup>& setups) {
    for (const ProbeSetup& setup : setups) {
      for (const CallArguments arguments :
           {CallArguments::kObject, CallArguments::kText}) {
        for (const CallContent content :
             {CallContent::kNull, CallContent::kEmpty, CallContent::kAbsent}) {
          const std::optional<Probe> probe = prober_.Try(
              Conversation(
                  {ProbeCalls(1, {arguments, content}, false, as_parts_),
                   ProbeResult(0, as_parts_)}),
              setup);
          if (probe && ReadCall(*probe)) return;
        }
      }
    }
  }

  bool ReadCall(const Probe& probe) {
    const auto first = probe.Find(Reply(), "tool_calls");
    const auto last = probe.FindCall(Reply(), 0);
    if (!first || !last) return false;
    const std::vector<std::string> skip = {markers_.thought_opening,
                                           markers_.thought_closing};
    const size_t header = std::min(HeaderEnd(probe), probe.parts[*first].begin);
    markers_.call_opening =
        FirstMarker(probe, header, probe.parts[*first].begin, skip);
    if (!markers_.call_opening.empty()) {
      markers_.call_closing = CallClosing(probe, *last);
    }
    return true;
  }

  // Of what stands between the call AT and the end of its turn: the opening's
  // counterpart, else the last control token, else the first bracketed word.
  std::string CallClosing(const Probe& probe, size_t at) const {
    const size_t next = probe.ContentBehind(at);
    const size_t begin = probe.parts[at].end;
    size_t end =
        next < probe.parts.size() ? probe.parts[next].begin : probe.text.size();
    std::string last;
    for (size_t i = at + 1; i < next; ++i) {
      const ProbePart& part = probe.parts[i];
      if (part.id && ends_.contains(*part.id)) {
        end = part.begin;
        break;
      }
      if (part.id) last = probe.text.substr(part.begin, part.end - part.begin);
    }
    const std::string_view tail =
        std::string_view(probe.text).substr(begin, end - begin);
    std::string counterpart = markers_.call_opening;
    counterpart.insert(1, "/");
    if (tail.find(counterpart) != std::string_view::npos) return counterpart;
    return last.empty() ? std::string(FirstTag(tail)) : last;
  }

  Prober& prober_;
  const std::set<TokenId>& ends_;
  ProbeSetup base_;
  bool system_first_ = false;
  bool as_parts_ = false;
  std::optional<Probe> answer_;
  std::optional<Probe> prompt_;
  DerivedMarkers markers_;
};

}  // namespace

DerivedMarkers DeriveMarkers(Prober* prober, const std::set<TokenId>& ends) {
  return MarkerDeriver(prober, ends).Derive();
}

}  // namespace fullstop
