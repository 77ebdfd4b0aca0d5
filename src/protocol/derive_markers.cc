#include "protocol/derive_markers.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/derive_call_markers.h"
#include "protocol/reply_probes.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

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

class ThoughtDeriver {
 public:
  ThoughtDeriver(const ReplyProbes& probes, const std::set<TokenId>& ends)
      : probes_(probes), ends_(ends) {}

  DerivedMarkers Derive() {
    for (const ProbeSetup& setup : probes_.setups()) {
      if (FromField(setup)) break;
    }
    if (markers_.thought_closing.empty()) FromCut();
    if (markers_.thought_closing.empty()) FromEmptyThought();
    if (!markers_.thought_closing.empty()) {
      OpeningFromPrompts();
      FindAnswerOpening();
      FindAnswerClosing();
      FindSwitch();
    }
    return markers_;
  }

 private:
  bool FromField(const ProbeSetup& setup) {
    std::vector<ordered_json> turns = {
        ProbeThoughtfulAnswer(probes_.as_parts())};
    for (const CallContent content :
         {CallContent::kNull, CallContent::kEmpty, CallContent::kAbsent}) {
      turns.push_back(ProbeCalls(1, {CallArguments::kObject, content}, true,
                                 probes_.as_parts()));
    }
    turns.push_back(ProbeThoughtPart());
    for (const ordered_json& turn : turns) {
      const std::optional<Probe> probe =
          probes_.prober().Try(probes_.Conversation({turn}), setup);
      if (!probe) continue;
      const auto at = probe->FindThought(probes_.Reply());
      if (at && ReadThought(*probe, probe->parts[*at], setup)) {
        return true;
      }
    }
    return false;
  }

  // The end of what stands behind THOUGHT: the next content of another field;
  // where its turn has none, the end of the turn.
  size_t EndBehind(const Probe& probe, const ProbePart& thought) const {
    size_t turn_end = probe.text.size();
    for (const ProbePart& part : probe.parts) {
      if (part.begin < thought.end) continue;
      if (part.id) {
        const bool closes =
            ends_.contains(*part.id) &&
            !IsWhiteSpace(std::string_view(probe.text)
                              .substr(thought.end, part.begin - thought.end));
        if (closes) turn_end = std::min(turn_end, part.begin);
      } else if (part.message == thought.message) {
        if (part.field != thought.field) return part.begin;
      } else {
        return std::min(turn_end, part.begin);
      }
    }
    return turn_end;
  }

  bool ReadThought(const Probe& probe, const ProbePart& thought,
                   const ProbeSetup& setup) {
    const std::string_view text = probe.text;
    const size_t end = EndBehind(probe, thought);
    const std::string_view between =
        Strip(text.substr(thought.end, end - thought.end));
    if (between.empty()) return false;
    std::string closing = FirstMarker(probe, thought.end, end, {});
    const std::string_view line = between.substr(0, between.find('\n'));
    if (closing.empty() || !between.starts_with(closing)) {
      closing = Strip(line);
    }
    markers_.thought_closing = closing;
    behind_thought_ = between;
    // A part of the content is no field of its own.
    if (!thought.field.starts_with("content")) {
      markers_.thought_field = thought.field;
    }
    markers_.header_opening = HeaderBehind(between, closing);
    markers_.thought_opening =
        OpeningBefore(probe, thought, probes_.PlainIn(setup));
    // Where prompts open thoughts, one that does not shows where replies begin.
    for (const ProbeSetup& other : probes_.setups()) {
      if (!markers_.thought_opening.empty()) break;
      markers_.thought_opening =
          OpeningBefore(probe, thought, probes_.PlainIn(other));
    }
    JoinTokenTags(probe, thought);
    return true;
  }

  // A tag may be a word between two tokens: where one stands before the
  // thought, and the closing is the first token of one with the same end.
  void JoinTokenTags(const Probe& probe, const ProbePart& thought) {
    const std::string_view text = probe.text;
    const ProbePart* first = nullptr;
    const ProbePart* second = nullptr;
    for (const ProbePart& part : probe.parts) {
      if (!part.id || part.end > thought.begin) continue;
      first = std::exchange(second, &part);
    }
    if (first == nullptr || second->end != thought.begin) return;
    const std::string_view tail =
        text.substr(first->end, thought.begin - first->end);
    const bool is_word = std::isalpha(static_cast<unsigned char>(tail[0])) != 0;
    std::string& closing = markers_.thought_closing;
    const std::string whole = closing + std::string(tail);
    if (!is_word || !behind_thought_.starts_with(whole)) return;
    closing = whole;
    markers_.thought_opening =
        text.substr(first->begin, thought.begin - first->begin);
  }

  // What opens a header of the reply behind its thought: a tag that prompts
  // have too, with a word behind it.
  std::string HeaderBehind(std::string_view between,
                           std::string_view closing) const {
    if (!probes_.base().prompt || !between.starts_with(closing)) return "";
    const std::string_view rest = Strip(between.substr(closing.size()));
    const size_t end = rest.find('>');
    const bool is_tag = rest.starts_with('<') && end + 1 < rest.size() &&
                        std::isalpha(static_cast<unsigned char>(
                            rest[std::min(end, rest.size() - 2) + 1])) != 0;
    if (!is_tag) return "";
    const std::string_view tag = rest.substr(0, end + 1);
    const bool in_prompt = probes_.Tail(*probes_.base().prompt).find(tag) !=
                           std::string_view::npos;
    return in_prompt ? std::string(tag) : "";
  }

  // What stands before THOUGHT in its reply and behind other content; of a
  // longer text the token that touches it.
  std::string OpeningBefore(const Probe& probe, const ProbePart& thought,
                            const ReplyProbes::Plain& plain) const {
    size_t begin = std::min(probes_.HeaderEnd(probe, plain), thought.begin);
    std::string_view token;
    for (const ProbePart& part : probe.parts) {
      if (part.begin >= thought.begin) break;
      if (!part.id) begin = std::max(begin, part.end);
      token = std::string_view(probe.text)
                  .substr(part.begin, part.id ? part.end - part.begin : 0);
    }
    const std::string_view opening = Strip(
        std::string_view(probe.text).substr(begin, thought.begin - begin));
    if (opening.size() <= kMaxMarker) return std::string(opening);
    return std::string(opening.ends_with(token) ? token : "");
  }

  // A constant of the template at which it cuts past answers in two; the
  // shortest, since a longer one may hold it.
  void FromCut() {
    std::set<std::string> tried;
    for (const std::string& literal : probes_.prober().compiled().Literals()) {
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
    const std::optional<Probe> probe = probes_.prober().Try(
        probes_.Conversation({turn, ProbeUser(probes_.as_parts())}),
        probes_.base().setup);
    if (!probe) return false;
    const auto at = probe->Find(probes_.Reply(), "content");
    if (!at) return false;
    const ProbePart& part = probe->parts[*at];
    return probe->text.substr(part.begin, part.end - part.begin) == answer;
  }

  // <x> and </x> with nothing between, before an answer or in a prompt.
  void FromEmptyThought() {
    if (ReadEmptyThought(probes_.BeforeAnswer(probes_.base()))) return;
    for (const ProbeSetup& setup : probes_.setups()) {
      if (ReadEmptyThought(probes_.Prefilled(setup)) ||
          ReadEmptyThought(probes_.BeforeAnswer(probes_.PlainIn(setup)))) {
        return;
      }
    }
  }

  bool ReadEmptyThought(const std::string& text) {
    const std::string_view opening = FirstTag(text);
    if (opening.empty() || !text.starts_with(opening)) return false;
    const std::string_view rest =
        Strip(std::string_view(text).substr(opening.size()));
    if (FirstTag(rest) != rest || OpeningOf(rest) != opening) return false;
    markers_.thought_opening = opening;
    markers_.thought_closing = rest;
    return true;
  }

  void OpeningFromPrompts() {
    const std::vector<ProbeSetup>& setups = probes_.setups();
    const std::string& closing = markers_.thought_closing;
    const std::string usual = probes_.Prefilled(probes_.base().setup);
    if (markers_.thought_opening.empty()) {
      for (size_t i = 0; i <= setups.size(); ++i) {
        const std::string prefilled =
            i == 0 ? usual : probes_.Prefilled(setups[i - 1]);
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
                                 probes_.base().prompt &&
                                 StripRight(probes_.base().prompt->text)
                                     .ends_with(markers_.thought_opening);
  }

  // What an answer without a thought opens with, if that is no empty thought.
  void FindAnswerOpening() {
    std::string opening = probes_.BeforeAnswer(probes_.base());
    // An empty thought that the prompt opened stands before it.
    if (opening.starts_with(markers_.thought_closing)) {
      opening = Strip(
          std::string_view(opening).substr(markers_.thought_closing.size()));
    }
    if (opening.find(markers_.thought_closing) == std::string_view::npos &&
        opening != markers_.thought_opening && opening.size() <= kMaxMarker) {
      markers_.answer_opening = opening;
    }
  }

  // What is shown of a turn's end if it is no marker: words between tokens.
  void FindAnswerClosing() {
    const Probe& answer = *probes_.base().answer;
    const size_t begin = answer.text.size() - probes_.BehindAnswer().size();
    size_t end = begin;
    size_t covered = begin;
    bool has_words = false;
    for (const ProbePart& part : answer.parts) {
      if (part.begin < begin) continue;
      if (!part.id || ends_.contains(*part.id)) break;
      if (end == begin && part.begin != begin) return;
      has_words = has_words ||
                  !IsWhiteSpace(std::string_view(answer.text)
                                    .substr(covered, part.begin - covered));
      covered = end = part.end;
    }
    if (!has_words || end - begin > kMaxMarker) return;
    markers_.answer_closing = answer.text.substr(begin, end - begin);
  }

  // A variable whose two values make prompts that differ in their thought: one
  // opens it, or leaves it to the model, the other closes it.
  void FindSwitch() {
    enum State { kClosed, kLeft, kOpen };
    std::map<std::string, std::map<bool, State>> shown;
    for (const ProbeSetup& setup : probes_.setups()) {
      if (!setup.tools.is_null() || setup.variables.size() != 1 ||
          !setup.variables.front().is_boolean()) {
        continue;
      }
      const std::string prefilled = probes_.Prefilled(setup);
      State state = kLeft;
      if (prefilled.find(markers_.thought_closing) != std::string::npos) {
        state = kClosed;
      } else if (!markers_.thought_opening.empty() &&
                 prefilled.ends_with(markers_.thought_opening)) {
        state = kOpen;
      }
      shown[setup.variables.begin().key()][setup.variables.front()] = state;
    }
    for (const auto& [name, states] : shown) {
      if (states.size() < 2 || states.at(true) == states.at(false)) continue;
      markers_.switch_name = name;
      markers_.switch_on = states.at(true) > states.at(false);
      return;
    }
  }

  const ReplyProbes& probes_;
  const std::set<TokenId>& ends_;
  std::string behind_thought_;  // up to the next content
  DerivedMarkers markers_;
};

}  // namespace

DerivedMarkers DeriveMarkers(Prober* prober, const std::set<TokenId>& ends) {
  const ReplyProbes probes(prober);
  if (!probes.found()) return {};
  DerivedMarkers markers = ThoughtDeriver(probes, ends).Derive();
  DeriveCallMarkers(probes, ends, &markers);
  return markers;
}

}  // namespace fullstop
